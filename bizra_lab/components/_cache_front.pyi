from collections.abc import Callable, Iterator
from typing import Any

class Front:
    def __init__(
        self,
        memory: object,
        clock: Callable[[], int],
        hits: Iterator[None],
        absent: object,
        below: Callable[..., Any],
        arguments_max: int,
        /,
    ) -> None: ...
    def __call__(self, key: object, /, *arguments: Any) -> Any: ...
