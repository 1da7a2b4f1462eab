"""A study: refused at the door, or run down the whole line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bizra_lab import study as line
from bizra_lab.errors import LabError, SettingsError, UnknownName
from bizra_lab.evidence.record import read_record
from bizra_lab.evidence.samples_file import columns_digest, file_digest, read_samples, write_samples
from bizra_lab.measuring import measure
from bizra_lab.model import Answer, Estimate, TrustVerdict
from bizra_lab.testing import clean_samples

HOME = Path(__file__).parents[1]


def load(overrides: dict[str, Any] | None = None, profile: str = "replay") -> line.Study:
    return line.load("circuit_breaker", profile, overrides, HOME)


def test_every_study_loads_under_every_profile() -> None:
    for stem in line.studies(HOME):
        for profile in ("replay", "smoke", "standard", "audit"):
            assert stem == line.load(stem, profile, home=HOME).stem


@pytest.mark.parametrize(
    ("sentence", "overrides"),
    [
        ("circuit_breaker.yaml.load.wrkers: unknown setting; did you mean 'workers'?", {"load.wrkers": 2}),
        ("circuit_breaker.yaml.seeds: unknown setting; did you mean 'seed'?", {"seeds": 2}),
        ("circuit_breaker.yaml.component.window_sise: unknown setting", {"component.window_sise": 2}),
        ("circuit_breaker.yaml.component: failure_share must be a share", {"component.failure_share": 1.5}),
        ("smoke.yaml: duration_s must be above 0, got -1", {"profile.duration_s": -1}),
        ("smoke.yaml: beside_s must be above 0, got 0", {"profile.beside_s": 0}),
        ("smoke.yaml: warmup_s must not be below 0", {"profile.warmup_s": -0.5}),
        ("smoke.yaml.durations_s: unknown setting; did you mean 'duration_s'?", {"profile.durations_s": 1}),
        ("circuit_breaker.yaml.load: workers must be at least 1, got 0", {"load.workers": 0}),
        ("circuit_breaker.yaml.load.workers: expected int, got 'two'", {"load.workers": "two"}),
        ("no component named 'circuit_braker'; did you mean 'circuit_breaker'?", {"component.name": "circuit_braker"}),
        ("circuit_breaker.yaml.component.name: expected the name of a component", {"component": {}}),
        ("a quantile lies between 0 and 1, got 99", {"analysis.quantiles": [99]}),
    ],
)
def test_a_wrong_setting_stops_the_run_before_it_starts(sentence: str, overrides: dict[str, Any]) -> None:
    with pytest.raises(LabError) as refused:
        load(overrides, "smoke")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("sentence", "study", "profile"),
    [
        ("no study named 'circuit_braker'; did you mean 'circuit_breaker'?", "circuit_braker", "smoke"),
        ("no profile named 'smoky'; did you mean 'smoke'?", "circuit_breaker", "smoky"),
        ("nowhere.yaml: No such file or directory", "nowhere.yaml", "smoke"),
    ],
)
def test_an_unknown_study_or_profile_is_answered_with_the_nearest(sentence: str, study: str, profile: str) -> None:
    with pytest.raises(LabError) as refused:
        line.load(study, profile, home=HOME)
    assert sentence in str(refused.value)


def test_a_study_may_not_choose_its_own_profile(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text((HOME / "params" / "circuit_breaker.yaml").read_text(encoding="utf-8") + "profile: {}\n")
    with pytest.raises(SettingsError, match=r"mine\.yaml\.profile: a study is run under any profile"):
        line.load(str(path), "smoke", home=HOME)


def test_a_gate_that_requires_a_rule_nobody_wrote_is_refused(tmp_path: Path) -> None:
    for folder in ("params/profiles", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("circuit_breaker.yaml", "profiles/replay.yaml"):
        (tmp_path / "params" / name).write_text((HOME / "params" / name).read_text(encoding="utf-8"))
    gates = (HOME / "params" / "gates.yaml").read_text(encoding="utf-8").replace("littles_law,", "littels_law,")
    (tmp_path / "params" / "gates.yaml").write_text(gates)
    with pytest.raises(SettingsError, match="no rule named 'littels_law'; did you mean 'littles_law'"):
        line.load("circuit_breaker", "replay", home=tmp_path)


def test_the_lab_is_found_from_below_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(line.HOME_VARIABLE, raising=False)
    assert HOME == line.find_home(HOME / "outputs" / "golden")
    with pytest.raises(SettingsError, match="no params/ and notebooks/ here or above"):
        line.find_home(tmp_path)
    monkeypatch.setenv(line.HOME_VARIABLE, str(tmp_path))
    with pytest.raises(SettingsError, match="expected the lab's folder"):
        line.find_home(HOME)


def test_the_whole_line_in_simulated_time_leaves_a_record_that_names_its_samples(tmp_path: Path) -> None:
    study = load()
    samples = measure(study)
    results = line.estimate(samples, study.analysis)
    claim = line.claim_of(samples, results)
    audit = line.inspect(claim)
    verdicts = line.judge(study.gates.gates, claim, audit)
    made = line.record(study, samples, results, audit, verdicts, tmp_path)

    assert {Answer.OPEN} == {verdict.answer for verdict in verdicts}
    assert TrustVerdict.UNDER_AUDIT is audit.verdict
    assert ["circuit_breaker.record.json", "circuit_breaker.samples.parquet"] == sorted(
        path.name for path in tmp_path.iterdir()
    )
    again = read_record(tmp_path / "circuit_breaker.record.json")
    assert made.digest == again.digest
    parquet = tmp_path / "circuit_breaker.samples.parquet"
    assert file_digest(parquet) == again.content["samples"]["file"]["sha256"]
    assert columns_digest(read_samples(parquet)) == again.content["samples"]["columns_sha256"]


def test_simulated_samples_repeat_to_the_digit() -> None:
    assert columns_digest(measure(load())) == columns_digest(measure(load()))
    assert columns_digest(measure(load())) != columns_digest(measure(load({"seed": 1})))


def test_the_injected_share_of_failures_comes_back_as_measured() -> None:
    results = line.estimate(measure(load({"component.failure_share": 0.1})))
    found = results["share.failed"]
    assert isinstance(found, Estimate)
    assert 0.095 < found.value < 0.105


def test_an_honest_samples_file_of_anybody_is_validated(tmp_path: Path) -> None:
    write_samples(clean_samples(6), tmp_path / "theirs.parquet")
    audited = line.audit_source(tmp_path / "theirs.parquet")
    assert TrustVerdict.VALIDATED is audited.verdict
    with pytest.raises(SettingsError, match="the file declares 1 workers, got 2"):
        line.audit_source(tmp_path / "theirs.parquet", workers=2)
    with pytest.raises(SettingsError, match="did you mean 'samples'"):
        line.audit_source(tmp_path / "theirs.parquet", "sampels")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LabError, match="pipe: no regular file; expected a result file"):
        line.audit_source(tmp_path / "pipe")


def test_your_own_function_goes_down_the_same_line() -> None:
    calls = iter(range(10**9))

    def every_tenth_fails() -> None:
        if next(calls) % 10 == 0:
            raise TimeoutError

    samples = measure(every_tenth_fails, warmup_s=0.0, duration_s=0.05)
    assert samples.measurement.name.endswith("every_tenth_fails")
    assert ("ok", "TimeoutError") == samples.outcomes
    assert len(samples) == samples.measurement.operations_attempted
    assert 0.08 < (samples.outcome != 0).mean() < 0.12


def test_a_measurement_of_our_own_says_how_many_processors_it_might_use_and_is_held_to_it() -> None:
    samples = measure(int, warmup_s=0.0, duration_s=0.05)
    claim = line.claim_of(samples, line.estimate(samples))
    assert len(os.sched_getaffinity(0)) == claim.declared.cores
    assert () == line.inspect(claim).findings["utilisation"]


def test_the_record_is_json_without_nan(tmp_path: Path) -> None:
    study = load()
    samples = measure(study)
    results = line.estimate(samples, study.analysis)
    audit = line.inspect(line.claim_of(samples, results))
    line.record(study, samples, results, audit, (), tmp_path)
    text = (tmp_path / "circuit_breaker.record.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} in a record"))


def test_further_evidence_is_left_beside_the_record_which_has_its_digest(tmp_path: Path) -> None:
    study = load()
    samples = measure(study)
    results = line.estimate(samples, study.analysis)
    audit = line.inspect(line.claim_of(samples, results))
    made = line.record(study, samples, results, audit, (), tmp_path, {"wq_proof": {"heads": ["B3", "B3", "B3"]}})
    assert b'{"heads":["B3","B3","B3"]}' == (tmp_path / "wq_proof.json").read_bytes()
    named = made.content["documents"]["wq_proof"]
    assert {"name": "wq_proof.json", "sha256": file_digest(tmp_path / "wq_proof.json")} == named


def test_unknown_names_are_told_with_what_there_is() -> None:
    with pytest.raises(
        UnknownName,
        match="did you mean 'cache'\\?; there are: attestation, auditor_self_test, cache, circuit_breaker, claims",
    ):
        line.load("cache2", "smoke", home=HOME)


def test_what_is_measured_beside_is_shorter_and_says_so() -> None:
    whole = load(profile="audit")
    shown = line.beside(whole)
    assert (30, 120) == (whole.profile.warmup_s, whole.profile.duration_s)
    assert (3, 12) == (shown.profile.warmup_s, shown.profile.duration_s)
    assert (3, 12) == tuple(shown.settings["settings"]["profile"][name] for name in ("warmup_s", "duration_s"))
    assert shown.digest != whole.digest


@pytest.mark.parametrize(
    "overrides", [{"profile.beside_s": None}, {"profile.duration_s": 12}, {"profile.duration_s": 5}]
)
def test_nothing_is_measured_longer_beside_than_what_is_judged(overrides: dict[str, Any]) -> None:
    whole = load(overrides, "audit")
    assert whole == line.beside(whole)
