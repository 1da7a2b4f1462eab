"""A result over runs: which belong together, when it changed, and what is left out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bizra_lab.errors import UnknownName
from bizra_lab.model import Estimate, Record, Unavailable
from bizra_lab.settings import digest
from bizra_lab.suite.history import history, history_document, history_table, names, said
from tests.suite.recorded import HOST, leave_run, process, record_of

NAME = "half.latency_ns.mean"


def stamp(hour: int) -> str:
    return f"20260101T{hour:02}0000Z-standard-00000000"


def leave(home: Path, levels_ns: list[float]) -> None:
    for hour, level_ns in enumerate(levels_ns):
        leave_run(home, stamp(hour), record_of(process(level_ns, hour)))


def without_mean(record: Record) -> Record:
    results = {**record.content["results"], "latency_ns.mean": {"unavailable": "no operations"}}
    content = {**record.content, "results": results}
    return Record(content, digest(content))


def test_a_step_is_found_at_the_run_it_begins_with(tmp_path: Path) -> None:
    leave(tmp_path, [1e6] * 6 + [1.3e6] * 6)
    found = history(tmp_path, NAME)
    assert [stamp(hour) for hour in range(12)] == list(found.runs)
    (change,) = found.changed().items()
    run, step = change
    assert stamp(6) == run
    assert 0.98e6 < step.before < 1.02e6
    assert 1.27e6 < step.after < 1.33e6
    assert step.p_value < 0.05


def test_runs_that_only_vary_show_no_change_and_the_same_answer_again(tmp_path: Path) -> None:
    leave(tmp_path, [1e6] * 12)
    assert () == history(tmp_path, NAME).changes
    assert history(tmp_path, NAME) == history(tmp_path, NAME)


def test_few_runs_are_shown_without_an_answer(tmp_path: Path) -> None:
    leave(tmp_path, [1e6, 9e6])
    found = history(tmp_path, NAME)
    assert 2 == len(found.runs)
    assert Unavailable("2 runs show no change; it needs 6") == found.changes
    assert {} == found.changed()
    assert said(found).endswith("2 runs show no change; it needs 6")


def test_a_run_without_the_result_is_shown_and_moves_no_change(tmp_path: Path) -> None:
    leave(tmp_path, [1e6] * 6)
    leave_run(tmp_path, stamp(6), without_mean(record_of(process(1e6, 6))))
    for hour in range(7, 13):
        leave_run(tmp_path, stamp(hour), record_of(process(1.3e6, hour)))
    found = history(tmp_path, NAME)
    assert Unavailable("no operations") == found.runs[stamp(6)]
    assert [stamp(7)] == list(found.changed())


def test_runs_of_another_profile_host_or_policy_are_set_aside(tmp_path: Path) -> None:
    leave_run(tmp_path, stamp(0), record_of(process(1e6, 0), profile="smoke"))
    leave_run(tmp_path, stamp(1), record_of(process(1e6, 1), host=dataclasses.replace(HOST, cpu="Skylake")))
    leave_run(tmp_path, stamp(2), record_of(process(1e6, 2, workers=2)))
    leave_run(tmp_path, stamp(3), record_of(process(1e6, 3)))
    found = history(tmp_path, NAME)
    assert ([stamp(3)], 3) == (list(found.runs), found.set_aside)
    assert ("standard", HOST.fingerprint) == (found.profile, found.host)
    assert "set aside: 3" in said(found)
    smoke = history(tmp_path, NAME, profile="smoke")
    assert ([stamp(0)], 3) == (list(smoke.runs), smoke.set_aside)


def test_only_the_newest_runs_are_looked_at_where_that_is_asked(tmp_path: Path) -> None:
    leave(tmp_path, [1e6] * 4)
    assert [stamp(2), stamp(3)] == list(history(tmp_path, NAME, last=2).runs)


@pytest.mark.parametrize(
    "broken", [b"{", b'{"format":"bizra_lab.record/9"}', b""], ids=["cut short", "of another format", "empty"]
)
def test_a_run_that_cannot_be_read_is_named_and_left_out(broken: bytes, tmp_path: Path) -> None:
    leave(tmp_path, [1e6] * 2)
    (tmp_path / "outputs" / "runs" / stamp(0) / "half.record.json").write_bytes(broken)
    found = history(tmp_path, NAME)
    assert [stamp(1)] == list(found.runs)
    (line,) = found.left_out
    assert line.startswith(f"{stamp(0)}: left out: ")
    assert "\n" not in line
    assert (line,) == names(tmp_path).left_out


@pytest.mark.parametrize("broken", [{"results": 3}, {"results": {"a": 3}}, {"measurement": None}, {"instrument": 3}])
def test_a_record_with_something_else_inside_is_left_out(broken: dict[str, object], tmp_path: Path) -> None:
    content = {**record_of(process(1e6, 0)).content, **broken}
    leave_run(tmp_path, stamp(0), Record(content, digest(content)))
    leave_run(tmp_path, stamp(1), record_of(process(1e6, 1)))
    found = history(tmp_path, NAME)
    assert ([stamp(1)], 1) == (list(found.runs), len(found.left_out))


def test_a_run_without_records_is_left_out(tmp_path: Path) -> None:
    leave_run(tmp_path, stamp(0))
    assert ({}, 1) == (names(tmp_path).runs, len(names(tmp_path).left_out))


def test_names_are_counted_by_run(tmp_path: Path) -> None:
    leave(tmp_path, [1e6] * 2)
    leave_run(tmp_path, stamp(2), record_of(process(1e6, 2), study="other"))
    found = names(tmp_path).runs
    assert (2, 1) == (found[NAME], found["other.latency_ns.mean"])
    assert sorted(found) == list(found)


@pytest.mark.parametrize("name", ["half.latency_ns.meen", "half", "haalf.latency_ns.mean"])
def test_a_name_that_no_run_has_is_refused_with_the_nearest(name: str, tmp_path: Path) -> None:
    leave(tmp_path, [1e6])
    with pytest.raises(UnknownName, match=rf"no run has a result named '{name}'"):
        history(tmp_path, name)
    with pytest.raises(UnknownName, match="no run of profile audit has a result"):
        history(tmp_path, NAME, profile="audit")


def test_a_history_is_one_document_and_one_table(tmp_path: Path) -> None:
    leave(tmp_path, [1e6] * 6 + [1.3e6] * 6)
    found = history(tmp_path, NAME)
    document = history_document(found)
    assert {"name", "profile", "host", "policy", "runs", "changes", "set_aside", "left_out"} == set(document)
    first = found.runs[stamp(0)]
    assert isinstance(first, Estimate)
    assert (stamp(0), first.value, "ns") == tuple(document["runs"][0][key] for key in ("run", "value", "unit"))
    assert stamp(6) == document["changes"][0]["run"]
    told = str(history_table(found))
    assert 12 == told.count("Z-standard-")
    (line,) = [line for line in told.splitlines() if "(p = " in line]
    assert line.startswith(stamp(6))
    few = history_document(history(tmp_path, NAME, last=2))
    assert {"unavailable": "2 runs show no change; it needs 6"} == few["changes"]
