"""What watches a window beside the records: the gate, a sampler, and the system's own gate where it has one."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from bizra_lab.errors import LabError
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.inflight import between
from bizra_lab.harness.load import RAMP_S, Job, Run
from bizra_lab.model import GateReading, SampledInFlight
from bizra_lab.units import SECOND_NS


class Watch:
    """The instruments beside the records, between the two edges of a window: gate, sampler, the system's own gate."""

    def __init__(self, job: Job, gate: Any) -> None:
        self._job = job
        self._gate = gate
        self._sampler = job.recorder.sampler(gate, job.duration_s, job.seed)
        self._marks: list[tuple[int, ...]] = []
        self._inside: list[GateReading] = []
        self._sampled: SampledInFlight | None = None

    def during(self, begin_ns: int) -> None:
        """Stand by from `begin_ns` on, through the ramp and a window of the job's duration."""
        now_ns = self._job.recorder.now_ns
        opens_ns = begin_ns + round(RAMP_S * SECOND_NS)
        MonotonicClock.sleep(max(opens_ns - now_ns(), 0) / SECOND_NS)
        self.open()
        closes_ns = self.begin_ns + round(self._job.duration_s * SECOND_NS)
        try:
            MonotonicClock.sleep(max(closes_ns - now_ns(), 0) / SECOND_NS)
        finally:
            self.close()

    def open(self) -> None:
        self._look_inside()
        self._marks.append(self._gate.mark())
        self._sampler.start()

    def close(self) -> None:
        self._marks.append(self._gate.mark())
        self._sampled = self._sampler.stop()
        self._look_inside()

    def _look_inside(self) -> None:
        if self._job.workload.inside:
            with contextlib.suppress(LabError):  # it has died, which the outcomes of the operations tell
                self._inside.append(self._job.workload.inside())

    @property
    def begin_ns(self) -> int:
        """By the clock that operations are stamped with."""
        return self._marks[0][-1]

    @property
    def end_ns(self) -> int:
        """By the same clock."""
        return self._marks[1][-1]

    def credited(self, run: Run) -> Run:
        """The run with what the instruments saw."""
        first, last = (GateReading(*mark[:4]) for mark in self._marks)
        inside = between(*self._inside) if len(self._inside) == 2 else None
        return replace(run, in_flight=between(first, last), sampled=self._sampled, inside=inside)
