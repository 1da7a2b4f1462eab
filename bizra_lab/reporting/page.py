"""
One page about a run: whether to believe it, whether it is good enough, and every figure behind both answers.

The page is one file. It asks nothing of any network, runs nothing, and forbids the browser both, so that it reads the
same in an archive in ten years.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import jinja2

from bizra_lab.model import Answer, Audit, Results, TrustVerdict, Unavailable, Verdict
from bizra_lab.reporting.findings import causes
from bizra_lab.reporting.status import Status, levels_table, open_table, score_line
from bizra_lab.reporting.table import Table, findings_table, results_table, verdicts_table

TEMPLATE = "page.html.j2"
# What a reader came for, in this order; every other result is about the measurement itself.
HEADLINES = ("throughput_per_s", "latency_ns.", "share.", "littles_law.in_flight", "littles_law.ratio")

COMPLETED = "completed"  # the state of a job that has nothing to explain


@dataclass(frozen=True, slots=True)
class StudyPage:
    """What the page shows of one study; `pictures` are PNG files, each with the sentence that stands in for it."""

    stem: str
    title: str
    question: str
    results: Results
    audit: Audit
    verdicts: Sequence[Verdict]
    pictures: tuple[tuple[bytes, str], ...] = ()


def page(status: Status, studies: Sequence[StudyPage], rules: Mapping[str, str] = MappingProxyType({})) -> str:
    """
    The page as HTML: the run's status, then each study, then the findings.

    Jobs that did not complete are shown with their error. `rules` are the auditor's rules with their pages, which
    findings are explained by. Every word is escaped, whoever wrote it.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bizra_lab.reporting", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        run=status.run,
        studies=[_study(each, rules) for each in studies],
        rules=rules,
        gates=_counted([each.answer for each in status.verdicts]),
        score=score_line(status.verdicts, status.score, status.grade, status.metrics_score),
        levels=[table.html() for table in _levels(status)],
        untold=status.untold,
        unfinished=[job for job in status.run["jobs"] if job["state"] != COMPLETED],
    )


def _levels(status: Status) -> list[Table]:
    """The service levels and, where some stay open, why."""
    tables = [levels_table(status.verdicts), open_table(status.verdicts)]
    return tables if tables[1].rows else tables[:1]


def _counted(answers: Sequence[Answer]) -> str:
    return ", ".join(f"{answers.count(answer)} {answer}" for answer in Answer)


def _untold(study: StudyPage) -> str:
    """What was asked about a study and has no answer, by name; nothing when everything was answered."""
    unavailable = [name for name, result in study.results.items() if isinstance(result, Unavailable)]
    asked = {
        "results that could not be told": unavailable,
        "rules that could not look": sorted(study.audit.not_checked),
    }
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in asked.items() if names)


def _study(study: StudyPage, rules: Mapping[str, str]) -> dict[str, Any]:
    """What the template needs of a study: words and finished HTML."""
    verdict = study.audit.verdict
    first = {name: each for stem in HEADLINES for name, each in study.results.items() if name.startswith(stem)}
    rest = {name: each for name, each in study.results.items() if name not in first}
    return {
        "stem": study.stem,
        "title": study.title,
        "question": study.question,
        "verdict": verdict.value,
        "gates": _counted([each.answer for each in study.verdicts]) if study.verdicts else "",
        "untold": _untold(study),
        "advice": "ship" if verdict is TrustVerdict.VALIDATED else "do not ship",
        "causes": causes(study.audit, rules),
        "tables": [
            table.html()
            for table in (results_table(first), findings_table(study.audit), verdicts_table(study.verdicts))
        ],
        "further": results_table(rest, "About the measurement").html() if rest else "",
        "further_count": len(rest),
        "pictures": [(base64.b64encode(png).decode("ascii"), said) for png, said in study.pictures],
    }
