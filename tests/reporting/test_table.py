from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from bizra_lab.model import (
    Answer,
    Audit,
    Collection,
    Estimate,
    Finding,
    Instrument,
    Load,
    NotChecked,
    Record,
    Result,
    Samples,
    Unavailable,
    Verdict,
    Weight,
)
from bizra_lab.reporting.table import (
    TEXT_COLUMNS,
    Table,
    comparison_table,
    differences_table,
    evidence_table,
    faults_table,
    findings_table,
    history_table,
    measurement_table,
    results_table,
    settings_table,
    side_by_side_table,
    steady_state_table,
    truth_table,
    verdicts_table,
)
from bizra_lab.testing import samples_from

SMALL = Table("Fruit", ("name", "colour"), (("apple", "red"), ("fig", "")))


def _shown(value: object) -> dict[str, Any]:
    """What a notebook stores of a cell's last value."""
    data, _ = DisplayFormatter().format(value)  # type: ignore[no-untyped-call]
    return dict(data)


class TestText:
    def test_is_columns_under_a_title(self) -> None:
        expected = """\
Fruit
name   colour
-----  ------
apple  red
fig"""
        assert expected == str(SMALL)

    def test_wraps_a_long_sentence_inside_its_column(self) -> None:
        table = Table("Audit", ("rule", "sentence"), (("overlap", "four words in it " * 12), ("littles_law", "short")))
        expected = """\
Audit
rule         sentence
-----------  -------------------------------------------------------------------------------------------------
overlap      four words in it four words in it four words in it four words in it four words in it four words
             in it four words in it four words in it four words in it four words in it four words in it four
             words in it
littles_law  short"""
        assert expected == str(table)

    @pytest.mark.parametrize("columns", [1, 2, 6])
    def test_is_never_broader_than_a_terminal(self, columns: int) -> None:
        row = ("word " * 60,) * (columns - 1) + ("x" * 400,)
        table = Table("title " * 40, tuple("abcdef"[:columns]), (row,), empty="nothing " * 30)
        broadest = [max(map(len, str(each).splitlines())) for each in (table, Table(table.title, (), (), table.empty))]
        assert all(100 < each <= TEXT_COLUMNS for each in broadest), broadest

    def test_says_a_sentence_where_there_are_no_rows(self) -> None:
        assert "Gates\nno gate is about this study" == str(Table("Gates", ("gate",), (), "no gate is about this study"))

    def test_lets_no_foreign_word_break_a_line_or_command_a_terminal(self) -> None:
        table = Table("Shares", ("name",), (("Bad\nName\x1b[2J\u202e",),))
        assert "Bad Name\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}" == str(table).splitlines()[-1]

    def test_is_what_a_notebook_stores_beside_the_html(self) -> None:
        assert str(SMALL) == _shown(SMALL)["text/plain"]
        assert SMALL.html() == _shown(SMALL)["text/html"]


class TestHtml:
    def test_escapes_every_word(self) -> None:
        word = "<script>\"'&"
        table = Table(word, (word,), ((word,),))
        assert 3 == table.html().count("&lt;script&gt;&quot;&#x27;&amp;")
        assert "<script" not in table.html()
        assert "<script" not in Table(word, (), (), word).html()

    def test_has_a_head_a_row_for_each_row_and_no_ids(self) -> None:
        assert 3 == SMALL.html().count("<tr>")
        assert 2 == SMALL.html().count("<th ")
        assert " id=" not in SMALL.html()

    def test_says_a_sentence_where_there_are_no_rows(self) -> None:
        assert "<p><b>Gates</b><br>none</p>" == Table("Gates", ("gate",), ()).html()


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(AssertionError, match="a cell for each column"):
        Table("Fruit", ("name", "colour"), (("apple",),))


def test_results_stand_with_their_intervals_and_an_unavailable_one_with_its_reason() -> None:
    results: dict[str, Result] = {
        "throughput_per_s": Estimate(523_793.0, 520_000.0, 530_000.0, "per_s", 120_000),
        "latency_ns.p50": Estimate(999.0, 998.0, 1_200.0, "ns", 120_000),
        "latency_ns.p99.99": Unavailable("120,000 operations do not bound it"),
        "latency_ns.max": Estimate(2.5e6, 2.5e6, 2.5e6, "ns", 120_000),
        "share.failed": Estimate(0.0, 0.0, 0.0003, "share", 120_000),
        "littles_law.ratio": Estimate(0.9, 0.8, 1.0, "ratio", 120_000),
    }
    assert (
        ("throughput_per_s", "523,800 /s", "520,000 to 530,000 /s", "120,000"),
        ("latency_ns.p50", "999.0 ns", "998.0 ns to 1.200 µs", "120,000"),
        ("latency_ns.p99.99", "120,000 operations do not bound it", "", ""),
        ("latency_ns.max", "2.500 ms", "no width", "120,000"),
        ("share.failed", "0 %", "0 to 0.03000 %", "120,000"),
        ("littles_law.ratio", "0.9000", "0.8000 to 1.000", "120,000"),
    ) == results_table(results).rows


class TestFindings:
    def test_stand_by_rule_the_heaviest_of_a_rule_first_and_every_rule_is_there(self) -> None:
        audit = Audit(
            {
                "too_short": (Finding(Weight.NOTE, "a remark"), Finding(Weight.DOUBT, "1 s; it takes 120 s")),
                "overlap": (),
            },
            {"littles_law": NotChecked("workers undisclosed", undisclosed=True)},
        )
        assert (
            ("littles_law", "not checked", "workers undisclosed"),
            ("overlap", "found nothing", ""),
            ("too_short", "doubt", "1 s; it takes 120 s"),
            ("too_short", "note", "a remark"),
        ) == findings_table(audit).rows

    @pytest.mark.parametrize(
        ("title", "weights", "undisclosed"),
        [
            ("Audit: VALIDATED", (), False),
            ("Audit: VALIDATED", (Weight.NOTE,), False),
            ("Audit: UNDER AUDIT (not checked: blind)", (Weight.NOTE,), True),
            ("Audit: UNDER AUDIT (doubt: rule_0)", (Weight.DOUBT, Weight.NOTE), True),
            ("Audit: UNDER AUDIT (void: rule_1, rule_2)", (Weight.DOUBT, Weight.VOID, Weight.VOID), False),
            ("Audit: REFUTED (refutes: rule_2)", (Weight.VOID, Weight.DOUBT, Weight.REFUTES), True),
        ],
    )
    def test_are_headed_by_the_verdict_and_what_decided_it(
        self, title: str, weights: tuple[Weight, ...], undisclosed: bool
    ) -> None:
        found = {f"rule_{place}": (Finding(weight, "why"),) for place, weight in enumerate(weights)}
        assert title == findings_table(Audit(found, {"blind": NotChecked("no samples", undisclosed)})).title


def test_verdicts_stand_with_their_sentences_under_how_many_gave_which() -> None:
    table = verdicts_table(
        [
            Verdict("a.p99", "a.latency_ns.p99", Answer.PASS, "1.000 ms against at most 1.500 ms"),
            Verdict("a.rate", "a.throughput_per_s", Answer.OPEN, "in doubt: too_short"),
        ]
    )
    assert "Gates: 1 pass, 0 fail, 1 open" == table.title
    assert ("a.rate", "a.throughput_per_s", "open", "in doubt: too_short") == table.rows[1]


def test_a_study_without_gates_says_so() -> None:
    assert "Gates\nno gate is about this study" == str(verdicts_table([]))


def test_settings_stand_under_the_keys_that_an_override_takes() -> None:
    settings = MappingProxyType(
        {
            "study": "cache",
            "settings": {
                "question": "How fast?",
                "component": {"name": "cache", "ways": 8},
                "profile": {"clock": "real", "open_expected": False},
                "load": {"workers": 2, "rate_per_s": None},
                "analysis": {"quantiles": [0.5, 0.99]},
                "extra": {},
            },
            "component_settings": {"ways": 8, "lines": 512},
            "gates": "0123456789abcdef" * 4,
        }
    )
    assert (
        ("study", "cache"),
        ("question", "How fast?"),
        ("component.name", "cache"),
        ("component.ways", "8"),
        ("component.lines", "512"),
        ("profile.clock", "real"),
        ("profile.open_expected", "false"),
        ("load.workers", "2"),
        ("load.rate_per_s", "null"),
        ("analysis.quantiles", "0.5, 0.99"),
        ("extra", "{}"),
        ("gates", "0123456789abcdef"),
    ) == settings_table(settings).rows


class TestMeasurement:
    def _samples(self, load: Load, instrument: Instrument | None) -> Samples:
        made = samples_from([1_000, 2_000], clock_step_ns=10.0, duration_s=1.0, attempted=3)
        measurement = type(made.measurement)("cache", "inproc", load, 0.2, 1.0, 10.0, 3)
        columns = (made.scheduled_ns, made.started_ns, made.finished_ns, made.outcome, made.outcomes, made.worker)
        return Samples(measurement, *columns, instrument)

    def test_says_what_was_measured_and_what_the_apparatus_costs(self) -> None:
        collections = (Collection(5, 1_500_000, 2), Collection(9, 500_000, 0))
        instrument = Instrument("c", 20.0, 40.0, (36_000.0, 72_000.0), 1_000_000_000, collections, 2, "d1")
        assert (
            ("name", "cache"),
            ("scope", "inproc"),
            ("load", "closed"),
            ("workers", "2"),
            ("warm-up", "200.0 ms"),
            ("measured", "1.000 s"),
            ("operations", "2 recorded, 3 attempted"),
            ("clock step", "10.00 ns"),
            ("clock cost", "20.00 ns a reading"),
            ("recorder", "c"),
            ("floor", "40.00 ns for an empty operation"),
            ("canary", "36.00 µs, then 72.00 µs"),
            ("garbage collections", "2, 2.000 ms in all"),
            ("results kept", "2"),
        ) == measurement_table(self._samples(Load("closed", 2), instrument)).rows

    def test_says_the_planned_rate_of_an_open_load(self) -> None:
        table = measurement_table(self._samples(Load("open", 4, 2_000.0), None))
        assert ("load", "open, 2,000 /s planned") in table.rows

    def test_says_that_nothing_is_known_of_the_apparatus(self) -> None:
        table = measurement_table(self._samples(Load(), None))
        assert ("recorder", "not disclosed, nor what it costs") == table.rows[-1]

    def test_says_that_no_canary_was_timed(self) -> None:
        table = measurement_table(self._samples(Load(), Instrument("virtual", 0.0, 0.0, (), 1)))
        assert ("canary", "not timed") in table.rows


def test_known_costs_stand_beside_the_means_measured() -> None:
    def mean(value: float) -> dict[str, Estimate]:
        return {"latency_ns.mean": Estimate(value, value, value, "ns", 10)}

    def known(value: float) -> Estimate:
        return Estimate(value, value, value, "ns", 10)

    spread = {"latency_ns.mean": Estimate(1_050.0, 1_000.0, 1_100.0, "ns", 10)}
    assert (
        ("hash", "1.000 µs", "1.050 µs (1.000 to 1.100 µs)", "+50.00 ns", "+5.000 %"),
        ("sleep", "1.000 ms", "999.0 µs", "-1.000 µs", "-0.1000 %"),
        ("nothing", "0 ns", "40.00 ns", "+40.00 ns", ""),
        ("lost", "1.000 ns", "no operations", "", ""),
        ("unknown", "nobody timed it", "5.000 ns", "", ""),
        ("absent", "1.000 ns", "it was not estimated", "", ""),
    ) == comparison_table(
        {
            "hash": (known(1_000.0), spread),
            "sleep": (known(1e6), mean(999_000.0)),
            "nothing": (known(0.0), mean(40.0)),
            "lost": (known(1.0), {"latency_ns.mean": Unavailable("no operations")}),
            "unknown": (Unavailable("nobody timed it"), mean(5.0)),
            "absent": (known(1.0), {}),
        }
    ).rows


class TestEvidence:
    CONTENT = MappingProxyType(
        {
            "samples": {"operations": 120_000, "columns_sha256": "c0" * 32, "file": None},
            "audit": {"verdict": "under_audit", "looked": ["littles_law", "overlap"]},
            "gates": {"sha256": "9a" * 32},
            "environment": {"cpu": "of this machine"},
        }
    )

    def test_is_what_repeats_wherever_the_same_is_measured(self) -> None:
        assert (
            ("operations", "120,000"),
            ("columns sha256", "c0c0c0c0c0c0c0c0"),
            ("samples file", "not written"),
            ("rules that looked", "2"),
            ("trust", "UNDER AUDIT"),
            ("gates sha256", "9a9a9a9a9a9a9a9a"),
        ) == evidence_table(Record(self.CONTENT, "ee" * 32)).rows

    def test_names_the_samples_file_with_its_digest(self) -> None:
        file = {"name": "cache.samples.parquet", "sha256": "fe" * 32}
        samples = {"operations": 120_000, "columns_sha256": "c0" * 32, "file": file}
        table = evidence_table(Record({**self.CONTENT, "samples": samples}, "ee" * 32))
        assert ("samples file", "cache.samples.parquet, sha256 fefefefefefefefe") == table.rows[2]


def test_measurements_stand_side_by_side() -> None:
    results = {"latency_ns.p50": Estimate(2e6, 1e6, 3e6, "ns", 9)}
    text = str(side_by_side_table("Two loads", {"one": results, "other": {}}, ("latency_ns.p50",)))
    assert "Two loads" == text.splitlines()[0]
    assert "2.000 ms" in text
    assert "not among the results" in text


class TestDifferences:
    OLD = Estimate(1e6, 0.9e6, 1.1e6, "ns", 5)
    NEW = Estimate(2e6, 1.9e6, 2.1e6, "ns", 5)
    FEW = Unavailable("too few processes")

    def test_stand_as_both_sides_their_ratio_and_the_answer(self) -> None:
        ratio = Estimate(2.0, 1.8, 2.2, "ratio", 10)
        table = differences_table(
            "cache", {"latency_ns.p50": (self.OLD, self.NEW, ratio, "worse", ("drift", "pauses"))}
        )
        assert "cache" == table.title
        assert (
            "latency_ns.p50",
            "1.000 ms (900.0 µs to 1.100 ms)",
            "2.000 ms (1.900 to 2.100 ms)",
            "2.000 (1.800 to 2.200)",
            "worse",
            "drift, pauses",
        ) == table.rows[0]

    def test_say_once_why_no_ratio_can_be_told(self) -> None:
        each = (self.OLD, self.NEW, self.FEW, "open", ())
        table = differences_table("cache", {"latency_ns.p50": each, "latency_ns.p90": each})
        assert "cache: too few processes" == table.title
        assert ["", ""] == [row[3] for row in table.rows]

    def test_say_why_of_one_ratio_where_another_is_told(self) -> None:
        ratio = Estimate(2.0, 1.8, 2.2, "ratio", 10)
        told = (self.OLD, self.NEW, ratio, "worse", ())
        table = differences_table("cache", {"a": told, "b": (self.OLD, self.NEW, self.FEW, "open", ())})
        assert ("cache", "too few processes") == (table.title, table.rows[1][3])

    def test_give_the_reason_of_a_missing_side_in_its_own_place_only(self) -> None:
        table = differences_table("cache", {"a": (self.OLD, self.FEW, self.FEW, "open", ())})
        assert ("cache", "too few processes", "") == (table.title, table.rows[0][2], table.rows[0][3])


def test_a_history_shows_each_run_and_the_change_where_it_begins() -> None:
    runs: dict[str, Result] = {
        "first": Estimate(1e6, 0.9e6, 1.1e6, "ns", 9),
        "second": Unavailable("no operations"),
        "third": Estimate(2e6, 2e6, 2e6, "ns", 9),
    }
    table = history_table("cache.latency_ns.p50", runs, {"third": (1e6, 2e6, 0.002)})
    assert (
        ("first", "1.000 ms", "900.0 µs to 1.100 ms", ""),
        ("second", "no operations", "", ""),
        ("third", "2.000 ms", "no width", "1.000 ms to 2.000 ms (p = 0.002)"),
    ) == table.rows


def test_whatever_stands_side_by_side_is_called_what_it_is() -> None:
    assert "instrument" == side_by_side_table("L and λ", {}, (), rows_are="instrument").columns[0]


def test_results_may_have_a_title_of_their_own() -> None:
    assert ("Results", "The tail") == (results_table({}).title, results_table({}, "The tail").title)


class TestTruth:
    TRUTH = Estimate(1e6, 1e6, 1e6, "ns", 1)

    def _row(self, result: Result) -> tuple[str, ...]:
        return truth_table({"latency_ns.p50": self.TRUTH}, {"latency_ns.p50": result}).rows[0]

    def test_stands_beside_the_estimate_that_holds_it(self) -> None:
        row = self._row(Estimate(1.1e6, 0.9e6, 1.3e6, "ns", 9))
        assert ("latency_ns.p50", "1.000 ms", "1.100 ms", "900.0 µs to 1.300 ms", "yes") == row

    def test_is_missed_aloud(self) -> None:
        assert "NO" == self._row(Estimate(1.1e6, 1.05e6, 1.3e6, "ns", 9))[-1]

    def test_is_told_where_the_estimate_is_not(self) -> None:
        row = self._row(Unavailable("too few operations"))
        assert ("latency_ns.p50", "1.000 ms", "too few operations", "", "cannot tell") == row
        assert "it was not estimated" == truth_table({"latency_ns.p50": self.TRUTH}, {}).rows[0][2]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Steady state: steady throughout", "flat"),
        ("Steady state: slower at first, then steady", "warmup"),
        ("Steady state: cannot tell", None),
    ],
)
def test_a_run_is_called_what_it_is_above_the_results_that_say_so(title: str, kind: str | None) -> None:
    table = steady_state_table(kind, {"steady_state.levels": Estimate(2.0, 2.0, 2.0, "levels", 9)})
    assert (title, "steady_state.levels") == (table.title, table.rows[0][0])


def test_doctored_records_stand_with_what_told_them() -> None:
    results: dict[str, Result] = {
        "littles_law.balance": Estimate(1.02, 1.01, 1.03, "ratio", 9),
        "records.counted": Unavailable("no gate counted"),
    }
    table = faults_table("Planted records", {"wrong_unit": (results, "RED", "littles_law: out of balance")})
    expected = ("wrong unit", "1.020 (1.010 to 1.030)", "no gate counted", "RED", "littles_law: out of balance")
    assert (expected,) == table.rows
