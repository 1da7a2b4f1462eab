"""The findings as their reader meets them: in Markdown, rendered, from real result files and from hostile ones."""

from __future__ import annotations

import html
import re
from pathlib import Path

import mistune
import pytest

from bizra_lab.audit import RULES
from bizra_lab.model import Audit, Claim, Declared, Finding, NotChecked, Weight
from bizra_lab.reporting.findings import Point, causes, findings_markdown
from bizra_lab.study import audit_source

RESULTS = Path(__file__).parents[1] / "data" / "results"
PAGES = {name: each.page for name, each in RULES.items()}

FINE = Audit({"overlap": ()})
DOUBTED = Audit({"too_short": (Finding(Weight.DOUBT, "19 ms were measured; it takes 120 s"),)})
REFUTED = Audit({"littles_law": (Finding(Weight.REFUTES, "98 in flight of 50 workers", ("latency_ns.*",)),)})

OWN_PAGE = """
Something is wrong.

Claim: it is right.
Reason: it looks
    right.
Threshold: at least as right
    as a clock.
Source: everybody.
"""


def claim(name: str) -> Claim:
    return Claim(name, {}, Declared())


def markdown(*audited: tuple[str, Audit], source: str = "theirs.json") -> str:
    return findings_markdown(source, "wrk", [(claim(name), audit) for name, audit in audited], PAGES)


def rendered(text: str) -> str:
    """As a code host shows it, but for the HTML that it would remove: that is let through, so as to be seen."""
    shown = mistune.create_markdown(escape=False, plugins=["strikethrough", "table", "math", "url"])(text)
    assert isinstance(shown, str)
    return shown


def words(shown: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).split())


def of_real_file(name: str) -> str:
    audited = audit_source(RESULTS / name)
    return findings_markdown(name, audited.format, audited.claims, PAGES)


def points(audit: Audit, page: str = "") -> list[Point]:
    return [point for cause in causes(audit, {"mine": page} if page else {}) for point in cause.points]


def test_what_ships_stands_apart_from_what_does_not_and_what_is_refuted_comes_first() -> None:
    said = words(rendered(markdown(("a", FINE), ("b", DOUBTED), ("c", REFUTED))))
    assert "1 to ship, 2 not to ship" in said
    kept_back, shipped = said.partition("DO NOT SHIP")[2].split(" SHIP ")
    assert kept_back.index("c : REFUTED") < kept_back.index("b : UNDER AUDIT")
    assert shipped.startswith("a : VALIDATED No rule found anything.")


def test_where_nothing_ships_that_is_said() -> None:
    assert "SHIP Nothing. Rules" in words(rendered(markdown(("b", DOUBTED))))


@pytest.mark.parametrize(
    ("found", "settled_by", "file"),
    [
        ("1.327 s were measured", "it takes 120 s", "ab_nginx_c50.txt"),
        ("0 ns of warm-up", "it takes 30 s", "ab_nginx_c50.txt"),
        (
            "latency_ns.p99.99 has 7.82 of 78,165 operations beyond it",
            "it takes 20, so 200,000 operations",
            "autocannon_nginx_c10.json",
        ),
        (
            "nothing is said of the warm-up, the machine; without it nobody can repeat the measurement",
            "disclose the warm-up, the machine",
            "autocannon_nginx_c10.json",
        ),
        ("workers undisclosed", "disclose the concurrency", "siege_c20.json"),
        ("latency_ns.p50 was not given", "disclose latency_ns.p50", "siege_c20.json"),
        (
            "the median latency, 300.0 µs, is 3 × 100.0 µs, the clock's step",
            "it takes at least 10 for a latency to be more than rounding",
            "hey_nginx_c10.csv",
        ),
        (
            "latency_ns.p99 rests on 2,000 operations that are worth 366 independent ones, 3.66 of them beyond it",
            "it takes 20, so about 10,943 operations",
            "hey_nginx_c10.csv",
        ),
    ],
)
def test_what_would_settle_a_finding_is_read_off_its_arithmetic(found: str, settled_by: str, file: str) -> None:
    assert f"Evidence: {found}. Settled by: {settled_by}." in words(rendered(of_real_file(file)))


@pytest.mark.parametrize(
    ("settled_by", "reason"),
    [
        ("disclose a mean latency or percentiles", "neither a mean latency nor percentiles were given"),
        ("disclose the baseline that a ratio is of", "the baseline that a ratio is of is undisclosed"),
        ("disclose the conditions of the baseline", "the conditions of the baseline are undisclosed"),
        ("disclose the kind of load", "kind undisclosed"),
        ("disclose of how many operations share.ok is", "share.ok is of a number of operations that is undisclosed"),
        ("disclose what is missing", "throughput_per_s is unavailable: nothing succeeded"),
    ],
)
def test_what_is_withheld_is_to_be_disclosed(settled_by: str, reason: str) -> None:
    assert [Point(reason, settled_by)] == points(Audit({}, {"mine": NotChecked(reason, undisclosed=True)}))


def test_a_finding_that_does_not_say_what_it_takes_is_settled_by_the_threshold_on_the_rules_page() -> None:
    audit = Audit({"mine": (Finding(Weight.VOID, "it is wrong"),)})
    assert [Point("it is wrong", "figures to which this does not apply: at least as right as a clock.")] == points(
        audit, OWN_PAGE
    )
    assert [Point("it is wrong", "another measurement")] == points(audit)


def test_a_share_of_too_few_is_settled_by_as_many_as_would_tell() -> None:
    audit = Audit({"mine": (Finding(Weight.DOUBT, "98.5 % of 200; about 3,012 operations would tell"),)})
    assert [Point("98.5 % of 200", "about 3,012 operations would tell")] == points(audit)


def test_a_claim_is_quoted_in_its_sources_words() -> None:
    said = Claim("a", {}, Declared(), says="as *fast* as | light")
    text = findings_markdown("theirs.yaml", "claims", [(said, DOUBTED), (claim("b"), FINE)], PAGES)
    assert "a : UNDER AUDIT The source says: “as *fast* as | light” A short run" in words(rendered(text))
    assert 1 == text.count("The source says")


def test_what_arithmetic_excludes_is_settled_by_no_measurement() -> None:
    (point,) = points(Audit({"mine": (Finding(Weight.REFUTES, "98 of 50; it takes 50"),)}))
    assert "98 of 50; it takes 50" == point.found
    assert point.settled_by.startswith("another claim")


def test_a_note_needs_nothing() -> None:
    assert [Point("slow; it takes 9 s", "")] == points(Audit({"mine": (Finding(Weight.NOTE, "slow; it takes 9 s"),)}))


def test_causes_are_heaviest_first_and_one_for_each_weight_of_a_rule() -> None:
    audit = Audit(
        {
            "b": (Finding(Weight.NOTE, "1"), Finding(Weight.VOID, "2", ("x",)), Finding(Weight.VOID, "3", ("y", "x"))),
            "a": (Finding(Weight.DOUBT, "4"),),
            "fine": (),
        },
        {
            "c": NotChecked("workers undisclosed", undisclosed=True),
            "d": NotChecked("no samples", undisclosed=False),
        },
    )
    found = causes(audit, {"b": OWN_PAGE.strip()})
    assert [("b", "void"), ("a", "doubt"), ("c", "not checked"), ("b", "note")] == [
        (each.rule, each.weight) for each in found
    ]
    assert ("Something is wrong.", ["2", "3"], ("x", "y")) == (
        found[0].title,
        [point.found for point in found[0].points],
        found[0].touches,
    )
    assert "a" == found[1].title


def test_rules_that_could_not_look_for_nobodys_fault_are_named_by_their_reason() -> None:
    said = words(rendered(of_real_file("hyperfine_true.json")))
    assert "clock_backwards , dependence , drift" in said.partition("held against nobody")[2]
    assert "Not looked at" not in markdown(("a", FINE))


@pytest.mark.parametrize("file", sorted(path.name for path in RESULTS.iterdir()))
def test_each_rule_that_is_named_is_linked_to_its_page(file: str) -> None:
    text = of_real_file(file)
    linked = set(re.findall(r"\]\(#(\w+)\)", text))
    assert linked
    assert linked == set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert len(linked) == text.count("**Threshold:** ")


@pytest.mark.parametrize(
    "hostile",
    [
        "a | b",
        "`code` and ``more``",
        "```",
        "<script>alert('x')</script> <img src=x onerror=y>",
        "first\n\n## SHIP\n\n- [x] second",
        "[here](https://example.com) ![there](x.png)",
        "https://example.com www.example.com",
        "**bold** _sloped_ ~~struck~~ $x$ &lt; \\`",
        "- one\n1. two\n+ three",
        "# heading #",
    ],
)
def test_words_of_others_are_shown_as_they_are_and_do_nothing(hostile: str) -> None:
    audit = Audit({"mine": (Finding(Weight.DOUBT, hostile, (hostile,)),)}, {"yours": NotChecked(hostile, False)})
    quoted = Claim(hostile, {}, Declared(), says=hostile)
    shown = rendered(findings_markdown(hostile, "wrk", [(quoted, audit)], PAGES))
    assert {"h1", "h2", "h3", "p", "ul", "li", "strong", "code"} == set(re.findall(r"<(\w+)", shown))
    assert 1 == shown.count("<h3>")
    once = html.unescape(shown).replace("\n", " ")
    assert 6 <= once.count(" ".join(hostile.split()))


@pytest.mark.parametrize("sign", ["\x1b[31m", "\ud800", "\u202e", "\x00", "\u2028"])
def test_what_no_page_can_show_is_replaced_so_that_the_text_is_utf_8(sign: str) -> None:
    text = markdown((f"a{sign}b", DOUBTED))
    assert sign not in text
    assert text == text.encode().decode()
    assert all(line.isprintable() for line in text.splitlines())


def test_a_claim_without_a_name_has_a_heading_all_the_same() -> None:
    assert "### `?`: VALIDATED" in markdown(("", FINE))


def test_the_text_ends_with_one_line_break_and_has_no_two_empty_lines() -> None:
    text = of_real_file("locust_c20_stats.csv")
    assert text.endswith(".\n")
    assert "\n\n\n" not in text
