"""
Tables: what the stages made, worded for people; the same cells in a terminal, a notebook and a page.

A table says what it is handed and decides nothing. What differs from machine to machine without being a result (dates,
hosts, paths) is in no table but the doctor's, which no notebook shows, so that executed notebooks repeat.
"""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bizra_lab.model import (
    Answer,
    Audit,
    Diagnosis,
    Estimate,
    Instrument,
    Load,
    Record,
    Result,
    Results,
    Samples,
    TrustVerdict,
    Unavailable,
    Verdict,
    Weight,
    Witness,
)
from bizra_lab.units import SECOND_NS, printable, say, say_interval

TEXT_COLUMNS = 110  # characters across: fits a terminal on half a screen, and a page of print
GAP = "  "
NO_INTERVAL = "no width"  # a single value: counted, read off once, or the same at both ends on a coarse clock
DIGEST_SHOWN = 16  # hexadecimal digits of a digest: enough to compare by eye; the whole one is in the record

# Said in each cell: JupyterLab aligns a notebook's cells to the right, and keeps no style sheet it does not trust.
_CELL_STYLE = "text-align:left;vertical-align:top"
_TITLE_STYLE = "text-align:left;font-weight:bold"

# From a proof to a remark.
_HEAVIEST_FIRST = (Weight.REFUTES, Weight.VOID, Weight.DOUBT, Weight.NOTE)


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """
    Rows of text under their columns and a title; `empty` is the sentence shown where there are no rows.

    As the last value of a cell it is HTML where that is shown, and otherwise text of at most `TEXT_COLUMNS`.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "none"

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), "a row has a cell for each column"

    def __str__(self) -> str:
        title = textwrap.fill(printable(self.title), TEXT_COLUMNS)
        if not self.rows:
            return "\n".join([title, textwrap.fill(printable(self.empty), TEXT_COLUMNS)])
        widths = self._widths()
        ruled = [GAP.join("-" * width for width in widths)]
        body = [line for row in self.rows for line in _text_row(row, widths)]
        return "\n".join([title, *_text_row(self.columns, widths), *ruled, *body])

    # What a notebook stores as plain text, and nbval compares, is what a terminal shows.
    __repr__ = __str__

    def html(self) -> str:
        """The table as HTML that brings no colours and no names of its own: the page around it decides."""
        title = _html(self.title)
        if not self.rows:
            return f"<p><b>{title}</b><br>{_html(self.empty)}</p>"
        head = _html_row("th", self.columns)
        body = "\n".join(_html_row("td", row) for row in self.rows)
        caption = f'<caption style="{_TITLE_STYLE}">{title}</caption>'
        return f"<table>{caption}\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody></table>"

    _repr_html_ = html

    def _widths(self) -> list[int]:
        """The width of each column: that of its longest cell, the widest cut back until all fit."""
        widths = [max(len(printable(cell)) for cell in column) for column in zip(self.columns, *self.rows, strict=True)]
        room = TEXT_COLUMNS - len(GAP) * (len(widths) - 1)
        while sum(widths) > room:
            widths[widths.index(max(widths))] -= 1
        return widths


def _text_row(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of a row, each cell wrapped inside its column."""
    cells = [textwrap.wrap(printable(cell), width) for cell, width in zip(row, widths, strict=True)]
    for line in range(max(1, *map(len, cells))):
        parts = [cell[line] if line < len(cell) else "" for cell in cells]
        yield GAP.join(f"{part:<{width}}" for part, width in zip(parts, widths, strict=True)).rstrip()


def _html_row(tag: str, row: Sequence[str]) -> str:
    return "<tr>" + "".join(f'<{tag} style="{_CELL_STYLE}">{_html(cell)}</{tag}>' for cell in row) + "</tr>"


def _html(text: str) -> str:
    return html.escape(printable(text))


def results_table(results: Results, title: str = "Results") -> Table:
    """Every result with its interval and the operations behind it; one that is unavailable says why."""
    return Table(
        title,
        ("name", "value", "interval", "operations"),
        tuple((name, *_result(result)) for name, result in results.items()),
        empty="there are no results",
    )


def _result(result: Result) -> tuple[str, str, str]:
    if isinstance(result, Unavailable):
        return result.reason, "", ""
    return say(result.value, result.unit), _interval(result) or NO_INTERVAL, f"{result.n:,}"


def _interval(estimate: Estimate) -> str:
    """The ends of the interval, their unit said once where both have the same; nothing where the value is exact."""
    if estimate.low == estimate.high:
        return ""
    return say_interval(estimate.low, estimate.high, estimate.unit)


def findings_table(audit: Audit) -> Table:
    """Every rule's answer under the verdict, alphabetical; the title names what weighs heaviest."""
    return Table(
        f"Audit: {_verdict(audit.verdict)}{_heaviest(audit)}",
        ("rule", "answer", "sentence"),
        tuple(row for rule in sorted({*audit.findings, *audit.not_checked}) for row in _answers(audit, rule)),
        empty="no rule looked",
    )


def _verdict(verdict: TrustVerdict) -> str:
    return verdict.value.replace("_", " ").upper()


def _heaviest(audit: Audit) -> str:
    """The rules that decided the verdict, in parentheses; nothing when it is validated."""
    for weight in _HEAVIEST_FIRST:
        rules = sorted(rule for rule, found in audit.findings.items() if any(each.weight is weight for each in found))
        if rules and weight is not Weight.NOTE:
            return f" ({weight}: {', '.join(rules)})"
    undisclosed = sorted(rule for rule, each in audit.not_checked.items() if each.undisclosed)
    return f" (not checked: {', '.join(undisclosed)})" if undisclosed else ""


def _answers(audit: Audit, rule: str) -> list[tuple[str, str, str]]:
    if rule in audit.not_checked:
        return [(rule, "not checked", audit.not_checked[rule].reason)]
    found = sorted(audit.findings[rule], key=lambda each: _HEAVIEST_FIRST.index(each.weight))
    return [(rule, each.weight.value, each.message) for each in found] or [(rule, "found nothing", "")]


def verdicts_table(verdicts: Sequence[Verdict]) -> Table:
    """Every gate's answer with the sentence that explains it, under how many gave which."""
    answers = [each.answer for each in verdicts]
    counted = ", ".join(f"{answers.count(answer)} {answer}" for answer in Answer)
    return Table(
        f"Gates: {counted}" if answers else "Gates",
        ("gate", "of", "answer", "sentence"),
        tuple((each.gate, each.of, each.answer.value, each.sentence) for each in verdicts),
        empty="no gate is about this study",
    )


def doctor_table(diagnosis: Diagnosis) -> Table:
    """Every symptom of a machine with what was found and what to do, under the word for all of them."""
    return Table(
        f"This machine: {diagnosis.word.value.upper()}",
        ("symptom", "verdict", "found", "advice"),
        tuple((each.name, each.verdict.value, each.found, each.advice) for each in diagnosis.symptoms),
        empty="nothing was looked at",
    )


def settings_table(settings: Mapping[str, Any]) -> Table:
    """
    A study's settings by dotted key, those of its component in full; the keys are the ones an override takes.

    `settings` is what a record holds of them: `{study, settings, component_settings, gates}`.
    """
    asked = settings["settings"]
    component = {"name": asked["component"]["name"], **settings["component_settings"]}
    keyed = {"study": settings["study"], **asked, "component": component, "gates": _short(settings["gates"])}
    return Table("Settings", ("setting", "value"), tuple(_flat(keyed)))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _setting(value)


def _setting(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value))
    return json.dumps(value, ensure_ascii=False)


def measurement_table(samples: Samples) -> Table:
    """What was measured, and what the apparatus found out about itself meanwhile."""
    measurement = samples.measurement
    return Table(
        "Measurement",
        ("what", "value"),
        (
            ("name", measurement.name),
            ("scope", measurement.scope),
            ("load", _load(measurement.load)),
            ("workers", f"{measurement.load.workers:,}"),
            ("warm-up", _seconds(measurement.warmup_s)),
            ("measured", _seconds(measurement.duration_s)),
            ("operations", f"{len(samples):,} recorded, {measurement.operations_attempted:,} attempted"),
            ("clock step", say(measurement.clock_step_ns, "ns")),
            *_apparatus(samples.instrument),
        ),
    )


def _load(load: Load) -> str:
    return load.kind if load.rate_per_s is None else f"{load.kind}, {say(load.rate_per_s, 'per_s')} planned"


def _seconds(duration_s: float) -> str:
    return say(duration_s * SECOND_NS, "ns")


def _apparatus(instrument: Instrument | None) -> tuple[tuple[str, str], ...]:
    if instrument is None:
        return (("recorder", "not disclosed, nor what it costs"),)
    collections = instrument.collections
    collecting_ns = sum(each.duration_ns for each in collections)
    return (
        ("clock cost", f"{say(instrument.clock_cost_ns, 'ns')} a reading"),
        ("recorder", instrument.recorder),
        ("floor", f"{say(instrument.floor_ns, 'ns')} for an empty operation"),
        ("canary", ", then ".join(say(each, "ns") for each in instrument.canary_ns) or "not timed"),
        ("garbage collections", f"{len(collections):,}, {say(collecting_ns, 'ns')} in all"),
        ("results kept", f"{instrument.results_kept:,}"),
    )


def comparison_table(known: Mapping[str, tuple[Result, Results]]) -> Table:
    """The mean latency measured of each operation beside its cost as known without the recorder."""
    return Table(
        "Known and measured",
        ("operation", "known cost", "measured mean", "difference", "of known"),
        tuple(
            (name, *_compared(cost, results.get("latency_ns.mean", Unavailable("it was not estimated"))))
            for name, (cost, results) in known.items()
        ),
        empty="there is nothing to compare",
    )


def _compared(known: Result, measured: Result) -> tuple[str, str, str, str]:
    if isinstance(known, Unavailable) or isinstance(measured, Unavailable):
        return _with_interval(known), _with_interval(measured), "", ""
    difference = measured.value - known.value
    share = _signed(difference / known.value, "share") if known.value else ""
    return _with_interval(known), _with_interval(measured), _signed(difference, known.unit), share


def _with_interval(result: Result) -> str:
    if isinstance(result, Unavailable):
        return result.reason
    interval = _interval(result)
    return say(result.value, result.unit) + (f" ({interval})" if interval else "")


def _signed(value: float, unit: str) -> str:
    return f"{'+' if value > 0 else ''}{say(value, unit)}"


def side_by_side_table(
    title: str, of: Mapping[str, Results], names: Sequence[str], *, rows_are: str = "measured"
) -> Table:
    """The results called `names` of several measurements, one row a measurement, or whatever else `rows_are`."""
    rows = tuple((which, *(_beside(results, name) for name in names)) for which, results in of.items())
    return Table(title, (rows_are, *names), rows)


def _beside(results: Results, name: str) -> str:
    return _with_interval(results[name]) if name in results else "not among the results"


def witnesses_table(witnesses: Sequence[Witness]) -> Table:
    """What each load generator says of the same service; one that could not be asked says why."""
    return Table(
        "Witnesses of the same service",
        ("asked by", "rate λ", "mean wait W", "λ·W over N", "p99", "against ours"),
        tuple(_witness_row(each) for each in witnesses),
    )


def _witness_row(witness: Witness) -> tuple[str, ...]:
    if isinstance(witness.rate, Unavailable) and witness.rate == witness.wait:
        return witness.name, witness.rate.reason, "", "", "", ""
    figures = (witness.rate, witness.wait, witness.busy, witness.p99)
    return witness.name, *(_with_interval(each) for each in figures), witness.agreement


def truth_table(truth: Mapping[str, Estimate], results: Results) -> Table:
    """Estimates beside the truth, where it is known, and whether their intervals hold it."""
    return Table(
        "Truth and estimate",
        ("name", "truth", "estimate", "interval", "holds the truth"),
        tuple((name, say(true.value, true.unit), *_held(true, results.get(name))) for name, true in truth.items()),
        empty="no truth is known",
    )


def _held(truth: Estimate, result: Result | None) -> tuple[str, str, str]:
    if isinstance(result, Estimate):
        holds = "yes" if result.low <= truth.value <= result.high else "NO"
        return say(result.value, result.unit), _interval(result) or NO_INTERVAL, holds
    return result.reason if result else "it was not estimated", "", "cannot tell"


# What a run is called, in words.
_STEADY = {
    "flat": "steady throughout",
    "warmup": "slower at first, then steady",
    "slowdown": "faster at first, then steady",
    "no_steady_state": "no steady state",
    None: "cannot tell",
}


def steady_state_table(kind: str | None, results: Results) -> Table:
    """Whether a run settled: what it is called, above the results that say so; None is no name."""
    return results_table(results, f"Steady state: {_STEADY[kind]}")


_WEIGHING = ("littles_law.balance", "records.counted")


def faults_table(title: str, weighed: Mapping[str, tuple[Results, str, str]]) -> Table:
    """Honest records and doctored ones: L over λ·W, the count, the verdict, and the sentence it rests on."""
    return Table(
        title,
        ("records", "L/(λ·W)", "counted", "verdict", "sentence"),
        tuple(
            (name.replace("_", " "), *(_with_interval(results[of]) for of in _WEIGHING), verdict, sentence)
            for name, (results, verdict, sentence) in weighed.items()
        ),
        empty="no records were weighed",
    )


def evidence_table(record: Record) -> Table:
    """What of a record repeats wherever the same operations are measured: their columns, the audit, the gates."""
    content = record.content
    samples, audit = content["samples"], content["audit"]
    file = samples["file"]
    written = f"{file['name']}, sha256 {_short(file['sha256'])}" if file else "not written"
    return Table(
        "Evidence",
        ("what", "value"),
        (
            ("operations", f"{samples['operations']:,}"),
            ("columns sha256", _short(samples["columns_sha256"])),
            ("samples file", written),
            ("rules that looked", f"{len(audit['looked']):,}"),
            ("trust", _verdict(TrustVerdict(audit["verdict"]))),
            ("gates sha256", _short(content["gates"]["sha256"])),
        ),
    )


def _short(digest: str) -> str:
    return digest[:DIGEST_SHOWN]


def differences_table(title: str, of: Mapping[str, tuple[Result, Result, Result, str, Sequence[str]]]) -> Table:
    """
    Each result on both sides, the ratio of the new to the old, the answer, and which audit rules doubt it.

    Where no ratio can be told for one and the same reason, the title says it.
    """
    rows = {name: _difference(old, new, ratio) for name, (old, new, ratio, _, _) in of.items()}
    ratios = {row[2] for row in rows.values()} - {""}
    told = any(isinstance(ratio, Estimate) for _, _, ratio, _, _ in of.values())
    common = "" if told or len(ratios) != 1 else ratios.pop()
    return Table(
        f"{title}: {common}" if common else title,
        ("result", "old", "new", "new / old", "answer", "doubted by"),
        tuple(
            (name, *rows[name][:2], "" if common else rows[name][2], answer, ", ".join(doubted_by))
            for name, (_, _, _, answer, doubted_by) in of.items()
        ),
        empty="there is nothing to compare",
    )


def _difference(old: Result, new: Result, ratio: Result) -> tuple[str, str, str]:
    # What has no value on one side has no ratio for the same reason; it is said once.
    missing = isinstance(old, Unavailable) or isinstance(new, Unavailable)
    return _with_interval(old), _with_interval(new), "" if missing else _with_interval(ratio)


def history_table(name: str, of: Mapping[str, Result], changes: Mapping[str, tuple[float, float, float]]) -> Table:
    """
    A result run by run, oldest first, and where it changed.

    `changes` are by the run a change begins with: the medians before and after it, and its p-value.
    """
    unit = next((each.unit for each in of.values() if isinstance(each, Estimate)), "")
    return Table(
        f"{name}, oldest run first",
        ("run", "value", "interval", "change"),
        tuple(
            (run, *_result(result)[:2], _changed(changes[run], unit) if run in changes else "")
            for run, result in of.items()
        ),
        empty="there is no run of it",
    )


def _changed(change: tuple[float, float, float], unit: str) -> str:
    before, after, p_value = change
    return f"{say(before, unit)} to {say(after, unit)} (p = {p_value:.2g})"
