"""
The status of a run: what may ship, what may not, and whether it is good enough, on one page of Markdown.

Trust comes first and target second, apart. A score counts every gate; gates that are about the same result against the
same limit are one metric stated twice, so how many metrics there are, and the score over them, is said beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bizra_lab.model import Answer, Audit, TrustVerdict, Verdict, Weight
from bizra_lab.reporting.table import Table

SHIP = "VALIDATED: ship"
HOLD = "UNDER AUDIT: do not ship"
REFUSE = "REFUTED: do not ship"

_ADVICE = {TrustVerdict.VALIDATED: SHIP, TrustVerdict.UNDER_AUDIT: HOLD, TrustVerdict.REFUTED: REFUSE}

STRADDLES = "the interval reaches both sides of the limit"


@dataclass(frozen=True, slots=True)
class Status:
    """
    What is known of a run when it is over: who ran it where, each study's audit, and every gate's answer.

    `run` is what run.json holds; `audits` are by the study's stem; `untold` are gates about studies that did not run.
    `score` is the share of the whole weight that passed, `metrics_score` the same with each metric counted once.
    """

    run: Mapping[str, Any]
    audits: Mapping[str, Audit]
    verdicts: tuple[Verdict, ...]
    score: float
    grade: str
    metrics_score: float
    untold: tuple[str, ...] = ()


def metrics(verdicts: Sequence[Verdict]) -> dict[tuple[str, str], tuple[Verdict, ...]]:
    """Gates by what they are about, (result, limit), in the order in which each comes first."""
    found: dict[tuple[str, str], tuple[Verdict, ...]] = {}
    for each in verdicts:
        found[each.of, each.limit] = (*found.get((each.of, each.limit), ()), each)
    return found


def score_line(verdicts: Sequence[Verdict], score: float, grade: str, metrics_score: float) -> str:
    """Score and grade, and how many metrics the gates really are about."""
    gates, unique = len(verdicts), len(metrics(verdicts))
    repeated = f"; {unique} of {gates} gates are metrics of their own, over which it is {metrics_score:.3f}"
    return f"score {score:.3f}, grade {grade}" + (repeated if unique < gates else "")


def score_table(verdicts: Sequence[Verdict], score: float, grade: str, metrics_score: float) -> Table:
    """What `score_line` says, as a table: the share of the weight that passed, over gates and over metrics."""
    gates, unique = str(len(verdicts)), str(len(metrics(verdicts)))
    rows = (("gates", gates, f"{score:.3f}", grade), ("metrics, each once", unique, f"{metrics_score:.3f}", ""))
    return Table("Score: the share of the weight that passed", ("over", "of them", "score", "grade"), rows)


def levels_table(verdicts: Sequence[Verdict]) -> Table:
    """The service levels: a row for each metric, with its limit, what was found, the answer, and who states it."""
    answers = [each.answer for each in verdicts]
    counted = ", ".join(f"{answers.count(answer)} {answer}" for answer in Answer)
    return Table(
        f"Service levels: {counted}" if answers else "Service levels",
        ("metric", "limit", "found", "answer", "gates"),
        tuple(
            (of, limit, stated[0].found or "nothing", stated[0].answer.value, ", ".join(_sets(stated)))
            for (of, limit), stated in metrics(verdicts).items()
        ),
        empty="no gate is about what was run",
    )


def open_table(verdicts: Sequence[Verdict]) -> Table:
    """Why metrics stay open: one row a reason, with all that it keeps open. One that straddles its limit says so."""
    by_reason: dict[str, list[str]] = {}
    for (of, _), stated in metrics(verdicts).items():
        if stated[0].answer is Answer.OPEN:
            by_reason.setdefault(stated[0].why_open or STRADDLES, []).append(of)
    return Table(
        "What stays open",
        ("why", "metrics"),
        tuple((why, ", ".join(of)) for why, of in by_reason.items()),
        empty="nothing",
    )


def _sets(stated: Sequence[Verdict]) -> list[str]:
    """The sets of gates that state a metric: the first word of a gate's id."""
    return [each.gate.partition(".")[0] for each in stated]


def audits_table(audits: Mapping[str, Audit], source: str) -> Table:
    """Each study's verdict, what follows from it, and the rules behind it; `source` says whose audits they are."""
    return Table(
        f"Audits of {source}",
        ("study", "verdict", "advice", "because of"),
        tuple(
            (stem, *_ADVICE[audit.verdict].split(": "), _because(audit).removeprefix(": "))
            for stem, audit in audits.items()
        ),
        empty="no study has left a record",
    )


def status_markdown(status: Status) -> str:
    """The whole of it as Markdown; every name is ours, every sentence was made by a rule or a gate."""
    run = status.run
    lines = [
        f"# Status of run {run['id']}",
        "",
        f"- profile {run['profile']}, from {run['started']} to {run['finished'] or 'not yet finished'}",
        f"- processor {run['host'].get('cpu') or 'unknown'}, host {run['host'].get('fingerprint') or 'unknown'}",
        f"- commit {run['git']['commit'] or 'unknown'}{', with changes' if run['git']['dirty'] else ''}",
        f"- {score_line(status.verdicts, status.score, status.grade, status.metrics_score)}",
    ]
    for verdict, title in _ADVICE.items():
        named = [(stem, audit) for stem, audit in status.audits.items() if audit.verdict is verdict]
        lines += ["", f"## {title}", ""]
        lines += [f"- {stem}{_because(audit)}" for stem, audit in named] or ["Nothing."]
    lines += ["", "## Service levels", "", _markdown(levels_table(status.verdicts))]
    if any(each.answer is Answer.OPEN for each in status.verdicts):
        lines += ["", "## What stays open", "", _markdown(open_table(status.verdicts))]
    twice = {of: stated for (of, _), stated in metrics(status.verdicts).items() if len(stated) > 1}
    if twice:
        lines += ["", f"Stated by more than one gate, so counted more than once in the score: {', '.join(twice)}."]
    if status.untold:
        lines += ["", f"Not asked, since their studies were not run: {', '.join(status.untold)}."]
    return "\n".join([*lines, ""])


def _because(audit: Audit) -> str:
    """The rules that keep a study from being shipped, and what it withholds; nothing when it may be."""
    doubting = sorted(
        rule for rule, found in audit.findings.items() if any(each.weight is not Weight.NOTE for each in found)
    )
    withheld = sorted(rule for rule, each in audit.not_checked.items() if each.undisclosed)
    parts = [", ".join(doubting), f"not checked: {', '.join(withheld)}" if withheld else ""]
    said = "; ".join(part for part in parts if part)
    return f": {said}" if said else ""


def _markdown(table: Table) -> str:
    if not table.rows:
        return table.empty
    rows = [table.columns, ("---",) * len(table.columns), *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
