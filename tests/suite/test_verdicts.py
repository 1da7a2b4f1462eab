"""The gates of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import LabError
from bizra_lab.evidence.record import make_record
from bizra_lab.gates import Gate, Gates
from bizra_lab.model import Answer, Audit, Claim, Declared, Estimate, Record, Verdict
from bizra_lab.suite.verdicts import RunVerdicts, gates_document, judge_run, read_records
from bizra_lab.testing import samples_from


def record(study: str, p99_ns: float) -> Record:
    return make_record(
        study=study,
        question="",
        profile="audit",
        settings={},
        declared=Declared("inproc", "closed", 1, None, 30.0, 120.0, 3, 10.0),
        samples=samples_from([1, 2, 3]),
        samples_digest="",
        samples_file=None,
        environment={},
        results={
            "latency_ns.p99": Estimate(p99_ns, p99_ns, p99_ns, "ns", 10_000),
            "timer.step_ns": Estimate(10.0, 10.0, 10.0, "ns", 1),
        },
        audit=Audit({"too_short": ()}),
        verdicts=(),
        gates_digest="",
    )


GATES = Gates(
    (
        Gate("cb.p99", "circuit_breaker.latency_ns.p99", "at_most", 1.5, "ms", weight=3),
        Gate("cache.p99", "cache.latency_ns.p99", "at_most", 2.0, "ms"),
    )
)


@pytest.mark.parametrize(
    ("code", "answers"),
    [
        (0, [Answer.PASS, Answer.PASS]),
        (1, [Answer.PASS, Answer.FAIL, Answer.OPEN]),
        (3, [Answer.PASS, Answer.OPEN]),
        (0, []),
    ],
)
def test_a_failure_weighs_more_than_what_stays_open(code: int, answers: list[Answer]) -> None:
    verdicts = tuple(Verdict("a", "x.y", answer, "") for answer in answers)
    assert code == RunVerdicts("run", "", verdicts, 0.0, "-", 0.0).exit_code


def test_only_studies_that_were_run_are_judged_in_the_order_of_the_gates() -> None:
    both = {"cache": record("cache", 3e6), "circuit_breaker": record("circuit_breaker", 1e6)}
    judged = judge_run("run", both, GATES)
    assert [("cb.p99", Answer.PASS), ("cache.p99", Answer.FAIL)] == [
        (each.gate, each.answer) for each in judged.verdicts
    ]
    assert (0.75, "C") == (judged.score, judged.grade)
    one = judge_run("run", {"cache": both["cache"]}, GATES)
    assert ["cache.p99"] == [each.gate for each in one.verdicts]
    assert ("cb.p99",) == one.untold


def test_a_metric_that_two_gates_state_weighs_once_among_the_metrics() -> None:
    gates = Gates((*GATES.gates, Gate("again.p99", "circuit_breaker.latency_ns.p99", "at_most", 1.5, "ms", weight=3)))
    both = {"cache": record("cache", 3e6), "circuit_breaker": record("circuit_breaker", 1e6)}
    judged = judge_run("run", both, gates)
    assert (6 / 7, 3 / 4) == (judged.score, judged.metrics_score)


def test_a_gate_may_be_about_the_run_itself() -> None:
    gates = Gates((Gate("poi", "run.share.verified", "equals", 100, "%"),))
    assert ("poi",) == judge_run("run", {}, gates).untold
    broken = Claim("run", {"share.verified": Estimate(0.9, 0.9, 0.9, "share", 10)}, Declared("inproc"))
    judged = judge_run("run", {}, gates, broken)
    assert [(Answer.FAIL, "90.00 % (90.00 to 90.00 %) against exactly 100.0 %")] == [
        (each.answer, each.sentence) for each in judged.verdicts
    ]


def test_the_document_counts_every_answer() -> None:
    document = gates_document(judge_run("run", {"cache": record("cache", 3e6)}, GATES))
    assert {"pass": 0, "fail": 1, "open": 0} == document["counts"]
    assert ("run", GATES.digest, 0.0, "-") == tuple(document[key] for key in ("run", "gates_sha256", "score", "grade"))
    parts = {"gate", "of", "answer", "sentence", "weight", "key", "limit", "found", "why_open"}
    assert parts == set(document["verdicts"][0])


def test_a_folder_without_records_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no record in it"):
        read_records(tmp_path)
    with pytest.raises(LabError, match="no such folder"):
        read_records(tmp_path / "nowhere")
    (tmp_path / "a.record.json").write_text("{", encoding="utf-8")
    with pytest.raises(LabError, match="expected a record"):
        read_records(tmp_path)
