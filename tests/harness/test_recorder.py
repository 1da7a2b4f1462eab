"""Both recorders give the same record of the same operations; and the C one is there wherever it could be built."""

from __future__ import annotations

import ctypes
import errno
import importlib.util
import itertools
import os
import shlex
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Protocol

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.inflight import PythonGate
from bizra_lab.harness.recorder import (
    FOREVER,
    Operation,
    PythonRecorder,
    Recorder,
    Recording,
    Room,
    choose,
    digest_results,
    outcome_names,
)

BUILT = importlib.util.find_spec("bizra_lab.harness._recorder") is not None

PATIENCE = 5_000  # milliseconds in C, after which a loop that was not stopped ends by itself, and the test fails


class Run(Protocol):
    """A loop of a recorder, in a room made for it and until `span_ns` from then on."""

    def __call__(self, operate: Operation, capacity: int, results: int, span_ns: int | None = None) -> Recording: ...


@pytest.fixture(params=["chained", "worker"])
def run(request: pytest.FixtureRequest, recorder: Recorder) -> Run:
    """Either loop of either recorder."""

    def chained(operate: Operation, capacity: int, results: int, span_ns: int | None = None) -> Recording:
        room = Room.chained(capacity, results)
        return recorder.chained(operate, room, FOREVER if span_ns is None else recorder.now_ns() + span_ns)

    def worker(operate: Operation, capacity: int, results: int, span_ns: int | None = None) -> Recording:
        room = Room.paired(capacity, results)
        return recorder.worker(operate, room, 0, FOREVER if span_ns is None else recorder.now_ns() + span_ns)

    return chained if request.param == "chained" else worker


class Raises:
    """An operation that goes through a script: an exception type is raised, everything else is returned."""

    def __init__(self, *script: object) -> None:
        self._script = itertools.cycle(script)
        self.calls = 0

    def __call__(self) -> object:
        self.calls += 1
        step = next(self._script)
        if isinstance(step, type) and issubclass(step, BaseException):
            raise step
        return step


class Alarm(BaseException):
    """What stops a run from outside: not an Exception, so it is nobody's outcome."""


@pytest.fixture
def alarm() -> Iterator[None]:
    """SIGALRM raises Alarm in the main thread."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- where it is built


def compiles_extensions(folder: Path) -> bool:
    """Whether this machine has a C compiler that finds Python's headers."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    source = folder / "program.c"
    source.write_text("#include <Python.h>\n")
    command = [*compiler, f"-I{sysconfig.get_path('include')}", "-c", str(source), "-o", str(folder / "program.o")]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_the_extension_is_built_wherever_a_c_compiler_works(tmp_path: Path) -> None:
    assert BUILT or not compiles_extensions(tmp_path)


def test_the_recorder_is_c_where_it_was_built_and_python_when_asked_for() -> None:
    assert ("c" if BUILT else "python") == choose().name
    assert "python" == choose("python").name


def test_without_the_extension_auto_is_python_and_c_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.harness.recorder._recorder", None)
    assert "python" == choose("auto").name
    with pytest.raises(CannotMeasure, match="recorder c was not built here; expected a C compiler"):
        choose("c")


# --- the same table of cases for both


@pytest.mark.parametrize(
    ("script", "codes", "outcomes"),
    [
        (["done"], [0, 0, 0, 0, 0, 0], ("ok",)),
        ([ValueError], [1, 1, 1, 1, 1, 1], ("ok", "ValueError")),
        ([1, ValueError, 2], [0, 1, 0, 0, 1, 0], ("ok", "ValueError")),
        ([KeyError, ValueError, 3], [1, 2, 0, 1, 2, 0], ("ok", "KeyError", "ValueError")),
        ([StopIteration, 4], [1, 0, 1, 0, 1, 0], ("ok", "StopIteration")),
        ([StopIteration], [1, 1, 1, 1, 1, 1], ("ok", "StopIteration")),
        ([None, TypeError, MemoryError], [0, 1, 2, 0, 1, 2], ("ok", "TypeError", "MemoryError")),
    ],
)
def test_what_an_operation_raises_is_its_outcome(
    run: Run, script: list[object], codes: list[int], outcomes: tuple[str, ...]
) -> None:
    operate = Raises(*script)
    recording = run(operate, 6, 2)
    assert codes == recording.outcome.tolist()
    assert outcomes == recording.outcomes
    assert 6 == recording.attempted == operate.calls == len(recording.started_ns) == len(recording.finished_ns)


def test_an_exception_that_c_code_left_half_made_is_named_as_an_except_would_see_it(run: Run) -> None:
    # What `PyErr_SetObject(PyExc_OSError, (errno, text))` becomes is only decided when somebody catches it.
    set_error = ctypes.pythonapi.PyErr_SetObject
    set_error.argtypes = [ctypes.py_object, ctypes.py_object]
    recording = run(partial(set_error, OSError, (errno.ENOENT, "gone")), 2, 1)
    assert ("ok", "FileNotFoundError") == recording.outcomes


def test_a_subclass_of_an_exception_is_an_outcome_of_its_own(run: Run) -> None:
    recording = run(Raises(LookupError, KeyError), 2, 1)
    assert ("ok", "LookupError", "KeyError") == recording.outcomes


def test_the_255th_type_of_exception_and_all_after_it_are_other(run: Run) -> None:
    types = [type(f"Failure{number}", (Exception,), {}) for number in range(300)]
    recording = run(Raises(*types), 600, 1)
    expected = [*range(1, 255), *[255] * 46]
    assert expected + expected == recording.outcome.tolist()
    assert 256 == len(recording.outcomes)
    assert ("Failure253", "other") == recording.outcomes[-2:]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit, Alarm])
def test_what_is_not_an_exception_stops_the_run_and_is_raised(run: Run, stop: type[BaseException]) -> None:
    operate = Raises(1, ValueError, stop)
    with pytest.raises(stop):
        run(operate, 100, 1)
    assert 3 == operate.calls


def test_something_that_cannot_be_called_fails_every_time(run: Run) -> None:
    recording = run("not an operation", 3, 1)  # type: ignore[arg-type]
    assert ("ok", "TypeError") == recording.outcomes
    assert [1, 1, 1] == recording.outcome.tolist()
    assert 3 == recording.attempted


def test_a_full_room_ends_the_run(run: Run) -> None:
    operate = Raises(0)
    assert 1000 == len(run(operate, 1000, 1).outcome) == operate.calls


def test_a_room_for_nothing_runs_nothing(run: Run) -> None:
    operate = Raises(0)
    recording = run(operate, 0, 1)
    assert 0 == len(recording.outcome) == recording.attempted == operate.calls
    assert [] == list(recording.kept)


def test_the_deadline_ends_the_run_and_every_operation_begun_is_in_the_record(run: Run) -> None:
    operate = Raises(0, ValueError)
    recording = run(operate, 1_000_000, 1, 5_000_000)
    assert len(recording.outcome) < 1_000_000
    assert len(recording.outcome) == recording.attempted == operate.calls


def test_a_deadline_is_seen_at_once_even_when_fast_operations_turn_slow(run: Run) -> None:
    calls = itertools.count()

    def turn_slow() -> None:
        number = next(calls)
        if number == 5_001:
            raise Alarm
        if number == 5_000:
            MonotonicClock.sleep(0.2)

    recording = run(turn_slow, 1_000_000, 1, 100_000_000)
    assert recording.finished_ns[-1] - recording.started_ns[-1] >= 200_000_000


def test_an_operation_that_outlasts_its_deadline_is_recorded_whole(run: Run) -> None:
    recording = run(partial(MonotonicClock.sleep, 0.2), 10, 1, 100_000_000)
    assert 1 == len(recording.outcome)
    assert recording.finished_ns[0] - recording.started_ns[0] >= 200_000_000


def test_results_are_kept_and_failures_leave_no_place_in_the_ring(run: Run) -> None:
    assert [7] == list(run(Raises(ValueError, 7, ValueError, ValueError), 4, 3).kept)
    assert [] == list(run(Raises(ValueError), 4, 3).kept)


def test_failures_between_them_move_no_result_out(run: Run) -> None:
    assert [4, 2, 3] == list(run(Raises(1, ValueError, 2, ValueError, 3, ValueError, ValueError, 4), 8, 3).kept)


@pytest.mark.parametrize(("capacity", "expected"), [(3, [0, 1, 2]), (4, [0, 1, 2, 3]), (10, [8, 9, 6, 7])])
def test_the_last_results_are_kept_and_the_oldest_replaced(run: Run, capacity: int, expected: list[int]) -> None:
    numbers = itertools.count()
    assert expected == list(run(lambda: next(numbers), capacity, 4).kept)


def test_a_result_is_let_go_when_it_is_replaced(run: Run) -> None:
    result = object()
    before = sys.getrefcount(result)
    recording = run(Raises(*[result] * 50, None), 51, 1)
    assert [None] == list(recording.kept)
    assert before == sys.getrefcount(result)


def test_no_reference_to_what_took_part_is_left_behind(run: Run) -> None:
    class Odd(Exception):
        """Of this test alone, so nobody else refers to it."""

    result = object()

    def operate() -> object:
        if next(turn) % 3 == 0:
            raise Odd
        return result

    turn = itertools.count()
    before = [sys.getrefcount(each) for each in (operate, result, Odd)]
    kept = list(run(operate, 999, 7).kept)
    assert {id(result)} == {id(each) for each in kept}
    del kept
    assert before == [sys.getrefcount(each) for each in (operate, result, Odd)]


def in_c(turns: Iterator[int]) -> Operation:
    """About a millisecond in which no Python code runs; it takes one of `turns` each time."""
    return zip(turns, map(sum, itertools.repeat(range(50_000))), strict=True).__next__


def test_a_signal_reaches_its_handler_while_nothing_but_c_runs(run: Run, alarm: None) -> None:
    turns = itertools.count()
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    with pytest.raises(Alarm):
        run(in_c(turns), PATIENCE, 1)
    # A handler that was only called once the run was over would raise as well.
    assert next(turns) < PATIENCE


def test_other_threads_go_on_while_nothing_but_c_runs(run: Run, alarm: None) -> None:
    began = threading.Event()

    def stop_after_some_turns() -> None:
        began.wait()
        for _ in range(10):
            MonotonicClock.sleep(0.001)
        signal.raise_signal(signal.SIGALRM)

    turns = itertools.count()
    other = threading.Thread(target=stop_after_some_turns)
    other.start()
    try:
        with pytest.raises(Alarm):
            began.set()
            run(in_c(turns), PATIENCE, 1)
    finally:
        other.join()
    assert next(turns) < PATIENCE


# --- stamps


def test_both_recorders_read_the_hosts_monotonic_clock(recorder: Recorder) -> None:
    for _ in range(100):
        before_ns, between_ns, after_ns = MonotonicClock.now_ns(), recorder.now_ns(), MonotonicClock.now_ns()
        assert before_ns <= between_ns <= after_ns


def test_readings_are_as_many_as_asked_and_never_go_back(recorder: Recorder) -> None:
    before_ns = MonotonicClock.now_ns()
    readings = recorder.readings(10_000)
    assert 10_000 == len(readings)
    assert before_ns <= readings[0]
    assert readings[-1] <= MonotonicClock.now_ns()
    assert (np.diff(readings) >= 0).all()


def test_chained_operations_follow_each_other_without_a_gap(recorder: Recorder) -> None:
    before_ns = MonotonicClock.now_ns()
    recording = recorder.chained(Raises(1, ValueError, 2, StopIteration), Room.chained(5000, 1), FOREVER)
    after_ns = MonotonicClock.now_ns()
    assert recording.started_ns[1:].tolist() == recording.finished_ns[:-1].tolist()
    assert (recording.finished_ns >= recording.started_ns).all()
    assert before_ns <= recording.started_ns[0]
    assert recording.finished_ns[-1] <= after_ns


def test_a_workers_operations_begin_after_the_last_one_ended(recorder: Recorder) -> None:
    recording = recorder.worker(Raises(1, ValueError), Room.paired(5000, 1), 0, FOREVER)
    assert (recording.finished_ns >= recording.started_ns).all()
    assert (recording.started_ns[1:] >= recording.finished_ns[:-1]).all()


def test_a_worker_begins_no_earlier_than_told(recorder: Recorder) -> None:
    begin_ns = recorder.now_ns() + 20_000_000
    recording = recorder.worker(Raises(1), Room.paired(3, 1), begin_ns, FOREVER)
    assert recording.started_ns[0] >= begin_ns


def test_a_worker_starts_nothing_at_or_after_the_deadline(recorder: Recorder) -> None:
    deadline_ns = recorder.now_ns() + 100_000_000
    operate = partial(MonotonicClock.sleep, 0.001)
    recording = recorder.worker(operate, Room.paired(1000, 1), 0, deadline_ns)
    assert 0 < len(recording.started_ns) < 1000
    assert (recording.started_ns < deadline_ns).all()
    assert recorder.now_ns() >= deadline_ns


def test_a_worker_whose_deadline_has_passed_does_nothing(recorder: Recorder) -> None:
    operate = Raises(1)
    recording = recorder.worker(operate, Room.paired(10, 1), 0, recorder.now_ns() - 1)
    assert 0 == len(recording.outcome) == recording.attempted == operate.calls


def test_a_chain_whose_deadline_has_passed_has_one_operation(recorder: Recorder) -> None:
    recording = recorder.chained(Raises(1), Room.chained(10, 1), recorder.now_ns() - 1)
    assert 1 == len(recording.outcome) == recording.attempted


def test_a_room_used_again_holds_nothing_of_before(recorder: Recorder) -> None:
    room = Room.chained(4, 1)
    assert [1, 1, 1, 1] == recorder.chained(Raises(ValueError), room, FOREVER).outcome.tolist()
    assert [0, 0, 0, 0] == recorder.chained(Raises("fine"), room, FOREVER).outcome.tolist()


def test_the_python_recorder_passes_each_operation_through_the_gate() -> None:
    gate = PythonGate()
    PythonRecorder().worker(Raises(1, ValueError), Room.paired(3, 1), 0, FOREVER, gate)
    assert (3, 3, 0) == (gate.entered, gate.left, gate.in_flight)


# --- names and digests


class Same:
    class Failure(Exception): ...


def test_outcomes_that_share_a_name_are_told_apart_by_their_module() -> None:
    ours = type("Failure", (Exception,), {"__module__": "ours"})
    theirs = type("Failure", (Exception,), {"__module__": "theirs"})
    assert ("ok", "ours.Failure", "KeyError", "theirs.Failure") == outcome_names([ours, KeyError, theirs])


def test_an_exception_called_ok_is_no_success() -> None:
    assert ("ok", "odd.ok") == outcome_names([type("ok", (Exception,), {"__module__": "odd"})])


def test_a_nested_type_is_named_with_what_it_is_in() -> None:
    assert ("ok", "Same.Failure") == outcome_names([Same.Failure])


def test_equal_results_have_equal_digests_and_others_do_not() -> None:
    results: list[object] = [None, True, 1, 1.5, "1", b"1", [1, "a"], (1, "a"), {"a": 1}, {"a": [1]}, object()]
    digests = [digest_results([each]) for each in results]
    assert digests == [digest_results([each]) for each in results]
    assert len(results) == len(set(digests))


def test_order_and_number_of_results_are_in_the_digest() -> None:
    assert 4 == len({digest_results(each) for each in ([1, 2], [2, 1], [1], [1, 2, 2])})


def test_a_digest_is_the_same_in_every_process() -> None:
    program = (
        "from bizra_lab.harness.recorder import digest_results;"
        "print(digest_results([{1, 2}, 'a', object(), {'b': b''}]))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert {digest_results([{2, 1}, "a", object(), {"b": b""}])} == {each.decode().strip() for each in seen}
