from collections.abc import Callable
from typing import Any

from bizra_lab.model import Codes, Ints, Workers

class Gate:
    in_flight: int
    peak: int
    entered: int
    left: int
    closed: int
    def __init__(self, plan: Ints | None = None) -> None: ...
    def __call__(self, change: int) -> None: ...
    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def take(self) -> int: ...
    def close(self) -> None: ...
    def read(self) -> tuple[int, int, int, int]: ...
    def mark(self) -> tuple[int, int, int, int, int]: ...

class Sampler:
    def __init__(self, gate: Gate, mean_gap_ns: int, seed: int) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> tuple[int, float, float, float]: ...

def now() -> int: ...
def read_clock(stamps: Ints) -> None: ...
def run_chained(
    operate: Callable[[], object],
    stamps: Ints,
    outcomes: Codes,
    kept: list[object],
    errors: list[Any],
    deadline_ns: int,
    gate: Gate,
    sightings: Ints | None,
    slow_ns: int,
) -> tuple[int, int, int, int]: ...
def run_worker(
    operate: Callable[[], object],
    starts: Ints,
    ends: Ints,
    outcomes: Codes,
    kept: list[object],
    errors: list[Any],
    begin_ns: int,
    deadline_ns: int,
    gate: Gate,
    sightings: Ints | None,
    slow_ns: int,
) -> tuple[int, int, int, int]: ...
def run_planned(
    operate: Callable[[], object],
    starts: Ints,
    ends: Ints,
    outcomes: Codes,
    workers: Workers,
    worker: int,
    kept: list[object],
    errors: list[Any],
    spin_ns: int,
    gate: Gate,
    sightings: Ints | None,
    slow_ns: int,
) -> tuple[int, int, int]: ...
