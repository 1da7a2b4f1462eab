"""
Load: who starts which operation when.

Closed: so many workers, each starting its next operation when its last has ended. One worker's operations are chained,
the end of one being the start of the next. Several are threads that begin together at a moment set beforehand and stop
by a deadline, each with a start and an end stamp per operation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from bizra_lab.harness.recorder import CHAINED_BYTES, PAIRED_BYTES, Operation, Recorder, Recording, Room
from bizra_lab.model import Load
from bizra_lab.units import SECOND_NS

# Enough for every thread to reach its first line; until then it sleeps without the GIL.
START_S = 0.02


@dataclass(frozen=True, slots=True)
class ClosedRun:
    """
    What the workers of a closed load did: (worker, recording) pairs, and the wall time they had, in ns.

    That time runs from before the first could start to the deadline, or the end of an operation that outlasted it.
    A worker has more than one recording when the room it was given did not last until the deadline.
    """

    recordings: tuple[tuple[int, Recording], ...]
    window_ns: int


def bytes_per_operation(load: Load) -> int:
    """What the stamps of one operation take in memory."""
    return CHAINED_BYTES if load.workers == 1 else PAIRED_BYTES


def run_closed(
    operate: Operation, load: Load, recorder: Recorder, duration_s: float, capacity: int, results: int
) -> ClosedRun:
    """
    Every worker's operations over `duration_s` seconds, in rooms for `capacity` operations each.

    A room that fills up before the deadline is followed by another; making it takes time that no record covers, which
    `recorder.coverage` shows. The last `results` results of each room are kept.
    """
    if load.workers == 1:
        return _chained(operate, recorder, duration_s, capacity, results)
    return _threads(operate, load.workers, recorder, duration_s, capacity, results)


def _chained(operate: Operation, recorder: Recorder, duration_s: float, capacity: int, results: int) -> ClosedRun:
    room = Room.chained(capacity, results)
    begin_ns = recorder.now_ns()
    deadline_ns = begin_ns + round(duration_s * SECOND_NS)
    recordings = _until(
        deadline_ns,
        recorder,
        room,
        lambda room: recorder.chained(operate, room, deadline_ns),
        lambda: Room.chained(capacity, results),
    )
    return _closed_run([recordings], begin_ns, deadline_ns)


def _threads(
    operate: Operation, workers: int, recorder: Recorder, duration_s: float, capacity: int, results: int
) -> ClosedRun:
    rooms = [Room.paired(capacity, results) for _ in range(workers)]
    begin_ns = recorder.now_ns() + round(START_S * SECOND_NS)
    deadline_ns = begin_ns + round(duration_s * SECOND_NS)
    done: list[list[Recording]] = [[] for _ in rooms]
    stopped: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            done[worker] = _until(
                deadline_ns,
                recorder,
                rooms[worker],
                lambda room: recorder.worker(operate, room, begin_ns, deadline_ns),
                lambda: Room.paired(capacity, results),
            )
        except BaseException as error:  # handed to the thread that waits, which raises it
            stopped.append(error)

    threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if stopped:
        raise stopped[0]
    return _closed_run(done, begin_ns, deadline_ns)


def _until(
    deadline_ns: int,
    recorder: Recorder,
    room: Room,
    record: Callable[[Room], Recording],
    another: Callable[[], Room],
) -> list[Recording]:
    recordings = [record(room)]
    while len(recordings[-1].outcome) == len(room.outcome) and recorder.now_ns() < deadline_ns:
        room = another()
        recordings.append(record(room))
    return recordings


def _closed_run(by_worker: list[list[Recording]], begin_ns: int, deadline_ns: int) -> ClosedRun:
    pairs = tuple((worker, each) for worker, recordings in enumerate(by_worker) for each in recordings)
    ends_ns = [int(each.finished_ns[-1]) for _, each in pairs if len(each.finished_ns)]
    return ClosedRun(pairs, max([deadline_ns, *ends_ns]) - begin_ns)
