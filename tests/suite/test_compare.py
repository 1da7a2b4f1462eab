"""What changed between two sides, and whether it can be told: answers, refusals, and where sides come from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bizra_lab.analysis.compare import Incomparable
from bizra_lab.errors import LabError
from bizra_lab.evidence.samples_file import write_samples
from bizra_lab.model import Estimate, Record, Unavailable
from bizra_lab.study import HOME_VARIABLE
from bizra_lab.suite.compare import (
    Compared,
    compare_samples,
    compare_sources,
    compared_document,
    compared_table,
    worst,
)
from tests.suite.recorded import HOST, leave_run, process, processes, record_of

OF = ("latency_ns.mean", "throughput_per_s")


def answers(compared: dict[str, Compared]) -> dict[str, str]:
    return {name: each.answer for name, each in compared.items()}


# --- what is said of samples


def test_the_same_code_in_other_processes_is_equivalent() -> None:
    found = compare_samples(processes(1e6, 6), processes(1e6, 6, first=100), of=OF)
    assert {"throughput_per_s": "equivalent", "latency_ns.mean": "equivalent"} == answers(found)
    assert "equivalent" == worst(found.values())


def test_a_tenth_slower_is_worse_and_a_tenth_faster_is_better() -> None:
    slow, fast = processes(1.1e6, 6), processes(1e6, 6, first=100)
    assert {"throughput_per_s": "worse", "latency_ns.mean": "worse"} == answers(compare_samples(fast, slow, of=OF))
    assert {"throughput_per_s": "better", "latency_ns.mean": "better"} == answers(compare_samples(slow, fast, of=OF))


def test_the_ratio_and_the_shift_hold_the_truth() -> None:
    found = compare_samples(processes(1e6, 8), processes(1.1e6, 8, first=100), of=["latency_ns.mean"])
    mean = found["latency_ns.mean"]
    assert isinstance(mean.ratio, Estimate)
    assert isinstance(mean.shift, Estimate)
    assert mean.ratio.low < 1.1 < mean.ratio.high
    assert 1.08 < mean.ratio.low
    assert mean.shift.low < 1e5 < mean.shift.high
    assert 16 == mean.ratio.n
    median = mean.deciles["p50"]
    assert isinstance(median, Estimate)
    assert median.low < 1e5 < median.high


def test_a_difference_that_processes_make_themselves_is_open() -> None:
    old = tuple(process(level, each) for each, level in enumerate((0.8e6, 1.0e6, 1.2e6)))
    new = tuple(process(level, 9 + each) for each, level in enumerate((0.9e6, 1.1e6, 1.3e6)))
    assert "open" == worst(compare_samples(old, new, of=OF).values())


def test_one_process_on_each_side_shows_both_and_says_how_many_it_needs() -> None:
    found = compare_samples(processes(1e6, 1), processes(2e6, 1, first=100), of=OF)
    mean = found["latency_ns.mean"]
    assert "open" == mean.answer
    assert Unavailable("1 and 1 processes cannot be compared; it needs 3 on each side") == mean.ratio
    assert isinstance(mean.old, Estimate)
    assert isinstance(mean.new, Estimate)
    assert 1.9 < mean.new.value / mean.old.value < 2.1
    assert mean.old.low < mean.old.value < mean.old.high


def test_several_processes_are_shown_as_their_mean_with_the_processes_counted() -> None:
    mean = compare_samples(processes(1e6, 4), processes(1e6, 3, first=100), of=OF)["latency_ns.mean"]
    assert isinstance(mean.old, Estimate)
    assert isinstance(mean.new, Estimate)
    assert (4, 3) == (mean.old.n, mean.new.n)
    assert 0.99e6 < mean.old.low < mean.old.value < mean.old.high < 1.01e6 * 1.02


def test_looking_at_more_results_widens_each_interval() -> None:
    old, new = processes(1e6, 5), processes(1e6, 5, first=100)
    few, many = (compare_samples(old, new, of=of)["latency_ns.mean"].ratio for of in (["latency_ns.mean"], ["*"]))
    assert isinstance(few, Estimate)
    assert isinstance(many, Estimate)
    assert few.value == many.value
    assert many.low < few.low < few.high < many.high


def test_failures_that_never_happen_are_equivalent_and_failures_that_begin_are_worse() -> None:
    none, some = processes(1e6, 6), processes(1e6, 6, first=100, failed=100)
    assert {"share.failed": "equivalent"} == answers(compare_samples(none, none, of=["share.failed"]))
    again = tuple(process(1e6, 200 + each, failed=90 + each) for each in range(6))
    assert {"share.failed": "worse"} == answers(compare_samples(none, again, of=["share.failed"]))
    assert {"share.failed": "better"} == answers(compare_samples(some, none, of=["share.failed"]))


@pytest.mark.parametrize(("answer", "count"), [("equivalent", 3), ("open", 2)])
def test_failures_that_never_happen_are_equivalent_from_as_few_processes_as_anything_is(
    answer: str, count: int
) -> None:
    found = compare_samples(processes(1e6, count), processes(1e6, count, first=100), of=["share.failed"])
    assert {"share.failed": answer} == answers(found)


def test_failures_in_one_process_only_are_open() -> None:
    new = (*processes(1e6, 5, first=100), process(1e6, 200, failed=90))
    assert {"share.failed": "open"} == answers(compare_samples(processes(1e6, 6), new, of=["share.failed"]))


def test_one_open_result_keeps_the_whole_open_and_a_worse_one_decides_it() -> None:
    of = ["latency_ns.mean", "share.failed"]
    old, same = processes(1e6, 6), (*processes(1e6, 5, first=100), process(1e6, 200, failed=90))
    found = compare_samples(old, same, of=of)
    assert {"latency_ns.mean": "equivalent", "share.failed": "open"} == answers(found)
    assert "open" == worst(found.values())
    slow = (*processes(1.2e6, 5, first=100), process(1.2e6, 200, failed=90))
    assert "worse" == worst(compare_samples(old, slow, of=of).values())
    assert "open" == worst(())


def test_a_result_of_which_nobody_says_what_is_better_is_different() -> None:
    found = compare_samples(processes(1e6, 5), processes(2e6, 5, first=100), of=["latency_ns.min"])
    assert "worse" == found["latency_ns.min"].answer
    coarse = tuple(
        dataclasses.replace(each, measurement=dataclasses.replace(each.measurement, clock_step_ns=2.0))
        for each in processes(1e6, 5)
    )
    assert {"timer.step_ns": "different"} == answers(compare_samples(processes(1e6, 5), coarse, of=["timer.step_ns"]))


def test_what_the_audit_voids_is_not_compared_and_the_rules_that_doubt_it_are_named() -> None:
    # Every operation failed: only the speed of failing is known.
    failing = processes(1e6, 3, first=100, failed=3_000)
    mean = compare_samples(processes(1e6, 3), failing, of=OF)["latency_ns.mean"]
    assert "open" == mean.answer
    assert mean.ratio == mean.new
    assert isinstance(mean.new, Unavailable)
    assert "half: the audit voids it (errors_as_speed)" == mean.new.reason
    assert "errors_as_speed" in mean.doubted_by
    assert "too_short" in mean.doubted_by


def test_sides_made_another_way_are_refused_unless_told() -> None:
    ours, theirs = processes(1e6, 3), processes(1e6, 3, first=100, recorder="python")
    with pytest.raises(Incomparable, match=r"recorder=c policy=1' and .*recorder=python policy=1'; expected the same"):
        compare_samples(ours, theirs)
    assert compare_samples(ours, theirs, of=OF, across=("policy", "host"))
    with pytest.raises(Incomparable, match=r"old: its processes were measured under policy"):
        compare_samples((*ours, *theirs), ours)


def test_samples_that_do_not_say_how_they_were_made_are_refused() -> None:
    silent = tuple(dataclasses.replace(each, instrument=None) for each in processes(1e6, 3))
    with pytest.raises(Incomparable, match="undisclosed"):
        compare_samples(silent, silent)


@pytest.mark.parametrize(
    ("message", "options"),
    [("margin in", {"margin": 1.5}), ("margin in", {"confidence": 0.1}), ("no result called p98", {"of": ["p98"]})],
)
def test_what_cannot_be_asked_is_refused(message: str, options: dict[str, object]) -> None:
    sides = processes(1e6, 1)
    with pytest.raises(LabError, match=message):
        compare_samples(sides, sides, **options)  # type: ignore[arg-type]


# --- what sides come from


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "lab"
    for folder in ("params", "notebooks"):
        (home / folder).mkdir(parents=True)
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    monkeypatch.chdir(tmp_path)
    return home


def test_patterns_of_runs_make_sides_of_several_processes(lab: Path) -> None:
    for each in range(4):
        leave_run(lab, f"a{each}", record_of(process(1e6, each)), record_of(process(1e6, 50 + each), study="other"))
        leave_run(lab, f"b{each}", record_of(process(1.2e6, 100 + each)))
    (lab / "outputs" / "runs" / "latest").symlink_to("b3")
    found = compare_sources("a*", "b*", of=OF)
    assert ("a0", "a1", "a2", "a3") == found.old
    assert ["half"] == list(found.studies)
    assert "worse" == found.verdict
    assert "worse" == found.studies["half"]["latency_ns.mean"].answer
    assert {} == found.studies["half"]["latency_ns.mean"].deciles


def test_two_runs_by_id_and_latest_are_open(lab: Path) -> None:
    leave_run(lab, "a", record_of(process(1e6, 1)))
    leave_run(lab, "b", record_of(process(1e6, 2)))
    (lab / "outputs" / "runs" / "latest").symlink_to("b")
    found = compare_sources("a", "latest")
    assert (("a",), ("b",), "open") == (found.old, found.new, found.verdict)


def test_runs_of_other_hosts_or_planned_windows_are_refused_unless_told(lab: Path) -> None:
    leave_run(lab, "a", record_of(process(1e6, 1)))
    leave_run(lab, "b", record_of(process(1e6, 2), host=dataclasses.replace(HOST, cpu="Skylake")))
    leave_run(lab, "c", record_of(process(1e6, 3), duration_s=1.0))
    with pytest.raises(Incomparable, match="a and b: measured under host"):
        compare_sources("a", "b")
    with pytest.raises(Incomparable, match=r"duration_s=20 recorder=c policy=1' and .*duration_s=1 recorder=c"):
        compare_sources("a", "c")
    assert "open" == compare_sources("a", "b", across=("host",)).verdict
    assert "open" == compare_sources("a", "c", across=("policy",)).verdict


def test_samples_files_are_compared_whatever_they_are_called_once_the_host_is_vouched_for(lab: Path) -> None:
    for each in range(4):
        write_samples(process(1e6, each, name="half"), lab.parent / f"half{each}.parquet")
        write_samples(process(1.3e6, 100 + each, name="third"), lab.parent / f"third{each}.parquet")
    with pytest.raises(Incomparable, match="under host 'undisclosed'"):
        compare_sources("half*.parquet", "third*.parquet")
    found = compare_sources(str(lab.parent / "half*.parquet"), "third*.parquet", of=OF, across=("host",))
    assert ["half → third"] == list(found.studies)
    assert ("half0.parquet", "half1.parquet", "half2.parquet", "half3.parquet") == found.old
    assert "worse" == found.verdict


def voided(record: Record, rule: str) -> Record:
    finding = {"rule": rule, "weight": "void", "message": "it says nothing", "touches": ["latency_ns.p90"]}
    audit = {**record.content["audit"], "verdict": "under_audit"}
    audit["findings"] = [*audit["findings"], finding]
    return Record({**record.content, "audit": audit}, "")


@pytest.mark.parametrize(("answer", "rule"), [("equivalent", "dependence"), ("open", "late_starts")])
def test_what_voids_one_process_for_its_dependence_is_compared_over_processes(
    answer: str, rule: str, lab: Path
) -> None:
    for each in range(4):
        leave_run(lab, f"a{each}", voided(record_of(process(1e6, each)), rule))
        leave_run(lab, f"b{each}", voided(record_of(process(1e6, 100 + each)), rule))
    compared = compare_sources("a*", "b*", of=["latency_ns.p90"]).studies["half"]["latency_ns.p90"]
    assert answer == compared.answer
    assert rule in compared.doubted_by


def test_runs_without_a_study_in_common_are_not_comparable(lab: Path) -> None:
    leave_run(lab, "a", record_of(process(1e6, 1), study="cache"))
    leave_run(lab, "b", record_of(process(1e6, 2), study="planner"))
    with pytest.raises(Incomparable, match="a has cache, b has planner; expected a study in both"):
        compare_sources("a", "b")


def test_a_process_on_both_sides_is_refused(lab: Path) -> None:
    leave_run(lab, "a", record_of(process(1e6, 1)))
    leave_run(lab, "b", record_of(process(1e6, 2)))
    with pytest.raises(Incomparable, match="is on both sides; expected other processes"):
        compare_sources("a", "*")


@pytest.mark.parametrize("name", ["nothing", "nothing*"])
def test_a_name_of_nothing_is_refused_with_one_line(name: str, lab: Path) -> None:
    with pytest.raises(LabError, match="nothing") as refused:
        compare_sources(name, name)
    assert "\n" not in str(refused.value)


# --- how it is told


def test_a_comparison_is_one_document_and_one_table_a_study(lab: Path) -> None:
    leave_run(lab, "a", record_of(process(1e6, 1)))
    leave_run(lab, "b", record_of(process(1e6, 2)))
    found = compare_sources("a", "b", of=["latency_ns.mean", "latency_ns.p90"])
    document = compared_document(found)
    assert {"old", "new", "margin", "confidence", "verdict", "studies"} == set(document)
    mean = document["studies"]["half"]["latency_ns.mean"]
    assert {"answer", "old", "new", "ratio", "shift", "deciles", "doubted_by"} == set(mean)
    assert {"unavailable": "1 and 1 processes cannot be compared; it needs 3 on each side"} == mean["ratio"]
    assert 3_000 == mean["old"]["n"]
    told = str(compared_table("half", found.studies["half"]))
    assert told.startswith("half: 1 and 1 processes cannot be compared; it needs 3 on each side\n")
    assert 1 == told.count("cannot be compared")
