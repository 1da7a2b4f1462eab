from collections.abc import Callable, Iterator
from typing import Any

class Until:
    ns: int
    def __init__(self, ns: int, /) -> None: ...

class Front:
    def __init__(
        self,
        until: Until,
        held: object,
        clock: Callable[[], int],
        hits: Iterator[None],
        absent: object,
        below: Callable[..., Any],
        arguments_max: int,
        /,
    ) -> None: ...
    def __call__(self, key: object, /, *arguments: Any) -> Any: ...
