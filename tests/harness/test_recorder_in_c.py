"""The extension's functions hold their own against whatever they are called with."""

from __future__ import annotations

import array
import contextlib
import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from bizra_lab.harness import _recorder
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.recorder import FOREVER, SIGHTING_FIELDS, CRecorder, Room

OPERATIONS = 4


def int64(length: int) -> Any:
    return np.zeros(length, dtype=np.int64)


def read_only(column: Any) -> Any:
    column.flags.writeable = False
    return column


def call_chained(**given: Any) -> tuple[int, ...]:
    """`run_chained` with arguments that are right but for those given."""
    right = {
        "operate": int,
        "stamps": int64(OPERATIONS + 1),
        "outcomes": np.zeros(OPERATIONS, dtype=np.uint8),
        "kept": [None],
        "errors": [],
        "deadline_ns": FOREVER,
        "gate": _recorder.Gate(),
        "sightings": None,
        "slow_ns": 0,
    }
    return _recorder.run_chained(*(right | given).values())


def call_worker(**given: Any) -> tuple[int, ...]:
    """`run_worker` likewise."""
    right = {
        "operate": int,
        "starts": int64(OPERATIONS),
        "ends": int64(OPERATIONS),
        "outcomes": np.zeros(OPERATIONS, dtype=np.uint8),
        "kept": [None],
        "errors": [],
        "begin_ns": 0,
        "deadline_ns": FOREVER,
        "gate": _recorder.Gate(),
        "sightings": None,
        "slow_ns": 0,
    }
    return _recorder.run_worker(*(right | given).values())


BOTH = pytest.mark.parametrize("call", [call_chained, call_worker])

# Whatever holds `length` items of 8 bytes and is no column for stamps.
NO_STAMPS: dict[str, tuple[type[Exception], Callable[[int], object]]] = {
    "a list": (TypeError, lambda length: [0] * length),
    "nothing": (TypeError, lambda length: None),
    "floats": (TypeError, lambda length: np.zeros(length, dtype=np.float64)),
    "unsigned": (TypeError, lambda length: np.zeros(length, dtype=np.uint64)),
    "dates": (ValueError, lambda length: np.zeros(length, dtype="datetime64[ns]")),
    "half as wide": (TypeError, lambda length: np.zeros(length, dtype=np.int32)),
    "of the other byte order": (TypeError, lambda length: np.zeros(length, dtype=np.dtype(np.int64).newbyteorder())),
    "bytes": (BufferError, lambda length: bytes(8 * length)),
    "read-only": (ValueError, lambda length: read_only(int64(length))),
    "every other one": (ValueError, lambda length: int64(2 * length)[::2]),
    "backwards": (ValueError, lambda length: int64(length)[::-1]),
    "one too many": (ValueError, lambda length: int64(length + 1)),
    "one too few": (ValueError, lambda length: int64(length - 1)),
    "none": (ValueError, lambda length: int64(0)),
}

NO_OUTCOMES: dict[str, tuple[type[Exception], Callable[[int], object]]] = {
    "a list": (TypeError, lambda length: [0] * length),
    "signed": (TypeError, lambda length: np.zeros(length, dtype=np.int8)),
    "truths": (TypeError, lambda length: np.zeros(length, dtype=np.bool_)),
    "wider": (TypeError, lambda length: np.zeros(length, dtype=np.uint16)),
    "bytes": (BufferError, bytes),
    "read-only": (ValueError, lambda length: read_only(np.zeros(length, dtype=np.uint8))),
    "every other one": (ValueError, lambda length: np.zeros(2 * length, dtype=np.uint8)[::2]),
    "one too many": (ValueError, lambda length: np.zeros(length + 1, dtype=np.uint8)),
    "one too few": (ValueError, lambda length: np.zeros(length - 1, dtype=np.uint8)),
}


def never() -> None:
    raise AssertionError("an operation ran with arguments that are refused")


def stop() -> None:
    raise KeyboardInterrupt


# --- buffers


@pytest.mark.parametrize("defect", NO_STAMPS)
def test_chained_stamps_are_whole_int64_columns_that_can_be_written(defect: str) -> None:
    error, make = NO_STAMPS[defect]
    with pytest.raises(error):
        call_chained(operate=never, stamps=make(OPERATIONS + 1))


@pytest.mark.parametrize("column", ["starts", "ends"])
@pytest.mark.parametrize("defect", NO_STAMPS)
def test_a_workers_stamps_are_too(defect: str, column: str) -> None:
    error, make = NO_STAMPS[defect]
    with pytest.raises(error):
        call_worker(operate=never, **{column: make(OPERATIONS)})


@BOTH
@pytest.mark.parametrize("defect", NO_OUTCOMES)
def test_outcomes_are_a_whole_column_of_bytes_that_can_be_written(defect: str, call: Callable[..., object]) -> None:
    error, make = NO_OUTCOMES[defect]
    with pytest.raises(error):
        call(operate=never, outcomes=make(OPERATIONS))


@pytest.mark.parametrize("defect", [name for name in NO_STAMPS if name not in {"one too many", "one too few", "none"}])
def test_readings_are_written_into_a_column_for_stamps_and_nothing_else(defect: str) -> None:
    error, make = NO_STAMPS[defect]
    with pytest.raises(error):
        _recorder.read_clock(make(3))  # type: ignore[arg-type]


def test_a_refusal_says_what_was_expected_and_what_was_found() -> None:
    with pytest.raises(TypeError, match=r"^stamps: expected items of 8 bytes and format lq, got 8 bytes and d$"):
        call_chained(stamps=np.zeros(5))
    with pytest.raises(ValueError, match=r"^stamps: expected one more than the 4 outcomes, got 4$"):
        call_chained(stamps=int64(4))
    with pytest.raises(ValueError, match=r"^starts and ends: expected 4 of each, as many as outcomes, got 3 and 4$"):
        call_worker(starts=int64(3))


@BOTH
def test_any_buffer_of_the_right_kind_will_do(call: Callable[..., tuple[int, int]]) -> None:
    assert (OPERATIONS, OPERATIONS) == call(outcomes=bytearray(OPERATIONS))[:2]
    assert (4, 4) == call_chained(stamps=array.array("q", [0] * 5))[:2]


@BOTH
@pytest.mark.parametrize(
    ("operate", "length"),
    [(int, OPERATIONS), (never, OPERATIONS + 1), (stop, OPERATIONS)],
    ids=["full", "bad", "stopped"],
)
def test_buffers_are_let_go_however_it_ends(
    call: Callable[..., object], operate: Callable[[], object], length: int
) -> None:
    outcomes = bytearray(length)
    with contextlib.suppress(ValueError, KeyboardInterrupt):
        call(operate=operate, outcomes=outcomes)
    outcomes.append(0)  # BufferError while anybody holds it


@pytest.mark.parametrize(
    ("call", "column", "length", "refused"),
    [
        (call_chained, "stamps", OPERATIONS + 1, "outcomes"),
        (call_worker, "starts", OPERATIONS, "ends"),
        (call_worker, "starts", OPERATIONS, "outcomes"),
        (call_worker, "ends", OPERATIONS, "outcomes"),
    ],
)
def test_a_column_is_let_go_when_a_later_one_is_refused(
    call: Callable[..., object], column: str, length: int, refused: str
) -> None:
    stamps = array.array("q", [0] * length)
    with pytest.raises(TypeError):
        call(operate=never, **{column: stamps, refused: []})
    stamps.append(0)


# --- lists, gates, numbers


@BOTH
@pytest.mark.parametrize("kept", [[], (), (None,), None, type("Ring", (list,), {})([None])])
def test_kept_is_a_list_with_at_least_one_place(kept: object, call: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match=r"^kept: expected a list with at least one place$"):
        call(operate=never, kept=kept)


@BOTH
@pytest.mark.parametrize("errors", [(), None, {}])
def test_errors_is_a_list(errors: object, call: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match=r"^errors: expected a list$"):
        call(operate=never, errors=errors)


@pytest.mark.parametrize("gate", [1, object(), _recorder.Gate])
def test_a_gate_is_one_of_ours(gate: object) -> None:
    with pytest.raises(TypeError, match=r"^gate: expected a Gate, got \w+$"):
        call_worker(operate=never, gate=gate)


@BOTH
@pytest.mark.parametrize("deadline_ns", [1.5, "soon", None])
def test_a_deadline_is_a_whole_number(deadline_ns: object, call: Callable[..., object]) -> None:
    with pytest.raises(TypeError):
        call(operate=never, deadline_ns=deadline_ns)


@BOTH
def test_a_deadline_beyond_what_a_clock_can_read_is_refused(call: Callable[..., object]) -> None:
    with pytest.raises(OverflowError):
        call(operate=never, deadline_ns=2**63)


@BOTH
def test_too_few_arguments_are_refused(call: Callable[..., object]) -> None:
    function: Callable[..., object] = _recorder.run_chained if call is call_chained else _recorder.run_worker
    with pytest.raises(TypeError, match=r"takes exactly \d+ arguments \(1 given\)"):
        function(int)


@BOTH
def test_known_errors_keep_their_codes_and_new_ones_are_added(call: Callable[..., object]) -> None:
    types = itertools.cycle([KeyError, ValueError])

    def fail() -> None:
        raise next(types)

    outcomes, errors = np.zeros(OPERATIONS, dtype=np.uint8), [OSError, ValueError]
    call(operate=fail, outcomes=outcomes, errors=errors)
    assert [OSError, ValueError, KeyError] == errors
    assert [3, 2, 3, 2] == outcomes.tolist()


@BOTH
def test_results_go_round_the_ring(call: Callable[..., object]) -> None:
    numbers = itertools.count()
    kept: list[object] = [None] * 3
    call(operate=lambda: next(numbers), kept=kept)
    assert [3, 1, 2] == kept


@BOTH
def test_an_operation_may_change_the_ring_and_nothing_breaks(call: Callable[..., object]) -> None:
    kept: list[object] = [None] * 8

    def shorten() -> int:
        kept.pop()
        return len(kept)

    call(operate=shorten, kept=kept)
    assert 4 == len(kept)
    assert [7, 6, 5, 4] == kept


@BOTH
def test_a_ring_that_an_operation_empties_stops_the_run(call: Callable[..., object]) -> None:
    kept: list[object] = [None]
    with pytest.raises(RuntimeError, match="emptied while operations ran"):
        call(operate=kept.clear, kept=kept)


# --- the gate


def test_a_gate_counts_what_enters_and_leaves() -> None:
    gate = _recorder.Gate()
    assert (0, 0, 0, 0) == (gate.in_flight, gate.peak, gate.entered, gate.left)
    gate.enter()
    gate.enter()
    gate.leave()
    gate.enter()
    assert (2, 2, 3, 1) == (gate.in_flight, gate.peak, gate.entered, gate.left)
    gate.leave()
    gate.leave()
    assert (0, 2, 3, 3) == (gate.in_flight, gate.peak, gate.entered, gate.left)


def test_a_gate_can_be_called_with_plus_and_minus_one() -> None:
    gate = _recorder.Gate()
    gate(+1)
    gate(+1)
    gate(-1)
    assert (1, 2, 2, 1) == (gate.in_flight, gate.peak, gate.entered, gate.left)


@pytest.mark.parametrize("change", [0, 2, -2, 2**31 - 1])
def test_one_operation_enters_or_leaves_at_a_time(change: int) -> None:
    gate = _recorder.Gate()
    gate.enter()
    with pytest.raises(ValueError, match=f"got {change}$"):
        gate(change)
    assert (1, 1, 0) == (gate.in_flight, gate.entered, gate.left)


@pytest.mark.parametrize("leave", [lambda gate: gate.leave(), lambda gate: gate(-1)])
def test_what_has_not_entered_cannot_leave(leave: Callable[[_recorder.Gate], None]) -> None:
    gate = _recorder.Gate()
    gate.enter()
    gate.leave()
    with pytest.raises(ValueError, match="nothing is in flight"):
        leave(gate)
    assert (0, 1, 1) == (gate.in_flight, gate.entered, gate.left)


def test_a_gate_cannot_be_set_from_outside_or_made_with_anything() -> None:
    gate = _recorder.Gate()
    for name in ("in_flight", "peak", "entered", "left"):
        with pytest.raises(AttributeError):
            setattr(gate, name, 5)
    with pytest.raises(TypeError):
        _recorder.Gate(1)  # type: ignore[arg-type]


def test_the_integral_grows_by_what_is_in_flight_and_not_otherwise() -> None:
    gate = _recorder.Gate()
    empty_ns, first_ns, *counts = gate.read()
    assert (0, [0, 0]) == (empty_ns, counts)
    for _ in range(3):
        gate.enter()
    begun_ns, begin_ns, *_ = gate.read()
    MonotonicClock.sleep(0.01)
    held_ns, end_ns, *counts = gate.read()
    assert first_ns <= begin_ns < end_ns
    assert 3 * (end_ns - begin_ns) == held_ns - begun_ns
    assert [3, 0] == counts
    for _ in range(3):
        gate.leave()
    left_ns, *_ = gate.read()
    MonotonicClock.sleep(0.001)
    assert (left_ns, 3, 3) == (gate.read()[0], *gate.read()[2:])


def test_operations_are_in_flight_for_as_long_as_they_take() -> None:
    gate = _recorder.Gate()
    _, begin_ns, *_ = gate.read()
    CRecorder().worker(lambda: MonotonicClock.sleep(0.002), Room.paired(10, 1), 0, FOREVER, gate)
    integral_ns, end_ns, *counts = gate.read()
    # Ten times 2 ms, less a little: the gate's clock is not the one that sleeping goes by.
    assert 19_900_000 <= integral_ns <= end_ns - begin_ns
    assert [10, 10] == counts


def test_the_gate_agrees_with_the_records_of_four_workers() -> None:
    gate = _recorder.Gate()
    turns = itertools.count()

    def operate() -> None:
        if next(turns) % 7 == 0:
            raise ValueError
        MonotonicClock.sleep(0.0005)

    recorder = CRecorder()
    begin_ns = recorder.now_ns() + 20_000_000
    records: list[int] = []
    attempts: list[int] = []

    def work() -> None:
        recording = recorder.worker(operate, Room.paired(10_000, 1), begin_ns, begin_ns + 50_000_000, gate)
        records.append(len(recording.outcome))
        attempts.append(recording.attempted)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 4 == len(records)
    assert next(turns) == sum(records) == sum(attempts) == gate.entered == gate.left
    assert 0 == gate.in_flight
    assert 1 <= gate.peak <= 4


def test_an_operation_that_stops_the_run_has_left_the_gate() -> None:
    gate = _recorder.Gate()
    with pytest.raises(KeyboardInterrupt):
        call_worker(operate=stop, gate=gate)
    assert (0, 1, 1) == (gate.in_flight, gate.entered, gate.left)


def test_an_operation_that_leaves_the_gate_itself_is_told_so() -> None:
    gate = _recorder.Gate()
    with pytest.raises(ValueError, match="nothing is in flight"):
        call_worker(operate=gate.leave, gate=gate)
    assert (0, 1, 1) == (gate.in_flight, gate.entered, gate.left)


@BOTH
def test_a_closed_gate_lets_no_operation_begin(call: Callable[..., tuple[int, ...]]) -> None:
    gate = _recorder.Gate()
    gate.close()
    assert (0, 0) == call(operate=never, gate=gate)[:2]
    assert (0, 0, 0) == (gate.entered, gate.left, gate.in_flight)


@BOTH
def test_an_operation_that_closes_the_gate_is_the_last(call: Callable[..., tuple[int, ...]]) -> None:
    gate = _recorder.Gate()
    assert (1, 1) == call(operate=gate.close, gate=gate)[:2]
    assert (1, 1, 0) == (gate.entered, gate.left, gate.in_flight)


@BOTH
def test_slow_operations_are_sighted_with_what_the_kernel_counted(call: Callable[..., tuple[int, ...]]) -> None:
    turns = itertools.count()

    def operate() -> None:
        if next(turns) == 2:
            MonotonicClock.sleep(0.003)

    sightings = int64(2 * SIGHTING_FIELDS)
    assert (OPERATIONS, OPERATIONS, 1, 1_000_000) == call(operate=operate, sightings=sightings, slow_ns=1_000_000)
    _, duration_ns, span_ns, cpu_ns, process_cpu_ns, voluntary, *_ = sightings[:SIGHTING_FIELDS].tolist()
    assert 3_000_000 <= duration_ns <= span_ns
    assert 0 <= cpu_ns < duration_ns
    assert cpu_ns <= process_cpu_ns + 1_000_000
    assert voluntary >= 1


@BOTH
def test_when_there_is_no_room_for_more_sightings_the_slowest_stay(call: Callable[..., tuple[int, ...]]) -> None:
    sleeps = iter([0.001, 0.001, 0.012, 0.001])
    sightings = int64(2 * SIGHTING_FIELDS)
    *_, sighted, slow_ns = call(
        operate=lambda: MonotonicClock.sleep(next(sleeps)), sightings=sightings, slow_ns=500_000
    )
    durations_ns = sightings.reshape(-1, SIGHTING_FIELDS)[:sighted, 1].tolist()
    assert max(durations_ns) >= 12_000_000
    assert slow_ns > 500_000
    assert slow_ns <= min(durations_ns) or 1_000_000 <= min(durations_ns)


def plan_of(*due_ns: int) -> Any:
    return np.array(due_ns, dtype=np.int64)


def call_planned(gate: _recorder.Gate, length: int, **given: Any) -> tuple[int, ...]:
    """`run_planned` likewise."""
    right = {
        "operate": int,
        "starts": int64(length),
        "ends": int64(length),
        "outcomes": np.zeros(length, dtype=np.uint8),
        "workers": np.zeros(length, dtype=np.int32),
        "worker": 3,
        "kept": [None],
        "errors": [],
        "spin_ns": 0,
        "gate": gate,
        "sightings": None,
        "slow_ns": 0,
    }
    return _recorder.run_planned(*(right | given).values())


def test_planned_operations_start_when_they_fall_due_and_never_before() -> None:
    now_ns = _recorder.now()
    plan = plan_of(now_ns - 1, now_ns + 2_000_000, now_ns + 4_000_000)
    starts, ends, workers = int64(3), int64(3), np.zeros(3, dtype=np.int32)
    gate = _recorder.Gate(plan)
    assert 3 == call_planned(gate, 3, starts=starts, ends=ends, workers=workers, spin_ns=50_000)[0]
    assert (starts >= plan).all()
    assert (ends >= starts).all()
    assert [3, 3, 3] == workers.tolist()
    assert (3, 3, 0) == (gate.entered, gate.left, gate.in_flight)


def test_operations_enter_a_gate_with_a_plan_when_they_fall_due_whoever_starts_them() -> None:
    now_ns = _recorder.now()
    gate = _recorder.Gate(plan_of(now_ns, now_ns, now_ns + 1_000_000, now_ns + 3600 * 10**9))
    MonotonicClock.sleep(0.003)
    integral_ns, at_ns, entered, left = gate.read()
    assert (3, 0, 3) == (entered, left, gate.in_flight)
    assert 2 * (at_ns - now_ns) + (at_ns - now_ns - 1_000_000) == integral_ns
    with pytest.raises(ValueError, match=r"^with a plan, operations enter when they fall due$"):
        gate.enter()


def test_a_long_wait_for_a_planned_operation_ends_when_the_gate_is_closed() -> None:
    gate = _recorder.Gate(plan_of(_recorder.now() + 3600 * 10**9))
    threading.Timer(0.05, gate.close).start()
    assert 0 == call_planned(gate, 1, operate=never)[0]


def test_columns_must_have_a_place_for_each_planned_operation() -> None:
    with pytest.raises(ValueError, match=r"^columns: expected 2 places each, as many as are planned$"):
        call_planned(_recorder.Gate(plan_of(1, 2)), 3, operate=never)


@pytest.mark.parametrize("plan", [[1, 2], np.zeros(2), np.zeros(2, dtype=np.int32)])
def test_a_plan_is_a_column_of_int64(plan: Any) -> None:
    with pytest.raises(TypeError):
        _recorder.Gate(plan)


def test_the_sampler_sees_what_is_in_flight_though_its_worker_keeps_the_gil() -> None:
    gate = _recorder.Gate()
    sampler = _recorder.Sampler(gate, 200_000, 1)
    sampler.start()
    # Half of the time in flight, in C code that lets nobody else have the GIL.
    hold = partial(sorted, range(20_000))
    for _ in range(50):
        begin_ns = _recorder.now()
        call_chained(operate=hold, gate=gate, stamps=int64(2), outcomes=bytearray(1))
        until_ns = 2 * _recorder.now() - begin_ns
        while _recorder.now() < until_ns:
            pass
    looks, total, squares, lag_ns = sampler.stop()
    assert looks > 20
    assert 0.25 < total / looks < 0.75
    assert total == squares
    assert lag_ns > 0


def test_a_sampler_starts_once_and_may_be_stopped_twice_or_never() -> None:
    sampler = _recorder.Sampler(_recorder.Gate(), 10**12, 1)
    sampler.start()
    with pytest.raises(RuntimeError, match=r"^a sampler starts once$"):
        sampler.start()
    assert (0, 0.0, 0.0, 0.0) == sampler.stop() == sampler.stop()
    _recorder.Sampler(_recorder.Gate(), 1_000_000, 2).start()
    with pytest.raises(ValueError, match=r"^mean_gap_ns: expected at least 1, got 0$"):
        _recorder.Sampler(_recorder.Gate(), 0, 1)
