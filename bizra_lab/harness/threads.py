"""
Load by threads: one that is chained, several that share a window, or so many that take operations from a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from bizra_lab.harness.crew import Crew
from bizra_lab.harness.load import START_S, Job, Run, is_chained, merged, planned_run
from bizra_lab.harness.recorder import FOREVER, Board, Operation, Recording, Room, Share
from bizra_lab.harness.span import PATIENCE_S
from bizra_lab.harness.watch import Watch
from bizra_lab.model import Ints, Load, Workload
from bizra_lab.units import SECOND_NS


class Threads:
    """Workers that are threads: each makes its operation once, and does every job until the block is left."""

    def __init__(self, workload: Workload, load: Load, patience_s: float = PATIENCE_S) -> None:
        self._crew = Crew(
            workload.name, load.workers, patience_s, workload.of_worker or _shared(workload), workload.leave
        )

    def __enter__(self) -> Self:
        self._crew.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.__exit__(kind, error, trace)

    def run(self, job: Job, plan_ns: Ints | None = None) -> Run:
        """What they did of the job, or of its plan in ns from the beginning."""
        if plan_ns is not None:
            return run_planned(self._crew, job, plan_ns)
        return run_chained(self._crew, job) if is_chained(job.load) else run_window(self._crew, job)

    def run_together(self, job: Job, moment_ns: Callable[[], int]) -> Run:
        """What they did within a window that others share, from a moment on that `moment_ns` waits for."""
        return run_window(self._crew, job, moment_ns)


def _shared(workload: Workload) -> Callable[[int], Operation]:
    return lambda _: workload.operate


def run_chained(crew: Crew[Operation], job: Job) -> Run:
    """
    One worker's operations over `job.duration_s` seconds; the window ends with the last of them.

    A room that fills up before the deadline is followed by another; making it takes time that no record covers, which
    `recorder.coverage` shows.
    """
    recorder = job.recorder
    gate = recorder.gate()
    room = Room.chained(job.capacity, job.results, job.slow_ns)
    began_ns: list[int] = []
    done: list[Recording] = []

    def work(_: int, operate: Operation) -> None:
        began_ns.append(recorder.now_ns())
        deadline_ns = began_ns[0] + round(job.duration_s * SECOND_NS)
        done.append(recorder.chained(operate, room, deadline_ns, gate))
        while not gate.closed and len(done[-1].outcome) == job.capacity and recorder.now_ns() < deadline_ns:
            another = Room.chained(job.capacity, job.results, job.slow_ns)
            done.append(recorder.chained(operate, another, deadline_ns, gate))

    window = Watch(job, gate)
    window.open()
    with crew.at_work(gate, work):
        crew.wait(job.duration_s)
        window.close()
    end_ns = int(done[-1].finished_ns[-1]) if len(done[-1].outcome) else recorder.now_ns()
    return crew.credited(window.credited(merged([(0, each) for each in done], began_ns[0], end_ns)))


def run_window(crew: Crew[Operation], job: Job, moment_ns: Callable[[], int] | None = None) -> Run:
    """
    What the workers did within a window of `job.duration_s` seconds that they share.

    `moment_ns` says when they begin, if not at once; it may wait for others to be ready too.
    """
    recorder = job.recorder
    gate = recorder.gate()
    rooms = [Room.paired(job.capacity, job.results, job.slow_ns) for _ in range(crew.workers)]
    done: list[list[Recording]] = [[] for _ in rooms]
    begin_ns = moment_ns() if moment_ns else recorder.now_ns() + round(START_S * SECOND_NS)

    def work(worker: int, operate: Operation) -> None:
        done[worker].append(recorder.worker(operate, rooms[worker], begin_ns, FOREVER, gate))
        while not gate.closed and len(done[worker][-1].outcome) == job.capacity:
            another = Room.paired(job.capacity, job.results, job.slow_ns)
            done[worker].append(recorder.worker(operate, another, begin_ns, FOREVER, gate))

    window = Watch(job, gate)
    with crew.at_work(gate, work):
        window.during(begin_ns)
        gate.close()
        crew.wait(0)
    recordings = [(worker, each) for worker, own in enumerate(done) for each in own]
    return crew.credited(window.credited(merged(recordings, window.begin_ns, window.end_ns)))


def run_planned(crew: Crew[Operation], job: Job, plan_ns: Ints) -> Run:
    """
    What the workers did of a plan, `plan_ns` being ns from the beginning.

    The window lasts from the beginning of the plan until its last operation ended. Operations that had not been started
    `job.patience_s` after the plan's end are given up: they were attempted, and have no record.
    """
    recorder = job.recorder
    begin_ns = recorder.now_ns() + round(START_S * SECOND_NS)
    board = Board.of(plan_ns + begin_ns)
    gate = recorder.gate(board.due_ns)
    shares: list[Share] = []

    def work(worker: int, operate: Operation) -> None:
        shares.append(recorder.planned(operate, board, worker, job.results, gate, job.slow_ns))

    window = Watch(job, gate)
    window.open()
    with crew.at_work(gate, work):
        crew.wait(job.duration_s)
        window.close()
    return crew.credited(window.credited(planned_run(board, begin_ns, job.duration_s, shares)))
