from __future__ import annotations

import math

import pytest

from bizra_lab.model import Audit, Finding, NotChecked, Weight
from bizra_lab.reporting.claims import (
    ClaimedInFlight,
    TheirRule,
    against,
    both_rules_table,
    claims_table,
    quiet_rules,
    say_in_flight,
    summary_table,
    withheld_table,
    worked_findings_table,
)
from bizra_lab.reporting.table import TEXT_COLUMNS

SOUND = Audit({"bandwidth": ()})
TOO_FAST = Audit({"bandwidth": (Finding(Weight.REFUTES, "4 does not fit through 3"),), "drift": ()})
SHORT = Audit({"too_short": (Finding(Weight.DOUBT, "1 s was measured"), Finding(Weight.NOTE, "on a Sunday"))})
NOTED = Audit({"count_mismatch": (Finding(Weight.NOTE, "multiplied"),)})
SILENT = Audit({"drift": ()}, {"too_short": NotChecked("duration undisclosed", undisclosed=True)})
PRINTED = Audit({}, {"drift": NotChecked("only a summary was given", undisclosed=False)})


def _claimed(
    low: float = 76.5, high: float = math.inf, *, workers: int | None = 50, found: Finding | NotChecked | None = None
) -> ClaimedInFlight:
    return ClaimedInFlight("a_claim", low, high, workers, found, TheirRule(62.86, True), None)


class TestClaimsTable:
    def test_says_each_claim_with_its_verdict_and_what_decided_it(self) -> None:
        table = claims_table({"a_link": TOO_FAST, "short": SHORT}, {"a_link": "4 GB/s"})
        assert ("a link", "4 GB/s", "REFUTED", "bandwidth") == table.rows[0]
        assert ("short", "", "UNDER AUDIT", "too_short") == table.rows[1]

    def test_counts_the_verdicts_in_its_title(self) -> None:
        table = claims_table({"a": SOUND, "b": SHORT, "c": SILENT, "d": TOO_FAST}, {})
        assert "4 claims: 1 validated, 2 under audit, 1 refuted" == table.title

    def test_names_what_could_not_be_checked_where_nothing_was_found(self) -> None:
        assert ("too_short",) == claims_table({"silent": SILENT}, {}).rows[0][3:]
        assert ("VALIDATED", "") == claims_table({"printed": PRINTED}, {}).rows[0][2:]

    def test_names_no_rule_for_a_remark(self) -> None:
        assert ("VALIDATED", "") == claims_table({"noted": NOTED}, {}).rows[0][2:]


class TestSummary:
    def test_says_of_each_claim_what_weighs_heaviest_in_a_few_words(self) -> None:
        table = summary_table([("a_link", TOO_FAST), ("short", SHORT), ("silent", SILENT)], "here.yaml")
        assert "here.yaml: 3 claims: 0 validated, 2 under audit, 1 refuted" == table.title
        assert (
            ("a_link", "REFUTED", "bandwidth: 4 does not fit through 3"),
            ("short", "UNDER AUDIT", "too_short: 1 s was measured"),
            ("silent", "UNDER AUDIT", "not checked by too_short: duration undisclosed"),
        ) == table.rows

    def test_names_a_doubt_about_one_result_before_one_about_everything(self) -> None:
        everything, one = Finding(Weight.DOUBT, "all of it"), Finding(Weight.DOUBT, "the mean", ("latency_ns.mean",))
        assert "b: the mean" == summary_table([("x", Audit({"a": (everything,), "b": (one,)}))], "").rows[0][2]

    def test_has_nothing_to_say_of_a_sound_claim(self) -> None:
        assert ("noted", "VALIDATED", "") == summary_table([("noted", NOTED)], "").rows[0]

    def test_keeps_a_long_sentence_on_its_line(self) -> None:
        long = Audit({"bandwidth": (Finding(Weight.DOUBT, "far too many words " * 20),)})
        table = summary_table([("a_claim_of_a_name_that_is_not_short", long)], "")
        assert table.rows[0][2].endswith(" …")
        assert 4 == len(str(table).splitlines())


class TestAgainst:
    def test_lists_what_was_found_heaviest_first_and_what_is_withheld_last(self) -> None:
        audit = Audit(
            {
                "a": (Finding(Weight.DOUBT, "perhaps"), Finding(Weight.NOTE, "by the way")),
                "b": TOO_FAST.findings["bandwidth"],
            },
            {name: NotChecked("kind undisclosed", undisclosed=True) for name in ("c", "d")},
        )
        lines = [
            "  refutes      b: 4 does not fit through 3",
            "  doubt        a: perhaps",
            "  not checked  kind undisclosed (c, d)",
        ]
        assert lines == against(audit, with_notes=False).splitlines()
        assert "  note         a: by the way" == against(audit, with_notes=True).splitlines()[2]

    def test_wraps_a_long_sentence_under_itself(self) -> None:
        text = against(Audit({"a": (Finding(Weight.DOUBT, "many words " * 30),)}), with_notes=False)
        first, *more = text.splitlines()
        assert more and all(len(line) <= TEXT_COLUMNS for line in (first, *more))
        assert all(line.startswith(" " * first.index("a:")) for line in more)

    def test_says_so_where_nothing_was_found(self) -> None:
        assert "no rule found anything" == against(NOTED, with_notes=False).strip()

    def test_commands_no_terminal(self) -> None:
        assert "\x1b" not in against(Audit({"a": (Finding(Weight.DOUBT, "red \x1b[31m"),)}), with_notes=False)


def test_rules_that_said_nothing_are_counted() -> None:
    assert "1 rule found nothing, 0 had nothing to look at" == quiet_rules(TOO_FAST)
    assert "0 rules found nothing, 1 had nothing to look at" == quiet_rules(PRINTED)


class TestWorkedFindings:
    def test_are_of_the_weights_asked_for_the_heaviest_first(self) -> None:
        table = worked_findings_table({"short": SHORT, "fast": TOO_FAST}, "note", "refutes")
        assert [("refutes", "4 does not fit through 3"), ("note", "on a Sunday")] == [row[1:3] for row in table.rows]

    def test_name_the_claims_that_share_one_together(self) -> None:
        table = worked_findings_table({"a_link": TOO_FAST, "another": TOO_FAST}, "refutes")
        assert (("bandwidth", "refutes", "4 does not fit through 3", "a link, another"),) == table.rows

    def test_count_the_claims_that_would_fill_a_page(self) -> None:
        table = worked_findings_table(dict.fromkeys("abcdef", TOO_FAST), "refutes")
        assert "a, b, c, d and 2 more" == table.rows[0][3]


def test_what_is_withheld_is_only_what_the_claim_could_have_said() -> None:
    cannot = Audit({}, {"too_short": NotChecked("duration undisclosed", undisclosed=False)})
    table = withheld_table({"silent": SILENT, "printed": PRINTED, "cannot": cannot})
    assert (("too_short", "duration undisclosed", "silent"),) == table.rows


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("impossible", Finding(Weight.REFUTES, "98 of 50")),
        ("doubtful", Finding(Weight.DOUBT, "1 of 50")),
        ("not checked: kind undisclosed", NotChecked("kind undisclosed", undisclosed=True)),
        ("possible", None),
    ],
)
def test_both_rules_stand_side_by_side(word: str, found: Finding | NotChecked | None) -> None:
    (row,) = both_rules_table([_claimed(found=found)]).rows
    assert ("a claim", "62.86: plausible", "not given", "76.50 or more", "50", word) == row


def test_workers_that_are_not_declared_are_said_to_be_so() -> None:
    assert "not said" == both_rules_table([_claimed(workers=None)]).rows[0][4]


@pytest.mark.parametrize(
    ("said", "low", "high"), [("76.50 or more", 76.5, math.inf), ("98.18 to 98.24", 98.18, 98.24), ("2", 2, 2)]
)
def test_bounds_are_said_once_where_they_are_one(said: str, low: float, high: float) -> None:
    assert say_in_flight(_claimed(low, high)).replace("2.000", "2") == said
