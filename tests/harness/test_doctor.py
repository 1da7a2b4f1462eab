"""Facts in, a word and a sentence of advice out; and what is read of this machine names nobody."""

from __future__ import annotations

import getpass
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness import doctor
from bizra_lab.harness.calibrate import Calibration
from bizra_lab.harness.clock import StepClock
from bizra_lab.harness.doctor import CHECKS, WATCH_CHECKS, Facts, Watch, examine, glance
from bizra_lab.harness.environment import Host, Python, read_host, read_python
from bizra_lab.harness.quiet import FOLDER_VARIABLE, LockState, lock_state, measuring, quiet
from bizra_lab.harness.recorder import PythonRecorder
from bizra_lab.model import Fitness, Ints, Symptom
from bizra_lab.settings import plain

FIT, CAREFUL, UNFIT, UNKNOWN = Fitness.FIT, Fitness.CAREFUL, Fitness.UNFIT, Fitness.UNKNOWN

GB = 10**9

HOST = Host(
    cpu="a processor",
    architecture="x86_64",
    cores=4,
    threads=8,
    usable_threads=8,
    cgroup_cpus=None,
    governor="performance",
    turbo=False,
    virtual=False,
    container=False,
    memory_bytes=16 * GB,
    memory_available_bytes=12 * GB,
    swap_used_bytes=0,
    kernel="Linux 6.1",
    clock_source="tsc",
    load_average=(0.1, 0.1, 0.1),
    steal_ticks=0,
)
PYTHON = Python(
    version="3.12.1",
    implementation="CPython",
    compiler="GCC",
    optimised_build=True,
    gil=True,
    gc_enabled=True,
    gc_thresholds=(700, 10, 10),
    hash_seed=None,
)
FACTS = Facts(HOST, PYTHON, "c", "free", "free")
CALIBRATION = Calibration("c", clock_cost_ns=30.0, clock_step_ns=10.0, floor_ns=40.0, canary_ns=36_000.0)
WATCH = Watch(CALIBRATION, (36_000.0, 36_100.0), steal_share=0.0, neighbours_share=0.01)


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "BURST_EVERY_S", 0.0)


def judged(check: Callable[[Facts], Symptom], facts: Facts) -> Symptom:
    symptom = check(facts)
    assert symptom in [each(facts) for each in CHECKS]
    return symptom


# --- the checks, one by one


@pytest.mark.parametrize(
    ("expected", "check", "facts"),
    [
        (FIT, doctor.check_cpus, {}),
        (FIT, doctor.check_cpus, {"cgroup_cpus": 8.0}),
        (CAREFUL, doctor.check_cpus, {"cgroup_cpus": 7.5}),
        (CAREFUL, doctor.check_cpus, {"cgroup_cpus": 1.0}),
        (UNFIT, doctor.check_cpus, {"cgroup_cpus": 0.5}),
        (FIT, doctor.check_cpus, {"usable_threads": 2}),
        (CAREFUL, doctor.check_cpus, {"usable_threads": 1}),
        (UNFIT, doctor.check_cpus, {"usable_threads": 1, "cgroup_cpus": 0.9}),
        (FIT, doctor.check_cpus, {"usable_threads": None}),
        (UNKNOWN, doctor.check_cpus, {"usable_threads": None, "threads": None}),
        (FIT, doctor.check_governor, {"governor": "performance"}),
        (CAREFUL, doctor.check_governor, {"governor": "powersave"}),
        (CAREFUL, doctor.check_governor, {"governor": "ondemand"}),
        (CAREFUL, doctor.check_governor, {"governor": "schedutil"}),
        (UNKNOWN, doctor.check_governor, {"governor": None}),
        (FIT, doctor.check_turbo, {"turbo": False}),
        (CAREFUL, doctor.check_turbo, {"turbo": True}),
        (UNKNOWN, doctor.check_turbo, {"turbo": None}),
        (FIT, doctor.check_hypervisor, {"virtual": False}),
        (CAREFUL, doctor.check_hypervisor, {"virtual": True}),
        (UNKNOWN, doctor.check_hypervisor, {"virtual": None}),
        (FIT, doctor.check_container, {"container": False}),
        (CAREFUL, doctor.check_container, {"container": True}),
        (FIT, doctor.check_clock_source, {"clock_source": "tsc"}),
        (FIT, doctor.check_clock_source, {"clock_source": "arch_sys_counter"}),
        (CAREFUL, doctor.check_clock_source, {"clock_source": "kvm-clock"}),
        (UNFIT, doctor.check_clock_source, {"clock_source": "hpet"}),
        (UNFIT, doctor.check_clock_source, {"clock_source": "acpi_pm"}),
        (UNFIT, doctor.check_clock_source, {"clock_source": "jiffies"}),
        (UNKNOWN, doctor.check_clock_source, {"clock_source": None}),
        (FIT, doctor.check_load, {"load_average": (2.0, 9.0, 9.0)}),
        (CAREFUL, doctor.check_load, {"load_average": (2.1, 0.0, 0.0)}),
        (CAREFUL, doctor.check_load, {"load_average": (8.0, 0.0, 0.0)}),
        (UNFIT, doctor.check_load, {"load_average": (8.1, 0.0, 0.0)}),
        (UNFIT, doctor.check_load, {"load_average": (1.1, 0.0, 0.0), "threads": None}),
        (FIT, doctor.check_memory, {"memory_available_bytes": 4 * GB}),
        (CAREFUL, doctor.check_memory, {"memory_available_bytes": 3 * GB}),
        (UNFIT, doctor.check_memory, {"memory_available_bytes": 1 * GB}),
        (FIT, doctor.check_swap, {"swap_used_bytes": GB // 10}),
        (CAREFUL, doctor.check_swap, {"swap_used_bytes": 1 * GB}),
        (UNFIT, doctor.check_swap, {"swap_used_bytes": 2 * GB}),
    ],
)
def test_a_machine_is_judged_by_what_was_read_of_it(
    expected: Fitness, check: Callable[[Facts], Symptom], facts: dict[str, Any]
) -> None:
    assert expected is judged(check, replace(FACTS, host=replace(HOST, **facts))).verdict


@pytest.mark.parametrize(
    ("expected", "check", "facts"),
    [
        (FIT, doctor.check_build, {"optimised_build": True}),
        (CAREFUL, doctor.check_build, {"optimised_build": False}),
        (UNKNOWN, doctor.check_build, {"optimised_build": None}),
        (FIT, doctor.check_gil, {"gil": True}),
        (CAREFUL, doctor.check_gil, {"gil": False}),
    ],
)
def test_an_interpreter_is_judged_by_how_it_was_built(
    expected: Fitness, check: Callable[[Facts], Symptom], facts: dict[str, Any]
) -> None:
    assert expected is judged(check, replace(FACTS, python=replace(PYTHON, **facts))).verdict


@pytest.mark.parametrize(("expected", "recorder"), [(FIT, "c"), (CAREFUL, "python")])
def test_recording_in_python_asks_for_care(expected: Fitness, recorder: str) -> None:
    assert expected is judged(doctor.check_recorder, replace(FACTS, recorder=recorder)).verdict


@pytest.mark.parametrize(
    ("expected", "found", "measuring", "quiet"),
    [
        (FIT, "free", "free", "free"),
        (CAREFUL, "held by a measurement", "held", "free"),
        (CAREFUL, "held by a measurement, so nothing was timed here", "free", "held"),
        (CAREFUL, "held by a measurement, so nothing was timed here", "held", "held"),
        (UNFIT, "this user may not open them", "free", "unusable"),
        (UNFIT, "this user may not open them", "unusable", "held"),
    ],
)
def test_a_measurement_beside_us_asks_for_care_and_locks_that_cannot_be_opened_for_another_place(
    expected: Fitness, found: str, measuring: LockState, quiet: LockState
) -> None:
    symptom = judged(doctor.check_locks, replace(FACTS, measuring=measuring, quiet=quiet))
    assert (expected, found) == (symptom.verdict, symptom.found)


@pytest.mark.parametrize(
    ("expected", "check", "seen"),
    [
        (FIT, doctor.check_clock_step, {"calibration": replace(CALIBRATION, clock_step_ns=100.0)}),
        (CAREFUL, doctor.check_clock_step, {"calibration": replace(CALIBRATION, clock_step_ns=1000.0)}),
        (UNFIT, doctor.check_clock_step, {"calibration": replace(CALIBRATION, clock_step_ns=1001.0)}),
        (FIT, doctor.check_clock_cost, {"calibration": replace(CALIBRATION, clock_cost_ns=50.0)}),
        (CAREFUL, doctor.check_clock_cost, {"calibration": replace(CALIBRATION, clock_cost_ns=300.0)}),
        (UNFIT, doctor.check_clock_cost, {"calibration": replace(CALIBRATION, clock_cost_ns=1200.0)}),
        (FIT, doctor.check_canary, {"canary_ns": (100.0, 105.0, 103.0)}),
        (CAREFUL, doctor.check_canary, {"canary_ns": (106.0, 100.0, 103.0)}),
        (CAREFUL, doctor.check_canary, {"canary_ns": (100.0, 125.0)}),
        (UNFIT, doctor.check_canary, {"canary_ns": (100.0, 160.0, 100.0)}),
        (FIT, doctor.check_steal, {"steal_share": 0.005}),
        (CAREFUL, doctor.check_steal, {"steal_share": 0.02}),
        (UNFIT, doctor.check_steal, {"steal_share": 0.03}),
        (UNKNOWN, doctor.check_steal, {"steal_share": None}),
        (FIT, doctor.check_neighbours, {"neighbours_share": 0.05}),
        (CAREFUL, doctor.check_neighbours, {"neighbours_share": 0.25}),
        (UNFIT, doctor.check_neighbours, {"neighbours_share": 0.26}),
    ],
)
def test_a_machine_is_judged_by_what_two_seconds_have_shown(
    expected: Fitness, check: Callable[[Watch], Symptom], seen: dict[str, Any]
) -> None:
    assert check in WATCH_CHECKS
    assert expected is check(replace(WATCH, **seen)).verdict


def test_a_symptom_says_its_figures_with_their_units() -> None:
    assert "1 of 8 threads usable, limited to 1.500 CPUs" == (
        doctor.check_cpus(replace(FACTS, host=replace(HOST, usable_threads=1, cgroup_cpus=1.5))).found
    )
    assert "36.00 µs to 57.60 µs, ×1.600" == doctor.check_canary(replace(WATCH, canary_ns=(36e3, 57.6e3))).found
    assert "2.500 % of all CPUs used by others" == doctor.check_neighbours(replace(WATCH, neighbours_share=0.025)).found


def test_what_is_not_fit_gets_one_sentence_of_advice_and_what_is_fit_none() -> None:
    worst_host = replace(
        HOST,
        cgroup_cpus=0.5,
        governor="powersave",
        turbo=True,
        virtual=True,
        container=True,
        memory_available_bytes=0,
        swap_used_bytes=16 * GB,
        clock_source="hpet",
        load_average=(99.0, 99.0, 99.0),
    )
    worst = Facts(worst_host, replace(PYTHON, optimised_build=False, gil=False), "python", "held", "unusable")
    worst_watch = Watch(replace(CALIBRATION, clock_step_ns=1e6, clock_cost_ns=1e4), (1.0, 2.0), 0.5, 0.9)
    bad = [check(worst) for check in CHECKS] + [check(worst_watch) for check in WATCH_CHECKS]
    good = [check(FACTS) for check in CHECKS] + [check(WATCH) for check in WATCH_CHECKS]
    assert [] == [each.name for each in bad if each.verdict in {FIT, UNKNOWN}]
    assert [] == [each.advice for each in bad if not each.advice.endswith(".") or ". " in each.advice]
    assert {FIT} == {each.verdict for each in good}
    assert {""} == {each.advice for each in good}
    assert len(good) == len({each.name for each in good})


# --- the word for all of them


@pytest.mark.parametrize(
    ("expected", "verdicts"),
    [
        (FIT, [FIT, FIT]),
        (FIT, [UNKNOWN, FIT]),
        (CAREFUL, [FIT, CAREFUL, UNKNOWN]),
        (UNFIT, [CAREFUL, UNFIT, FIT]),
        (UNKNOWN, [UNKNOWN]),
    ],
)
def test_the_word_is_that_of_the_worst_symptom(expected: Fitness, verdicts: list[Fitness]) -> None:
    symptoms = tuple(Symptom("a", "b", verdict) for verdict in verdicts)
    assert expected is doctor._diagnosis(symptoms).word


# --- looking


def test_an_examination_is_everything_and_a_glance_times_nothing(no_wait: None) -> None:
    seen = [each.name for each in glance(HOST, PYTHON).symptoms]
    assert len(CHECKS) == len(seen)
    examined = [each.name for each in examine().symptoms]
    assert seen == examined[: len(seen)]
    assert ["clock step", "clock cost", "canary", "steal", "neighbours"] == examined[len(seen) :]


def test_the_canary_sings_in_the_hosts_quiet(no_wait: None, monkeypatch: pytest.MonkeyPatch) -> None:
    states = []

    def canary_ns(recorder: object) -> float:
        states.append(lock_state("quiet"))
        return 1000.0

    monkeypatch.setattr(doctor, "canary_ns", canary_ns)
    examine()
    assert ["held"] * 20 == states
    assert "free" == lock_state("quiet")


def test_a_measurement_that_has_the_quiet_is_not_disturbed() -> None:
    with quiet(patience_s=1):
        diagnosis = examine()
    assert "canary" not in {each.name for each in diagnosis.symptoms}
    assert "held by a measurement, so nothing was timed here" in {each.found for each in diagnosis.symptoms}


def test_a_measuring_notebook_between_its_windows_is_told(no_wait: None) -> None:
    with measuring(patience_s=1):
        symptoms = {each.name: each for each in examine().symptoms}
    assert "held by a measurement" == symptoms["lab's locks"].found
    assert "canary" in symptoms


def test_a_place_that_takes_no_locks_is_unfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    assert UNFIT is examine().word


def test_a_clock_that_stands_still_cannot_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(PythonRecorder):
        def readings(self, n: int) -> Ints:
            return np.ones(n, dtype=np.int64)

    monkeypatch.setattr(doctor, "choose", Stopped)
    with pytest.raises(CannotMeasure, match="the clock did not advance in 20000 readings; expected one that"):
        examine()


def test_bursts_are_spread_over_two_seconds() -> None:
    clock = StepClock(now_ns=0)
    watch = doctor._watch(PythonRecorder(), clock)
    assert 20 == len(watch.canary_ns)
    assert 2_000_000_000 == clock.now_ns()


def test_shares_are_of_all_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([SimpleNamespace(user=10.0, steal=1.0), SimpleNamespace(user=13.0, steal=1.2)])
    monkeypatch.setattr("psutil.cpu_times", lambda: next(readings))
    monkeypatch.setattr("psutil.cpu_count", lambda: 4)
    monkeypatch.setattr("os.times", lambda: SimpleNamespace(user=1.0, system=1.0))
    watch = doctor._watch(PythonRecorder(), StepClock())
    assert (0.025, 0.375) == (watch.steal_share, watch.neighbours_share)


@pytest.mark.parametrize(
    ("expected", "after"),
    [
        ((0.05, 0.25), doctor._Spent(busy_s=102.0, own_s=6.0, steal_s=7.2001)),
        ((0.0, 0.0), doctor._Spent(busy_s=100.5, own_s=6.0, steal_s=7.0)),
        ((None, 0.5), doctor._Spent(busy_s=102.0, own_s=5.0, steal_s=None)),
    ],
)
def test_others_have_what_is_neither_ours_nor_idle(expected: tuple[float | None, float], after: doctor._Spent) -> None:
    # Two CPUs over two seconds.
    before = doctor._Spent(busy_s=100.0, own_s=5.0, steal_s=7.0)
    assert expected == after.shares_since(before, 4.0)


def test_time_that_was_waited_or_stolen_is_nobodys_work(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {"user": 1.0, "nice": 2.0, "system": 4.0, "irq": 8.0, "softirq": 16.0}
    idle = {"idle": 100.0, "iowait": 200.0, "guest": 400.0, "steal": 800.0}
    monkeypatch.setattr("psutil.cpu_times", lambda: SimpleNamespace(**kinds, **idle))
    spent = doctor._Spent.read()
    assert (31.0, 800.0) == (spent.busy_s, spent.steal_s)
    monkeypatch.setattr("psutil.cpu_times", lambda: SimpleNamespace(user=1.0, nice=0.0, system=2.0, idle=3.0))
    spent = doctor._Spent.read()
    assert (3.0, None) == (spent.busy_s, spent.steal_s)


# --- what is written of it


def test_a_diagnosis_is_plain_and_names_neither_user_nor_host_nor_path_nor_program(no_wait: None) -> None:
    text = json.dumps(plain(examine()), allow_nan=False)
    document = json.loads(text)
    assert ["word", "symptoms"] == list(document)
    assert {"fit", "careful", "unfit"} >= {document["word"]}
    assert [["name", "found", "verdict", "advice"]] * 18 == [list(each) for each in document["symptoms"]]
    assert "/" not in text
    words = {word.strip(",") for each in document["symptoms"] for word in each["found"].split()}
    assert not {getpass.getuser(), socket.gethostname(), *sys.orig_argv} & words


def test_this_machine_can_be_looked_at() -> None:
    assert len(CHECKS) == len(glance(read_host(), read_python()).symptoms)
