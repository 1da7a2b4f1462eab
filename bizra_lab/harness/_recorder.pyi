from collections.abc import Callable

from bizra_lab.model import Codes, Ints

class Gate:
    in_flight: int
    peak: int
    entered: int
    left: int
    def __call__(self, change: int) -> None: ...
    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def read(self) -> tuple[int, int, int, int]: ...

def now() -> int: ...
def read_clock(stamps: Ints) -> None: ...
def run_chained(
    operate: Callable[[], object],
    stamps: Ints,
    outcomes: Codes,
    kept: list[object],
    errors: list[type[Exception]],
    deadline_ns: int,
) -> tuple[int, int]: ...
def run_worker(
    operate: Callable[[], object],
    starts: Ints,
    ends: Ints,
    outcomes: Codes,
    kept: list[object],
    errors: list[type[Exception]],
    begin_ns: int,
    deadline_ns: int,
    gate: object,
) -> tuple[int, int]: ...
