from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bizra_lab.model import Answer, Audit, Estimate, Finding, NotChecked, Unavailable, Verdict, Weight
from bizra_lab.reporting.page import StudyPage, page
from bizra_lab.reporting.status import Status

RUN: dict[str, Any] = {
    "id": "20260131T123456Z-audit-0123abcd",
    "profile": "audit",
    "started": "2026-01-31T12:34:56Z",
    "finished": "2026-01-31T12:39:56Z",
    "git": {"commit": "0123456789ab", "dirty": False},
    "host": {"cpu": "A processor of 8 cores"},
    "jobs": [{"stem": "cache", "state": "completed", "error": None}],
}

PNG = b"\x89PNG\r\n\x1a\nseven bytes"

CACHE = StudyPage(
    stem="cache",
    title="The cache",
    question="How fast is a hit?",
    results={
        "latency_ns.p99": Estimate(1_234.5, 1_200.0, 1_260.0, "ns", 5_000),
        "latency_ns.p99.9": Unavailable("few"),
    },
    audit=Audit({"overlap": ()}),
    verdicts=(
        Verdict(
            "cache.p99",
            "cache.latency_ns.p99",
            Answer.PASS,
            "1.234 µs against at most 1.500 ms",
            limit="at most 1.500 ms",
            found="1.234 µs (1.200 to 1.260 µs)",
        ),
        Verdict("cache.p99.9", "cache.latency_ns.p99.9", Answer.OPEN, "few"),
    ),
    pictures=((PNG, "The cache · latency_ns: 61 points"),),
)

STATUS = Status(RUN, {"cache": CACHE.audit}, tuple(CACHE.verdicts), 0.5, "-", 0.5)


def _words(html: str) -> str:
    """What the page says, without its tags."""
    body = html[html.index("<body>") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def _with_audit(audit: Audit) -> StudyPage:
    return StudyPage("cache", "The cache", "How fast is a hit?", {}, audit, ())


def test_says_which_run_it_is_about() -> None:
    assert _words(page(STATUS, [CACHE])).startswith(
        "Run 20260131T123456Z-audit-0123abcd profile audit started 2026-01-31T12:34:56Z "
        "finished 2026-01-31T12:39:56Z commit 0123456789ab processor A processor of 8 cores "
    )


def test_says_when_the_code_was_not_what_the_commit_holds_and_when_a_run_has_not_ended() -> None:
    git = {"commit": "0123456789ab", "dirty": True}
    words = _words(page(replace(STATUS, run={**RUN, "git": git, "finished": None}), []))
    assert "finished not yet commit 0123456789ab with changes that are not committed" in words


def test_says_that_the_commit_is_unknown() -> None:
    assert "commit unknown processor" in _words(
        page(replace(STATUS, run={**RUN, "git": {"commit": None, "dirty": None}}), [])
    )


@pytest.mark.parametrize(
    ("said", "audit"),
    [
        ("validated The cache : ship", Audit({"overlap": ()})),
        ("under audit The cache : do not ship", Audit({}, {"overlap": NotChecked("no samples", undisclosed=True)})),
        ("refuted The cache : do not ship", Audit({"overlap": (Finding(Weight.REFUTES, "two at once"),)})),
    ],
)
def test_opens_with_whether_to_believe_each_study(said: str, audit: Audit) -> None:
    assert f"processor A processor of 8 cores {said} Gates" in _words(page(STATUS, [_with_audit(audit)]))


def test_opens_with_how_many_gates_gave_which_answer_and_what_that_amounts_to() -> None:
    assert "Gates 1 pass, 0 fail, 1 open score 0.500, grade -" in _words(page(STATUS, [CACHE]))


def test_shows_every_metric_before_the_studies_and_names_the_gates_that_nobody_was_asked_for() -> None:
    words = _words(page(replace(STATUS, untold=("poi.verifies",)), [CACHE]))
    levels = words.partition("Service levels: 1 pass, 0 fail, 1 open")[2].partition("How fast is a hit?")[0]
    assert "cache.latency_ns.p99 at most 1.500 ms 1.234 µs (1.200 to 1.260 µs) pass cache" in levels
    assert "Not asked, since their studies were not run: poi.verifies." in levels


def test_shows_each_study_with_its_question_and_its_tables() -> None:
    words = _words(page(STATUS, [CACHE]))
    for said in (
        "The cache How fast is a hit? Results name value interval operations latency_ns.p99 1.234 µs",
        "Audit: VALIDATED rule answer sentence overlap found nothing",
        "Gates: 1 pass, 0 fail, 1 open gate of answer sentence cache.p99 cache.latency_ns.p99 pass",
    ):
        assert said in words


def test_shows_pictures_from_its_own_bytes_with_words_for_who_cannot_see_them() -> None:
    shown = 'src="data:image/png;base64,iVBORw0KGgpzZXZlbiBieXRlcw==" alt="The cache · latency_ns: 61 points"'
    assert shown in page(STATUS, [CACHE])


@pytest.mark.parametrize(
    ("said", "state", "error"),
    [
        ("Not completed http kernel died: 07_http.ipynb: cell 3: gone", "kernel_died", "07_http.ipynb: cell 3: gone"),
        ("Not completed http pending", "pending", None),
    ],
)
def test_names_the_jobs_that_did_not_complete_with_their_errors(said: str, state: str, error: str | None) -> None:
    jobs = [*RUN["jobs"], {"stem": "http", "state": state, "error": error}]
    assert f"{said} The cache" in _words(page(replace(STATUS, run={**RUN, "jobs": jobs}), [CACHE]))


def test_names_no_jobs_where_all_completed() -> None:
    assert "Not completed" not in page(STATUS, [CACHE])


def test_opens_with_how_many_gates_of_each_study_gave_which_answer() -> None:
    assert "The cache : ship 1 pass, 0 fail, 1 open Gates" in _words(page(STATUS, [CACHE]))


def test_explains_the_findings_apart_for_what_ships_and_what_does_not() -> None:
    doubted = Audit({"too_short": (Finding(Weight.DOUBT, "19 ms were measured; it takes 120 s"),)})
    pages = {"too_short": "A short run shows a mood.\n\nClaim: a habit.\n", "overlap": "One at a time."}
    html = page(STATUS, [CACHE, _with_audit(doubted)], pages)
    assert (
        "Findings DO NOT SHIP The cache : under audit A short run shows a mood. too_short , doubt "
        "19 ms were measured Settled by: it takes 120 s SHIP The cache : validated No rule found anything. "
        "Rules too_short A short run shows a mood. Claim: a habit. Not shown here"
    ) in _words(html)
    assert '<a href="#rule-too_short">' in html
    assert '<pre id="rule-too_short">' in html
    assert 'id="rule-overlap"' not in html


def test_names_a_rule_without_a_page_and_links_it_to_none() -> None:
    html = page(STATUS, [_with_audit(Audit({"mine": (Finding(Weight.VOID, "wrong"),)}))])
    assert "DO NOT SHIP The cache : under audit mine mine, void wrong Settled by: another measurement" in _words(html)
    assert "#rule-" not in html


def test_ends_with_what_was_asked_and_has_no_answer() -> None:
    audit = Audit({"overlap": ()}, {"stall": NotChecked("no samples", undisclosed=True)})
    study = StudyPage("cache", "The cache", "How fast?", {"latency_ns.p99.9": Unavailable("few")}, audit, ())
    said = "The cache: results that could not be told: latency_ns.p99.9; rules that could not look: stall."
    assert said in _words(page(STATUS, [study])).partition("Not shown here")[2]


def test_what_a_reader_came_for_stands_first_and_what_is_about_the_measurement_is_folded_away() -> None:
    one = Estimate(1.0, 1.0, 1.0, "ratio", 1)
    names = ("host.canary_ratio", "latency_ns.p50", "share.failed", "throughput_per_s")
    html = page(STATUS, [replace(CACHE, results=dict.fromkeys(names, one))])
    shown, folded = html.split("Further results, 1 of them, about the measurement itself")
    assert (
        shown.index("throughput_per_s")
        < shown.index("latency_ns.p50", shown.index("How fast"))
        < shown.rindex("share.failed")
    )
    assert "host.canary_ratio" not in shown
    assert "host.canary_ratio" in folded


def test_says_so_where_no_study_has_left_results() -> None:
    nothing = _words(page(replace(STATUS, verdicts=()), []))
    assert nothing.endswith("Service levels no gate is about what was run No study has left results.")


def test_escapes_every_word_that_comes_from_elsewhere() -> None:
    bad = "<script>alert('\"')</script>"
    audit = Audit({bad: (Finding(Weight.VOID, bad, (bad,)),)}, {f"{bad}2": NotChecked(bad, undisclosed=True)})
    study = StudyPage(bad, bad, bad, {bad: Unavailable(bad)}, audit, (), ((PNG, bad),))
    about = dict.fromkeys(("id", "profile", "started", "finished"), bad)
    run = {"git": {"commit": bad, "dirty": False}, "host": {"cpu": bad}, "jobs": [dict.fromkeys(RUN["jobs"][0], bad)]}
    verdict = Verdict(bad, bad, Answer.OPEN, bad, limit=bad, found=bad, why_open=bad)
    status = Status({**about, **run}, {bad: audit}, (verdict,), 0.0, bad, 0.0, (bad,))
    assert "<script" not in page(status, [study], {bad: f"{bad}\n\nThreshold: {bad}"})


def test_asks_nothing_of_any_network_and_runs_nothing() -> None:
    html = page(STATUS, [CACHE])
    assert "://" not in html
    assert "<script" not in html
    assert "<link" not in html
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
