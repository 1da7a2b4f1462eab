"""The status of a run: trust and target apart, and no metric counted twice in silence."""

from __future__ import annotations

from dataclasses import replace

from bizra_lab.model import Answer, Audit, Finding, NotChecked, Verdict, Weight
from bizra_lab.reporting.status import Status, levels_table, open_table, score_line, status_markdown

RUN = {
    "id": "20260131T123456Z-audit-0123abcd",
    "profile": "audit",
    "started": "2026-01-31T12:34:56Z",
    "finished": "2026-01-31T12:39:56Z",
    "git": {"commit": "0123456789ab", "dirty": True},
    "host": {"cpu": "A processor", "fingerprint": "00ff"},
}


def verdict(gate: str, of: str, answer: Answer, limit: str = "at most 1.500 ms", why_open: str = "") -> Verdict:
    return Verdict(gate, of, answer, "", limit=limit, found="1.2 ms (1.1 to 1.3 ms)", why_open=why_open)


STATUS = Status(
    RUN,
    {
        "breaker": Audit({"overlap": (), "drift": (Finding(Weight.NOTE, "it rises"),)}),
        "cache": Audit({"too_short": (Finding(Weight.DOUBT, "1 s"),)}, {"bandwidth": NotChecked("no link", True)}),
        "report": Audit({"littles_law": (Finding(Weight.REFUTES, "62.9 of 50"),)}),
    },
    (
        verdict("evidence.breaker.p99", "breaker.latency_ns.p99", Answer.PASS),
        verdict("evidence.cache.p50", "cache.latency_ns.p50", Answer.OPEN, "at most 2.000 ms", "in doubt: too_short"),
        verdict("performance.breaker.p99", "breaker.latency_ns.p99", Answer.PASS),
    ),
    2 / 3,
    "-",
    0.5,
    ("evidence.planner.tools",),
)


def lines(text: str, title: str) -> list[str]:
    """What stands under a title, without empty lines."""
    return [line for line in text.partition(f"## {title}\n")[2].partition("\n## ")[0].splitlines() if line]


def test_what_may_ship_stands_apart_from_what_may_not_and_says_why_not() -> None:
    text = status_markdown(STATUS)
    assert ["- breaker"] == lines(text, "VALIDATED: ship")
    assert ["- cache: too_short; not checked: bandwidth"] == lines(text, "UNDER AUDIT: do not ship")
    assert ["- report: littles_law"] == lines(text, "REFUTED: do not ship")


def test_it_opens_with_which_run_on_which_machine_from_when_to_when() -> None:
    text = status_markdown(STATUS)
    assert text.startswith("# Status of run 20260131T123456Z-audit-0123abcd\n")
    assert "- profile audit, from 2026-01-31T12:34:56Z to 2026-01-31T12:39:56Z\n" in text
    assert "- processor A processor, host 00ff\n- commit 0123456789ab, with changes\n" in text


def test_a_metric_that_two_gates_state_has_one_row_that_names_both() -> None:
    rows = levels_table(STATUS.verdicts).rows
    assert 2 == len(rows)
    expected = ("breaker.latency_ns.p99", "at most 1.500 ms", "1.2 ms (1.1 to 1.3 ms)", "pass", "evidence, performance")
    assert expected == rows[0]


def test_what_stays_open_is_told_by_its_reason() -> None:
    straddling = verdict("house.cache.p99", "cache.latency_ns.p99", Answer.OPEN)
    assert (
        ("in doubt: too_short", "cache.latency_ns.p50"),
        ("the interval reaches both sides of the limit", "cache.latency_ns.p99"),
    ) == open_table((*STATUS.verdicts, straddling)).rows
    assert ["nothing"] == str(open_table(STATUS.verdicts[:1])).splitlines()[1:]


def test_the_score_says_how_many_metrics_it_really_counts() -> None:
    expected = "score 0.667, grade -; 2 of 3 gates are metrics of their own, over which it is 0.500"
    assert expected == score_line(STATUS.verdicts, 2 / 3, "-", 0.5)
    assert "score 0.500, grade A" == score_line(STATUS.verdicts[:2], 0.5, "A", 0.5)


def test_what_counts_twice_and_what_was_not_asked_is_said_below_the_table() -> None:
    text = status_markdown(STATUS)
    assert "Stated by more than one gate, so counted more than once in the score: breaker.latency_ns.p99." in text
    assert "Not asked, since their studies were not run: evidence.planner.tools." in text


def test_a_bar_in_a_sentence_ends_no_cell() -> None:
    odd = replace(STATUS, verdicts=(verdict("a.b", "x.y", Answer.OPEN, why_open="1 | 2"),))
    assert "| 1 \\| 2 | x.y |" in status_markdown(odd)


def test_a_run_without_gates_says_so() -> None:
    assert ["no gate is about what was run"] == lines(
        status_markdown(replace(STATUS, verdicts=(), untold=())), "Service levels"
    )
