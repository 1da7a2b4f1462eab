"""
What the apparatus is like, found out in the same process and by the same recorder that measures.

Nothing found here is subtracted from a measurement: it is published beside it.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from bizra_lab.harness.recorder import FOREVER, Recorder, Room
from bizra_lab.model import Collection, Floats, Ints

READINGS = 20_001  # of the clock: a millisecond of them
FLOOR_OPERATIONS = 20_000
CANARY_RUNS = 15
CANARY_BYTES = 1 << 16

# Of the differences with a step: the mean cosine of their phase, 1 when each is a multiple of it. Readings are cut to
# whole ns, which costs a step of q ns a factor of sinc²(1/q); a tenth of what is left is allowed for noise. Below 4 ns
# the cut leaves too little to tell a fractional step by, and a whole one is exact.
COHERENCE_MIN = 0.9
COHERENCE_LEAST = 0.8
MULTIPLES_MIN = 2  # of the step that must be seen: a single cluster of differences has no period
SHARE_MIN = 0.01  # of the differences, for a multiple to count as seen
PHASE_ERROR_MAX = 0.1  # radians, at the largest difference: how finely frequencies are tried
FREQUENCIES = 4096  # tried together
NEAR = 3.0  # times the median: differences beyond were interrupted, and tell nothing that the near ones do not


@dataclass(frozen=True, slots=True)
class Calibration:
    """The recorder's name, its clock's cost and step, the floor of an empty operation, and the canary; all in ns."""

    recorder: str
    clock_cost_ns: float
    clock_step_ns: float
    floor_ns: float
    canary_ns: float


def calibrate(recorder: Recorder) -> Calibration:
    """A calibration of `recorder`, in some tens of milliseconds."""
    deltas_ns = np.diff(recorder.readings(READINGS))
    return Calibration(
        recorder=recorder.name,
        clock_cost_ns=float(np.median(deltas_ns)),
        clock_step_ns=clock_step_ns(deltas_ns),
        floor_ns=float(np.median(_record(recorder, _nothing, FLOOR_OPERATIONS))),
        canary_ns=canary_ns(recorder),
    )


def canary_ns(recorder: Recorder) -> float:
    """How long the canary takes now, in ns: the fastest of `CANARY_RUNS`, since an interruption only adds."""
    return float(_record(recorder, _canary, CANARY_RUNS).min())


def _nothing() -> None:
    """An operation that does nothing: what is recorded of it is the recorder."""


def _canary(data: bytes = bytes(CANARY_BYTES)) -> bytes:
    """A fixed piece of work that allocates next to nothing: only the host's speed changes how long it takes."""
    return hashlib.sha256(data).digest()


def _record(recorder: Recorder, operate: Callable[[], object], operations: int) -> Ints:
    recording = recorder.chained(operate, Room.chained(operations, 1), FOREVER)
    return recording.finished_ns - recording.started_ns


def clock_step_ns(deltas_ns: Ints) -> float:
    """
    The step in which a clock's readings really come, in ns, from differences between successive readings.

    It is the largest q of which all differences are multiples, found as the first peak of their mean cosine from the
    smallest difference down to 1 ns. The declared resolution is not asked, and the smallest difference is not taken
    for the step: it holds the cost of reading. Returns 1.0 where no larger step can be told.

    Raises ValueError when the clock did not advance.
    """
    positive = deltas_ns[deltas_ns > 0]
    if not len(positive):
        raise ValueError(f"the clock did not advance in {len(deltas_ns)} readings")
    smallest = int(positive.min())
    if len(positive) < SHARE_MIN * len(deltas_ns):
        return float(smallest)  # it hardly ever advances between two readings, so each advance is one step
    near = deltas_ns[(deltas_ns >= 0) & (deltas_ns <= NEAR * max(float(np.median(deltas_ns)), smallest))]
    values, counts = np.unique(near, return_counts=True)
    shares = counts / counts.sum()
    resolution = PHASE_ERROR_MAX / (2 * np.pi * float(values[-1]))
    # One ns more than the smallest difference, which may have been cut by as much.
    for low in np.arange(1 / (smallest + 1), 1.0, resolution * FREQUENCIES):
        tried = low + resolution * np.arange(FREQUENCIES)
        coherence = _coherence(tried, values, shares)
        enough = np.maximum(COHERENCE_MIN * np.sinc(tried) ** 2, COHERENCE_LEAST)
        for frequency in tried[coherence >= enough]:
            if _multiples(1 / frequency, values, shares) >= MULTIPLES_MIN:
                return max(1.0, 1 / _peak_above(float(frequency), resolution, values, shares))
    return 1.0


def _coherence(frequencies: Floats, values: Ints, shares: Floats) -> Floats:
    result: Floats = np.cos(2 * np.pi * np.outer(frequencies, values)) @ shares
    return result


def _multiples(step_ns: float, values: Ints, shares: Floats) -> int:
    """How many different multiples of the step are seen often enough to count."""
    places = np.round(values / step_ns).astype(np.int64)
    return int((np.bincount(places, weights=shares) >= SHARE_MIN).sum())


def _peak_above(frequency: float, resolution: float, values: Ints, shares: Floats) -> float:
    """
    The frequency of the highest peak from `frequency` up to a quarter more, on a grid ten times finer.

    Where the differences are few and near each other a step has lesser peaks beside it; twice its frequency, at which
    they are multiples again, lies far above.
    """
    above = np.arange(frequency, min(1.25 * frequency, 1.0) + resolution, resolution / 10)
    return float(above[int(np.argmax(_coherence(above, values, shares)))])


class CollectionLog:
    """
    While it is entered, every garbage collection is noted in `seen`, with when it started and how long it took.

    Collection itself is left on: an operation that makes garbage is not measured without its cleaning up.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.seen: list[Collection] = []
        self._now_ns = now_ns
        self._started_ns = 0

    def __enter__(self) -> Self:
        gc.callbacks.append(self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gc.callbacks.remove(self._note)

    def _note(self, phase: str, info: dict[str, Any]) -> None:
        now_ns = self._now_ns()
        if phase == "start":
            self._started_ns = now_ns
        else:
            self.seen.append(Collection(self._started_ns, now_ns - self._started_ns, info["generation"]))
