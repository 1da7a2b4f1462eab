"""
The findings of an audit for who must act on them: what may ship, what may not, why, and what would settle it.

Rules word a finding with what it would take, so that is read off their sentences here and worded nowhere twice; where
a sentence does not say, the rule's page does. Names and sentences hold words from other people's files: in Markdown
they are code or escaped, and can neither link, nor draw, nor end the line they stand on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bizra_lab.model import Audit, Claim, Finding, NotChecked, TrustVerdict, Weight
from bizra_lab.units import printable

NOT_CHECKED = "not checked"

# From a proof to a remark; what is withheld weighs as a doubt does.
_HEAVIEST_FIRST = (Weight.REFUTES.value, Weight.VOID.value, Weight.DOUBT.value, NOT_CHECKED, Weight.NOTE.value)

# How rules word what would be enough, and what was withheld; the rest of the sentence is the evidence.
_ENOUGH = (
    re.compile(r"^(?P<found>.+?)[;,](?: and)? (?P<enough>it takes .+)$"),
    re.compile(r"^(?P<found>.+); (?P<enough>about \S+ operations would tell)$"),
)
_SILENT = re.compile(r"^nothing is said of (?P<what>.+?)(?:;|$)")
_OF_HOW_MANY = re.compile(r"^(?P<what>\S+) is of a number of operations that is undisclosed$")
_WITHHELD = (
    re.compile(r"^(?P<what>.+?)(?: is| are)? undisclosed\b"),
    re.compile(r"^neither (?P<what>.+?) (?:was|were) given\b"),
    re.compile(r"^(?P<what>\S+) (?:was|were) not given\b"),
)

# Conditions by the names that rules need them by, in words; others are results, and keep their names.
_IN_WORDS = {
    "clock_step_ns": "the clock's step",
    "cores": "the processors",
    "duration_s": "the duration",
    "kind": "the kind of load",
    "rate_per_s": "the offered rate",
    "warmup_s": "the warm-up",
    "workers": "the concurrency",
}

# What CommonMark and GitHub's tables, strikes, formulas and bare links could read as more than a sign; an underscore
# within a word is none, and results have many.
_MARKUP = re.compile(r"[\\`*\[\]<>&|~#$!]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Point:
    """What was found, and what would settle it; the latter is empty for a note, which needs nothing."""

    found: str
    settled_by: str


@dataclass(frozen=True, slots=True)
class Cause:
    """One root cause of a claim's verdict: a rule's answers of one weight, under the title of its page."""

    rule: str
    title: str
    weight: str  # as in `Weight`, or "not checked"
    points: tuple[Point, ...]
    touches: tuple[str, ...]  # names of results, or patterns of them; "*" is all


def causes(audit: Audit, pages: Mapping[str, str]) -> tuple[Cause, ...]:
    """
    The root causes of an audit's verdict and its notes, heaviest first, then by rule; `pages` are rules' by name.

    A rule that could not look is among them where the claim withholds what it needs, since that leaves it in doubt.
    """
    found = [cause for rule, findings in audit.findings.items() for cause in _of_findings(rule, findings, pages)]
    withheld = [
        Cause(rule, _title(rule, pages), NOT_CHECKED, (Point(each.reason, _disclose(each)),), ("*",))
        for rule, each in audit.not_checked.items()
        if each.undisclosed
    ]
    return tuple(sorted([*found, *withheld], key=lambda cause: (_HEAVIEST_FIRST.index(cause.weight), cause.rule)))


def _of_findings(rule: str, findings: Sequence[Finding], pages: Mapping[str, str]) -> Iterator[Cause]:
    for weight in Weight:
        of_weight = [each for each in findings if each.weight is weight]
        if of_weight:
            points = tuple(_point(each, pages.get(rule, "")) for each in of_weight)
            touches = tuple(dict.fromkeys(name for each in of_weight for name in each.touches))
            yield Cause(rule, _title(rule, pages), weight.value, points, touches)


def _point(finding: Finding, page: str) -> Point:
    """A finding taken apart into what was found and what it takes."""
    message = finding.message
    if finding.weight is Weight.NOTE:
        return Point(message, "")
    if finding.weight is Weight.REFUTES:
        return Point(message, "another claim: no measurement makes true what arithmetic excludes")
    for pattern in _ENOUGH:
        if enough := pattern.match(message):
            return Point(enough["found"], enough["enough"])
    if silent := _SILENT.match(message):
        return Point(message, f"disclose {silent['what']}")
    threshold = _paragraphs(page).get("Threshold")
    return Point(message, f"figures to which this does not apply: {threshold}" if threshold else "another measurement")


def _disclose(withheld: NotChecked) -> str:
    if match := _OF_HOW_MANY.match(withheld.reason):
        return f"disclose of how many operations {match['what']} is"
    for pattern in _WITHHELD:
        if match := pattern.match(withheld.reason):
            return f"disclose {_IN_WORDS.get(match['what'], match['what'].replace(' nor ', ' or '))}"
    return "disclose what is missing"


def _title(rule: str, pages: Mapping[str, str]) -> str:
    """The first sentence of a rule's page, which names the root cause; the rule's own name where it has none."""
    return " ".join(pages.get(rule, "").partition("\n\n")[0].split()) or rule


def _paragraphs(page: str) -> dict[str, str]:
    """What a rule's page says after its title, by the word before the colon, each on one line."""
    parts = re.split(r"^(\w+): ", page.partition("\n\n")[2], flags=re.MULTILINE)
    return {word: " ".join(text.split()) for word, text in zip(parts[1::2], parts[2::2], strict=True)}


def findings_markdown(source: str, kind: str, claims: Sequence[tuple[Claim, Audit]], pages: Mapping[str, str]) -> str:
    """
    What AUDIT-FINDINGS.md says of a source: its claims, those not to be shipped first, and the rules' pages at the end.

    `kind` is the format it was read as; `pages` maps a rule's name to its page. The text repeats: no date, no host.
    """
    refuted, doubted, validated = (
        [(claim, audit) for claim, audit in claims if audit.verdict is verdict]
        for verdict in (TrustVerdict.REFUTED, TrustVerdict.UNDER_AUDIT, TrustVerdict.VALIDATED)
    )
    kept_back = [*refuted, *doubted]
    named = {cause.rule for _, audit in claims for cause in causes(audit, pages)}
    lines = [
        "# Audit findings",
        "",
        f"{_code(source)}, read as {_code(kind)}: {len(validated)} to ship, {len(kept_back)} not to ship.",
        *_part("DO NOT SHIP", kept_back, pages),
        *_part("SHIP", validated, pages),
        *_rules(sorted(named & pages.keys()), pages),
    ]
    return "\n".join([*lines, ""])


def _part(title: str, claims: Sequence[tuple[Claim, Audit]], pages: Mapping[str, str]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    if not claims:
        yield "Nothing."
    for place, (claim, audit) in enumerate(claims):
        if place:
            yield ""
        yield f"### {_code(claim.name)}: {audit.verdict.value.replace('_', ' ').upper()}"
        yield ""
        if claim.says:
            yield from (f"The source says: “{_text(claim.says)}”", "")
        found = causes(audit, pages)
        if not found:
            yield "No rule found anything."
        for cause in found:
            yield from _cause(cause, cause.rule in pages)
        yield from _unseen(audit)


def _cause(cause: Cause, has_page: bool) -> Iterator[str]:
    rule = f"[{_text(cause.rule)}](#{cause.rule})" if has_page else _code(cause.rule)
    yield f"- **{_text(cause.title)}** {rule}, {cause.weight}"
    for point in cause.points:
        settled = f" **Settled by:** {_sentence(point.settled_by)}." if point.settled_by else ""
        yield f"  - Evidence: {_sentence(point.found)}.{settled}"
    if "*" not in cause.touches:
        yield f"  - Touches {', '.join(map(_code, cause.touches))}."


def _unseen(audit: Audit) -> Iterator[str]:
    """One line for each reason why rules could not look though nothing is withheld."""
    by_reason: dict[str, list[str]] = {}
    for rule, each in sorted(audit.not_checked.items()):
        if not each.undisclosed:
            by_reason.setdefault(each.reason, []).append(rule)
    if by_reason:
        yield from ("", "Not looked at, which is held against nobody:", "")
    for reason, rules in by_reason.items():
        yield f"- {', '.join(map(_code, rules))}: {_sentence(reason)}."


def _rules(names: Sequence[str], pages: Mapping[str, str]) -> Iterator[str]:
    if names:
        yield from ("", "## Rules")
    for name in names:
        yield from ("", f"### {_text(name)}", "", _text(_title(name, pages)))
        for word, text in _paragraphs(pages[name]).items():
            yield from ("", f"**{_text(word)}:** {_text(text)}")


def _sentence(text: str) -> str:
    return _text(text).removesuffix(".")


def _text(text: str) -> str:
    """Words as Markdown that reads as just those words."""
    return _MARKUP.sub(lambda match: f"\\{match[0]}", printable(text))


def _code(text: str) -> str:
    """A name as Markdown's code, fenced by more backticks than it holds in a row."""
    line = printable(text) or "?"
    fence = "`" * (1 + max(map(len, re.findall(r"`+", line)), default=0))
    space = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{space}{line}{space}{fence}"
