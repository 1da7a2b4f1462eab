"""
Tables of many claims at once: what each says and how it fares, what was found, and what two rules make of it.

Where several claims share a finding they share its row, so that a table is as long as there is something to say. Of one
claim, what stands against it, and no more.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bizra_lab.model import Audit, Finding, NotChecked, TrustVerdict, Weight
from bizra_lab.reporting.table import TEXT_COLUMNS, Table
from bizra_lab.units import printable, say

NAMED_MAX = 4  # claims in one row; of more, the rest are counted

FEW_WORDS = 60  # characters of a finding that is only to say what it is about, so that a claim stays on its line
WIDEST_ANSWER = "not checked"  # beside which the sentences begin

HEAVIEST_FIRST = (Weight.REFUTES, Weight.VOID, Weight.DOUBT, Weight.NOTE)

# What a finding about the number in flight makes of it.
_WORDS = {Weight.REFUTES: "impossible", Weight.VOID: "void", Weight.DOUBT: "doubtful", Weight.NOTE: "noted"}


@dataclass(frozen=True, slots=True)
class TheirRule:
    """L as a source computes it, in operations, and whether it passes the source's own rule."""

    in_flight: float
    plausible: bool


@dataclass(frozen=True, slots=True)
class ClaimedInFlight:
    """
    How many operations a claim's own figures put in flight: anything from `low` to `high`, which may be infinite.

    `workers` is what is declared of a closed load. `found` is the answer of `littles_law`: its heaviest finding, why it
    could not look, or None where it found nothing. `by_median` and `by_mean` are what the source's rule makes of it.
    """

    name: str
    low: float
    high: float
    workers: int | None
    found: Finding | NotChecked | None
    by_median: TheirRule | None
    by_mean: TheirRule | None

    @property
    def impossible(self) -> bool:
        """Whether no value that rounds to the figures can be."""
        return isinstance(self.found, Finding) and self.found.weight is Weight.REFUTES


def claims_table(audits: Mapping[str, Audit], says: Mapping[str, str]) -> Table:
    """Each claim in its source's words with its verdict and the rules that decided it."""
    return Table(
        _counted([*audits.values()]),
        ("claim", "what is said", "verdict", "because of"),
        tuple(
            (_words(name), says.get(name, ""), _verdict(audit), ", ".join(_deciding(audit)))
            for name, audit in audits.items()
        ),
        empty="there are no claims",
    )


def summary_table(audits: Sequence[tuple[str, Audit]], source: str) -> Table:
    """Each claim of a source with its verdict and what weighs heaviest against it, in a few words."""
    return Table(
        f"{source}: {_counted([audit for _, audit in audits])}",
        ("claim", "verdict", "strongest finding"),
        tuple((name, _verdict(audit), _strongest(audit)) for name, audit in audits),
        empty="there are no claims",
    )


def against(audit: Audit, *, with_notes: bool) -> str:
    """What stands against one claim, a paragraph each, heaviest first, then what it withholds from which rules."""
    found = [
        (finding.weight.value, rule, finding.message)
        for weight in (HEAVIEST_FIRST if with_notes else HEAVIEST_FIRST[:-1])
        for rule, findings in sorted(audit.findings.items())
        for finding in findings
        if finding.weight is weight
    ]
    blind: dict[str, list[str]] = {}
    for rule, each in sorted(audit.not_checked.items()):
        if each.undisclosed:
            blind.setdefault(each.reason, []).append(rule)
    withheld = "; ".join(f"{reason} ({', '.join(rules)})" for reason, rules in blind.items())
    paragraphs = [
        *(_paragraph(weight, f"{rule}: {sentence}") for weight, rule, sentence in found),
        *([_paragraph("not checked", withheld)] if withheld else []),
    ]
    return "\n".join(paragraphs or [_paragraph("", "no rule found anything")])


def _paragraph(answer: str, sentence: str) -> str:
    indent = " " * len(f"  {WIDEST_ANSWER}  ")
    return textwrap.fill(
        printable(sentence),
        TEXT_COLUMNS,
        initial_indent=f"  {answer:<{len(WIDEST_ANSWER)}}  ",
        subsequent_indent=indent,
    )


def quiet_rules(audit: Audit) -> str:
    """How many rules stand in no list of what was found, in words."""
    silent = sum(not found for found in audit.findings.values())
    unable = sum(not each.undisclosed for each in audit.not_checked.values())
    return f"{silent} rule{'' if silent == 1 else 's'} found nothing, {unable} had nothing to look at"


def worked_findings_table(audits: Mapping[str, Audit], *weights: str) -> Table:
    """Every finding of these weights with its arithmetic, heaviest first; claims that share one are named together."""
    chosen = [weight for weight in HEAVIEST_FIRST if weight.value in weights]
    looked = sorted({rule for audit in audits.values() for rule in audit.findings})
    rows = _grouped(
        (claim, rule, weight.value, finding.message)
        for weight in chosen
        for rule in looked
        for claim, audit in audits.items()
        for finding in audit.findings.get(rule, ())
        if finding.weight is weight
    )
    return Table(
        f"Findings: {', '.join(weights)}",
        ("rule", "answer", "sentence", "claims"),
        tuple((rule, weight, message, _listed(claims)) for (rule, weight, message), claims in rows.items()),
        empty="nothing was found",
    )


def withheld_table(audits: Mapping[str, Audit]) -> Table:
    """What rules would have needed and was not disclosed, with the claims that it leaves under audit."""
    blind = sorted({rule for audit in audits.values() for rule, each in audit.not_checked.items() if each.undisclosed})
    rows = _grouped(
        (claim, rule, audit.not_checked[rule].reason)
        for rule in blind
        for claim, audit in audits.items()
        if rule in audit.not_checked and audit.not_checked[rule].undisclosed
    )
    return Table(
        "Not checked, because it was not disclosed",
        ("rule", "reason", "claims"),
        tuple((rule, reason, _listed(claims)) for (rule, reason), claims in rows.items()),
        empty="nothing was withheld",
    )


def both_rules_table(claims: Sequence[ClaimedInFlight]) -> Table:
    """What the seed report's rule about λ·W says of each claim, by either W it may take, beside what ours says."""
    return Table(
        "Two rules about the number in flight",
        ("claim", "theirs, λ × median", "theirs, λ × mean", "ours, λ·W", "workers", "ours says"),
        tuple(
            (
                _words(each.name),
                _their_word(each.by_median),
                _their_word(each.by_mean),
                say_in_flight(each),
                "not said" if each.workers is None else f"{each.workers:,}",
                _our_word(each),
            )
            for each in claims
        ),
        empty="no claim gives a rate and a latency",
    )


def say_in_flight(claimed: ClaimedInFlight) -> str:
    """The bounds for a person: "76.49 or more", "98.18 to 98.24"."""
    low, high = say(claimed.low, ""), say(claimed.high, "")
    if math.isinf(claimed.high):
        return f"{low} or more"
    return low if low == high else f"{low} to {high}"


def _their_word(rule: TheirRule | None) -> str:
    if rule is None:
        return "not given"
    return f"{say(rule.in_flight, '')}: {'plausible' if rule.plausible else 'implausible'}"


def _our_word(claimed: ClaimedInFlight) -> str:
    match claimed.found:
        case Finding(weight):
            return _WORDS[weight]
        case NotChecked(reason):
            return f"not checked: {reason}"
        case None:
            return "possible"


def _counted(audits: Sequence[Audit]) -> str:
    """How many claims there are, and how many of each verdict: "3 claims: 1 validated, 2 under audit, 0 refuted"."""
    verdicts = [audit.verdict for audit in audits]
    of_each = ", ".join(f"{verdicts.count(each)} {_words(each.value)}" for each in TrustVerdict)
    return f"{len(audits):,} claim{'' if len(audits) == 1 else 's'}: {of_each}"


def _verdict(audit: Audit) -> str:
    return _words(audit.verdict.value).upper()


def _strongest(audit: Audit) -> str:
    """The heaviest finding's rule and the beginning of its sentence; what is about single results goes first."""
    grave = [
        (rule, finding)
        for rule, found in sorted(audit.findings.items())
        for finding in found
        if finding.weight is not Weight.NOTE
    ]
    if grave:
        rule, finding = min(grave, key=lambda pair: (HEAVIEST_FIRST.index(pair[1].weight), "*" in pair[1].touches))
        return _few_words(f"{rule}: {finding.message}")
    blind = [(rule, each.reason) for rule, each in sorted(audit.not_checked.items()) if each.undisclosed]
    return _few_words(f"not checked by {blind[0][0]}: {blind[0][1]}") if blind else ""


def _few_words(sentence: str) -> str:
    return textwrap.shorten(sentence, FEW_WORDS, placeholder=" …")


def _deciding(audit: Audit) -> list[str]:
    """The rules that keep the claim from being validated: those that found what weighs heaviest, or could not look."""
    for weight in HEAVIEST_FIRST[:-1]:
        rules = sorted(rule for rule, found in audit.findings.items() if any(each.weight is weight for each in found))
        if rules:
            return rules
    return sorted(rule for rule, each in audit.not_checked.items() if each.undisclosed)


def _grouped(rows: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], list[str]]:
    """The claims (first of each row) by what the rest of the row says, in order of first appearance."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for claim, *rest in rows:
        grouped.setdefault(tuple(rest), []).append(claim)
    return grouped


def _listed(claims: Sequence[str]) -> str:
    named = ", ".join(map(_words, claims[:NAMED_MAX]))
    return named if len(claims) <= NAMED_MAX else f"{named} and {len(claims) - NAMED_MAX:,} more"


def _words(name: str) -> str:
    return name.replace("_", " ")
