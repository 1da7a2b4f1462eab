"""
Runs or samples files against others: for each study and result that both sides have, what changed, and for the worse?

A side is one or several measurements, each in a process of its own: a run of the lab, or a samples file. The process is
the unit: of each result a process gives one value, and what is said rests on how those of one side differ. Where there
are too few processes nothing is said of the difference, and both sides are shown beside each other.

What is compared is chosen by name before anything is looked at, and all its intervals hold together (Bonferroni), so
that looking at ten results does not find a difference ten times as often. Results that the audit voids are not
compared, unless for what it says of the spread within a process only; rules that doubt one are named beside it.
"""

from __future__ import annotations

import fnmatch
import glob
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy import stats

from bizra_lab.analysis.compare import (
    PROCESSES_MIN,
    Comparison,
    Difference,
    Incomparable,
    Side,
    compare,
    must_be_comparable,
)
from bizra_lab.audit import inspect
from bizra_lab.errors import LabError, Unreadable
from bizra_lab.evidence.record import audit_of, results_of, results_to_json
from bizra_lab.evidence.samples_file import read_samples
from bizra_lab.model import Audit, Estimate, Floats, Record, Result, Results, Samples, Unavailable, Weight
from bizra_lab.reporting.table import Table, differences_table
from bizra_lab.study import claim_of, estimate, find_home
from bizra_lab.suite.comparable import UNDISCLOSED, host_of_record, policy_of_record, policy_of_samples
from bizra_lab.suite.run_folder import RUN_FILE, find_run, runs_folder
from bizra_lab.suite.verdicts import read_records

MARGIN = 0.05  # of a ratio; less is within what one host does to one program from day to day
CONFIDENCE = 0.95  # of all that is said of two sides, together

# What is compared unless other results are named. Extremes are left out: they estimate nothing beyond their operations.
COMPARED = (
    "throughput_per_s",
    "latency_ns.mean",
    "latency_ns.p*",
    "service_ns.mean",
    "service_ns.p*",
    "share.failed",
)
_MORE_IS_BETTER = ("throughput_per_s", "share.ok")
_LESS_IS_BETTER = ("latency_ns.*", "service_ns.*", "share.failed")

# Audit rules by which values of one process do not bound a result. Here processes do, which is what they ask for.
_OF_ONE_PROCESS = ("dependence",)

DISTRIBUTION = "latency_ns.mean"  # the result that is compared by all its values where there are samples

Word = Literal["equivalent", "better", "open", "different", "worse"]

# From what lets a change through to what stops it; `different` is what nobody has said is better or worse.
_FROM_GOOD_TO_BAD: tuple[Word, ...] = ("equivalent", "better", "open", "different", "worse")


@dataclass(frozen=True, slots=True)
class Replication:
    """One measurement in a process of its own; `latency_ns` are all its values, where it came with samples."""

    source: str
    study: str
    results: Results
    audit: Audit
    policy: str
    host: str
    latency_ns: Floats | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """
    One result on both sides, and what changes from `old` to `new`: as a ratio new/old, and as a shift in its unit.

    `deciles` are shifts of all latencies, where there are samples; `doubted_by` are the audit's rules that do.
    """

    old: Result
    new: Result
    ratio: Result
    shift: Result
    deciles: Mapping[str, Result]
    answer: Word
    doubted_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparedSides:
    """All that two sides have in common, by study and result; `old` and `new` are what their sources are called."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    margin: float
    confidence: float
    studies: Mapping[str, Mapping[str, Compared]]

    @property
    def verdict(self) -> Word:
        """The worst of all answers."""
        return worst(each for compared in self.studies.values() for each in compared.values())


def worst(compared: Iterable[Compared]) -> Word:
    """The worst of several answers; where nothing was compared the question is open."""
    return max((each.answer for each in compared), key=_FROM_GOOD_TO_BAD.index, default="open")


def compare_sources(
    old: str,
    new: str,
    margin: float = MARGIN,
    confidence: float = CONFIDENCE,
    of: Sequence[str] = COMPARED,
    across: Sequence[Difference] = (),
) -> ComparedSides:
    """
    What changes from `old` to `new`: each a run by its id, folder or `latest`, a samples file, or a pattern of several.

    Two samples files need not be of the same name. Raises Incomparable where policy or host differ or are withheld, or
    where there is nothing to compare; Unreadable with one line for what is neither a run nor a samples file.
    """
    before, after = _sources(old), _sources(new)
    if both := set(before) & set(after):
        raise Incomparable(
            f"{old} and {new}: {_listed(sorted(map(str, both)))} is on both sides; expected other processes"
        )
    return _compare_sides((old, new), _by_study(before), _by_study(after), margin, confidence, of, across)


def _compare_sides(
    names: tuple[str, str],
    before: Mapping[str, Sequence[Replication]],
    after: Mapping[str, Sequence[Replication]],
    margin: float,
    confidence: float,
    of: Sequence[str],
    across: Sequence[Difference],
) -> ComparedSides:
    pairs = {study: (before[study], after[study]) for study in before if study in after}
    if not pairs and _one_samples_study(before) and _one_samples_study(after):
        (first, olds), (second, news) = *before.items(), *after.items()
        pairs = {f"{first} → {second}": (olds, news)}
    if not pairs:
        has = (f"{name} has {_listed(side)}" for name, side in zip(names, (before, after), strict=True))
        raise Incomparable(f"{', '.join(has)}; expected a study in both")
    studies = _compare_all(names, pairs, margin, confidence, of, across)
    return ComparedSides(_names(before), _names(after), margin, confidence, studies)


def compare_samples(
    old: Sequence[Samples],
    new: Sequence[Samples],
    margin: float = MARGIN,
    confidence: float = CONFIDENCE,
    of: Sequence[str] = COMPARED,
    across: Sequence[Difference] = ("host",),
) -> dict[str, Compared]:
    """
    What changes from `old` to `new`, by result: two tuples of samples as `replicate` returns them, one a process.

    Samples do not say on which host they were made, so that it was the same is the caller's word, unless `across` asks
    for more. Raises Incomparable where the policy differs or is withheld, or where there is nothing to compare.
    """
    before, after = ([_replication_of_samples(each, each.measurement.name) for each in side] for side in (old, new))
    return _compare_all(("old", "new"), {"samples": (before, after)}, margin, confidence, of, across)["samples"]


def compared_table(title: str, compared: Mapping[str, Compared]) -> Table:
    """Both sides of each result beside each other, their ratio, and the answer."""
    rows = {name: (each.old, each.new, each.ratio, each.answer, each.doubted_by) for name, each in compared.items()}
    return differences_table(title, rows)


def compared_document(sides: ComparedSides) -> dict[str, Any]:
    """What `compare --json` prints: `{old, new, margin, confidence, verdict, studies: {study: {result: {…}}}}`."""
    return {
        "old": list(sides.old),
        "new": list(sides.new),
        "margin": sides.margin,
        "confidence": sides.confidence,
        "verdict": sides.verdict,
        "studies": {
            study: {name: _compared_document(each) for name, each in compared.items()}
            for study, compared in sides.studies.items()
        },
    }


def _compared_document(compared: Compared) -> dict[str, Any]:
    figures = {"old": compared.old, "new": compared.new, "ratio": compared.ratio, "shift": compared.shift}
    return {
        "answer": compared.answer,
        **results_to_json(figures),
        "deciles": results_to_json(compared.deciles),
        "doubted_by": list(compared.doubted_by),
    }


# --- the sides


def _by_study(sources: Iterable[Path]) -> dict[str, list[Replication]]:
    """The replications of several sources, by study."""
    found: dict[str, list[Replication]] = {}
    for source in sources:
        for replication in _replications(source):
            found.setdefault(replication.study, []).append(replication)
    return found


def _sources(name: str) -> tuple[Path, ...]:
    """The runs and samples files that a name or pattern stands for, each once."""
    path = Path(name)
    if path.is_file() or (path / RUN_FILE).is_file():
        return (path.resolve(),)
    if not glob.has_magic(name):
        return (find_run(find_home(), name).resolve(),)
    found = _usable(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    if not found and not path.is_absolute():
        found = _usable(runs_folder(find_home()).glob(name))
    if not found:
        raise Unreadable(f"{name}: no run and no file is called so; expected at least one")
    return found


def _usable(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Those that are a run's folder or a file, each once, though `latest` is another name of one."""
    return tuple(sorted({path.resolve() for path in paths if path.is_file() or (path / RUN_FILE).is_file()}))


def _replications(source: Path) -> list[Replication]:
    if source.is_file():
        return [_replication_of_samples(read_samples(source), source.name)]
    return [_replication_of_record(record, source.name) for record in read_records(source).values()]


def _replication_of_record(record: Record, run: str) -> Replication:
    return Replication(
        source=run,
        study=record.content["study"],
        results=results_of(record),
        audit=audit_of(record),
        policy=policy_of_record(record),
        host=host_of_record(record),
    )


def _replication_of_samples(samples: Samples, source: str) -> Replication:
    results = estimate(samples)
    return Replication(
        source=source,
        study=samples.measurement.name,
        results=results,
        audit=inspect(claim_of(samples, results)),
        policy=policy_of_samples(samples),
        host=UNDISCLOSED,
        latency_ns=samples.latency_ns.astype(np.float64),
    )


def _one_samples_study(side: Mapping[str, Sequence[Replication]]) -> bool:
    return len(side) == 1 and all(each.latency_ns is not None for found in side.values() for each in found)


def _names(side: Mapping[str, Sequence[Replication]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.source for found in side.values() for each in found))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


# --- what changes between them


def _compare_all(
    names: tuple[str, str],
    pairs: Mapping[str, tuple[Sequence[Replication], Sequence[Replication]]],
    margin: float,
    confidence: float,
    of: Sequence[str],
    across: Sequence[Difference],
) -> dict[str, dict[str, Compared]]:
    """Each result that both sides of a pair have and `of` names, with intervals that hold together."""
    if not (0 < margin < 1 and 0.5 <= confidence < 1):
        raise LabError(f"expected a margin in (0, 1) and a confidence in [0.5, 1), got {margin:g} and {confidence:g}")
    for pair in pairs.values():
        old, new = (_side(name, (), side, across) for name, side in zip(names, pair, strict=True))
        must_be_comparable(old, new, across)
    chosen = {study: _in_both(old, new, of) for study, (old, new) in pairs.items()}
    count = sum(map(len, chosen.values()))
    if not count:
        raise Incomparable(f"{names[0]} and {names[1]}: no result called {' or '.join(of)} in both")
    each = 1 - (1 - confidence) / count
    return {
        study: {name: _compare_result(names, name, old, new, margin, each, across) for name in chosen[study]}
        for study, (old, new) in pairs.items()
    }


def _in_both(old: Sequence[Replication], new: Sequence[Replication], of: Sequence[str]) -> list[str]:
    """The results that some process on either side has, in the order in which results are listed."""
    after = {name for each in new for name in each.results}
    before = dict.fromkeys(name for each in old for name in each.results)
    return [name for name in before if name in after and any(fnmatch.fnmatchcase(name, pattern) for pattern in of)]


def _side(name: str, values: tuple[Floats, ...], side: Sequence[Replication], across: Sequence[Difference]) -> Side:
    """Raises Incomparable when the processes of one side were not measured alike."""
    policies, hosts = (sorted({each.policy for each in side}), sorted({each.host for each in side}))
    for what, found in (("policy", policies), ("host", hosts)):
        if len(found) > 1 and what not in across:
            raise Incomparable(
                f"{name}: its processes were measured under {what} {' and '.join(map(repr, found))}; "
                f"expected the same, or to be told to compare across {what}"
            )
    return Side(name, values, policies[0] if policies else UNDISCLOSED, hosts[0] if hosts else UNDISCLOSED)


def _compare_result(
    names: tuple[str, str],
    name: str,
    old: Sequence[Replication],
    new: Sequence[Replication],
    margin: float,
    confidence: float,
    across: Sequence[Difference],
) -> Compared:
    before, after = _figures(name, old), _figures(name, new)
    doubted_by = tuple(sorted({rule for each in (*old, *new) for rule, _ in each.audit.doubts_about(name)}))
    if isinstance(before, Unavailable):
        return Compared(before, over_processes(after, confidence), before, before, {}, "open", doubted_by)
    if isinstance(after, Unavailable):
        return Compared(over_processes(before, confidence), after, after, after, {}, "open", doubted_by)
    found = compare(
        _side(names[0], _values(name, before, old), old, across),
        _side(names[1], _values(name, after, new), new, across),
        before[0].unit,
        margin,
        confidence,
        across,
    )
    return Compared(
        old=over_processes(before, confidence),
        new=over_processes(after, confidence),
        ratio=found.ratio,
        shift=found.shift,
        deciles=found.quantiles if name == DISTRIBUTION and _have_latencies((*old, *new)) else {},
        answer=_answer(name, found, before, after),
        doubted_by=doubted_by,
    )


def _figures(name: str, side: Sequence[Replication]) -> list[Estimate] | Unavailable:
    """The estimate of each process, or why one of them has none that says anything."""
    found: list[Estimate] = []
    for each in side:
        result = each.results.get(name, Unavailable("it was not estimated"))
        voided = [
            rule
            for rule, finding in each.audit.doubts_about(name)
            if finding.weight is not Weight.DOUBT and rule not in _OF_ONE_PROCESS
        ]
        if voided:
            result = Unavailable(f"the audit voids it ({', '.join(voided)})")
        if isinstance(result, Unavailable):
            return result if len(side) == 1 else Unavailable(f"{each.source}: {result.reason}")
        found.append(result)
    return found


def _values(name: str, figures: Sequence[Estimate], side: Sequence[Replication]) -> tuple[Floats, ...]:
    """What each process gives: all its latencies where they stand for the result, else its one value."""
    if name == DISTRIBUTION and _have_latencies(side):
        return tuple(each.latency_ns for each in side if each.latency_ns is not None)
    return tuple(np.array([each.value], dtype=np.float64) for each in figures)


def _have_latencies(side: Iterable[Replication]) -> bool:
    return all(each.latency_ns is not None for each in side)


def _answer(name: str, found: Comparison, before: Sequence[Estimate], after: Sequence[Estimate]) -> Word:
    """The comparison's answer, and of a difference whether it is for the better, where that is known of the result."""
    if isinstance(found.ratio, Estimate):
        return _change(name, rises=found.ratio.value > 1) if found.answer == "different" else found.answer
    # Shares of 0 have no ratio. That they are the same in every process, or shifted, can be told all the same.
    same = len({each.value for each in (*before, *after)}) == 1
    if same and min(len(before), len(after)) >= PROCESSES_MIN:
        return "equivalent"
    if isinstance(found.shift, Estimate) and not found.shift.low <= 0 <= found.shift.high:
        return _change(name, rises=found.shift.value > 0)
    return "open"


def _change(name: str, *, rises: bool) -> Word:
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in _MORE_IS_BETTER):
        return "better" if rises else "worse"
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in _LESS_IS_BETTER):
        return "worse" if rises else "better"
    return "different"


def over_processes(figures: Sequence[Estimate] | Unavailable, confidence: float) -> Result:
    """The mean over processes with Student's interval, n being the processes; of one process its own estimate."""
    if isinstance(figures, Unavailable):
        return figures
    if len(figures) == 1:
        return figures[0]
    values = np.array([each.value for each in figures], dtype=np.float64)
    mean, n = float(values.mean()), len(values)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / math.sqrt(n))
    return Estimate(mean, mean - half, mean + half, figures[0].unit, n)
