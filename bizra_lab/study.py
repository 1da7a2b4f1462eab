"""
A params file with its profile and overrides, as a Study, and the line over it: the one module that knows every stage.

    study = load("circuit_breaker", "smoke")
    samples = measure(study)                        # bizra_lab.measuring
    results = estimate(samples, study.analysis)
    claim = claim_of(samples, results)
    audit = inspect(claim)
    verdicts = judge(study.gates, claim, audit)
    record(study, samples, results, audit, verdicts, out_dir)
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.analysis.means import level
from bizra_lab.analysis.summary import Summary, summary_from
from bizra_lab.analysis.summary import results as summary_results
from bizra_lab.audit import RULES, inspect, inspect_together
from bizra_lab.components import COMPONENTS
from bizra_lab.errors import SettingsError, UnknownName, nearest
from bizra_lab.evidence.audit_document import AuditedSource
from bizra_lab.evidence.record import make_record, write_record
from bizra_lab.evidence.samples_file import columns_digest, is_parquet, read_samples, write_samples
from bizra_lab.evidence.summary_file import is_summary, read_summary
from bizra_lab.files import write_atomically
from bizra_lab.gates import Gates, judge, load_gates
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.environment import read_environment
from bizra_lab.harness.reference import cost_by_batches
from bizra_lab.harness.virtual import ServiceTimes
from bizra_lab.importers import IMPORTERS, refuse_what_is_no_file
from bizra_lab.importers import read as read_foreign
from bizra_lab.model import (
    Audit,
    Claim,
    Declared,
    Estimate,
    Load,
    Measurement,
    Record,
    Result,
    Results,
    Samples,
    Verdict,
    Workload,
)
from bizra_lab.settings import build, canonical, digest, mapping_of, override, plain, read_yaml

__all__ = [
    "Profile",
    "Study",
    "audit_source",
    "beside",
    "claim_of",
    "estimate",
    "find_home",
    "inspect",
    "judge",
    "known_cost",
    "load",
    "record",
    "studies",
    "workload",
]

SAMPLES_FORMAT, SUMMARY_FORMAT = "samples", "summary"

HOME_VARIABLE = "BIZRA_LAB_HOME"  # the folder that holds params/ and notebooks/, when it is not found upwards


@dataclass(frozen=True, slots=True)
class Profile:
    """
    How long, and by which clock.

    `beside_s` is the window of what is measured beside the judged measurement, to be looked at and never judged; the
    same when it is None. `open_expected`: gates that stay open are no bad news, since the profile is too short, or not
    real, to close them.
    """

    clock: Literal["real", "virtual"]
    warmup_s: float
    duration_s: float
    beside_s: float | None = None
    open_expected: bool = False

    def __post_init__(self) -> None:
        if self.warmup_s < 0:
            raise ValueError(f"warmup_s must not be below 0, got {self.warmup_s:g}")
        if self.duration_s <= 0:
            raise ValueError(f"duration_s must be above 0, got {self.duration_s:g}")
        if self.beside_s is not None and self.beside_s <= 0:
            raise ValueError(f"beside_s must be above 0, got {self.beside_s:g}")

    @property
    def beside(self) -> Profile:
        """The profile of what is measured beside: never longer, its warm-up shortened by as much as its window."""
        if self.beside_s is None or self.beside_s >= self.duration_s:
            return self
        return replace(self, warmup_s=self.warmup_s * self.beside_s / self.duration_s, duration_s=self.beside_s)


@dataclass(frozen=True, slots=True)
class _StudyFile:
    """What a params file says; `simulated` is for a virtual clock only."""

    question: str
    seed: int
    component: dict[str, Any]
    simulated: ServiceTimes
    load: Load = field(default_factory=Load)
    analysis: AnalysisSettings = field(default_factory=AnalysisSettings)
    recorder: Literal["auto", "c", "python"] = "auto"


@dataclass(frozen=True, slots=True)
class Study:
    """What will be done; each stage is handed only its own part."""

    stem: str
    question: str
    seed: int
    component: str
    component_settings: Any  # the component's own Settings
    load: Load
    analysis: AnalysisSettings
    recorder: Literal["auto", "c", "python"]
    profile_name: str
    profile: Profile
    simulated: ServiceTimes  # how long operations take when the clock is virtual
    gates: Gates  # of this study only
    gates_digest: str  # of all gates in the file: limits are fixed before the run
    home: Path
    settings: Mapping[str, Any]  # all of the above as plain data: what the record holds

    @property
    def digest(self) -> str:
        """SHA-256 of everything that was asked for."""
        return digest(self.settings)


def find_home(start: Path | None = None) -> Path:
    """
    The folder that holds `params/` and `notebooks/`: named by the environment, or the first one upwards from `start`.

    Raises SettingsError with one line when there is none.
    """
    named = os.environ.get(HOME_VARIABLE)
    here = (start or Path.cwd()).resolve()
    for folder in [Path(named)] if named else [here, *here.parents]:
        if (folder / "params").is_dir() and (folder / "notebooks").is_dir():
            return folder
    raise SettingsError(
        f"{named or here}: no params/ and notebooks/ here{'' if named else ' or above'}; "
        f"expected the lab's folder (or set {HOME_VARIABLE})"
    )


def studies(home: Path) -> tuple[str, ...]:
    """The stems of all studies of the lab, alphabetical."""
    return tuple(sorted(path.stem for path in (home / "params").glob("*.yaml") if path.stem != "gates"))


def load(
    study: str, profile: str = "smoke", overrides: Mapping[str, Any] | None = None, home: Path | None = None
) -> Study:
    """
    The study called `study` (a stem, or the path of a params file) under a profile, with dotted settings replaced.

    Everything is checked here, before anything runs: an unknown or wrong setting raises SettingsError with the file,
    the path in it and the nearest valid name; an unknown study or profile raises UnknownName.
    """
    home = find_home() if home is None else home
    path = _params_path(study, home)
    raw = read_yaml(path)
    if "profile" in raw:
        raise SettingsError(f"{path}.profile: a study is run under any profile; set it when running")
    profile_path = _profile_path(profile, home)
    raw = override(raw | {"profile": read_yaml(profile_path)}, overrides or {})
    where = str(path)
    chosen = build(Profile, raw.pop("profile"), str(profile_path))
    parsed = build(_StudyFile, raw, where)
    component = mapping_of(parsed.component, f"{where}.component")
    name = component.pop("name", None)
    if not isinstance(name, str):
        raise SettingsError(f"{where}.component.name: expected the name of a component, got {name!r}")
    component_settings = build(COMPONENTS.get(name).settings, component, f"{where}.component")
    gates = load_gates(home / "params" / "gates.yaml")
    _check_rules_exist(gates, home)
    return Study(
        stem=path.stem,
        question=parsed.question,
        seed=parsed.seed,
        component=name,
        component_settings=component_settings,
        load=parsed.load,
        analysis=parsed.analysis,
        recorder=parsed.recorder,
        profile_name=profile,
        profile=chosen,
        simulated=parsed.simulated,
        gates=Gates(gates.of_study(path.stem), gates.scoring),
        gates_digest=gates.digest,
        home=home,
        settings=plain(
            {
                "study": path.stem,
                "settings": {**plain(parsed), "profile": chosen},
                "component_settings": component_settings,
                "gates": gates.digest,
            }
        ),
    )


def beside(study: Study) -> Study:
    """The study as it is measured beside the judged measurement, to be looked at: by `Profile.beside`."""
    profile = study.profile.beside
    settings = {**study.settings["settings"], "profile": plain(profile)}
    return replace(study, profile=profile, settings={**study.settings, "settings": settings})


def _params_path(study: str, home: Path) -> Path:
    if study.endswith((".yaml", ".yml")) or os.sep in study:
        return Path(study)
    known = studies(home)
    if study not in known:
        raise UnknownName(f"no study named {study!r}{nearest(study, known)}; there are: {', '.join(known)}")
    return home / "params" / f"{study}.yaml"


def _profile_path(profile: str, home: Path) -> Path:
    folder = home / "params" / "profiles"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if profile not in known:
        raise UnknownName(f"no profile named {profile!r}{nearest(profile, known)}; there are: {', '.join(known)}")
    return folder / f"{profile}.yaml"


def _check_rules_exist(gates: Gates, home: Path) -> None:
    for gate in gates.gates:
        for rule in gate.requires.audit:
            if rule not in RULES.names():
                raise SettingsError(
                    f"{home / 'params' / 'gates.yaml'}: {gate.id}.requires.audit: no rule named {rule!r}"
                    f"{nearest(rule, RULES.names())}"
                )


def workload(study: Study) -> Workload:
    """The workload of a study on a real clock, with what is needed to make it again in another process."""
    made = prepared(study.component, study.component_settings, study.seed)
    if made.remake:  # it knows better, as one with a process of its own does
        return made
    return replace(made, remake=partial(prepared, study.component, study.component_settings, study.seed))


def prepared(component: str, settings: Any, seed: int) -> Workload:
    """A component's workload on a real clock."""
    return COMPONENTS.get(component).prepare(settings, np.random.default_rng(seed), MonotonicClock().now_ns)


def known_cost(study: Study) -> Result:
    """
    The mean cost of the study's operation, ns, found without the recorder.

    By a batch of operations between two readings of the clock; under a virtual clock, by what was drawn from.
    """
    if study.profile.clock == "virtual":
        mean_ns = study.simulated.mean_ns
        return Estimate(mean_ns, mean_ns, mean_ns, "ns", 1)
    with contextlib.closing(workload(study)) as made:
        costs_ns = cost_by_batches(made, MonotonicClock())
    return level(costs_ns, study.analysis.confidence, "ns", len(costs_ns))


def claim_of(samples: Samples, results: Results) -> Claim:
    """A measurement of our own as the auditor sees anybody's: its results, what is declared of it, its samples."""
    cores = samples.instrument.cores if samples.instrument else None
    declared = replace(_declared(samples.measurement), cores=cores)
    return Claim(samples.measurement.name, results, declared, samples)


def claim_of_summary(merged: Summary) -> Claim:
    """What runs claim of which only a summary is left, as the auditor sees anybody's printed figures."""
    return Claim(merged.measurement.name, summary_results(merged), _declared(merged.measurement))


def _declared(measurement: Measurement) -> Declared:
    return Declared(
        scope=measurement.scope,
        kind=measurement.load.kind,
        workers=measurement.load.workers,
        rate_per_s=measurement.load.rate_per_s,
        warmup_s=measurement.warmup_s,
        duration_s=measurement.duration_s,
        operations=measurement.operations_attempted,
        clock_step_ns=measurement.clock_step_ns,
    )


def record(
    study: Study,
    samples: Samples,
    results: Results,
    audit: Audit,
    verdicts: Iterable[Verdict],
    out_dir: str | Path = "",
    documents: Mapping[str, Any] = MappingProxyType({}),
) -> Record:
    """
    The record of the study; with an `out_dir`, also left there as `<stem>.samples.parquet` and `<stem>.record.json`.

    `documents` are further evidence, plain data by name, left beside them as `<name>.json`; the record has their
    digests. Raises Unwritable with one line when the folder does not take them.
    """
    folder = Path(out_dir) if out_dir else None
    file = None
    if folder is not None:
        name = f"{study.stem}.samples.parquet"
        file = {"name": name, "sha256": write_samples(samples, folder / name)}
        for name, document in documents.items():
            write_atomically(folder / f"{name}.json", canonical(document))
    made = make_record(
        study=study.stem,
        question=study.question,
        profile=study.profile_name,
        settings=study.settings,
        declared=claim_of(samples, results).declared,
        samples=samples,
        samples_digest=columns_digest(samples),
        samples_file=file,
        environment=read_environment(study.home),
        results=results,
        audit=audit,
        verdicts=verdicts,
        gates_digest=study.gates_digest,
        documents={name: {"name": f"{name}.json", "sha256": digest(each)} for name, each in documents.items()},
    )
    if folder is not None:
        write_record(made, folder / f"{study.stem}.record.json")
    return made


def audit_source(path: Path, kind: str = "auto", workers: int | None = None) -> AuditedSource:
    """
    Every claim of a file with its audit; `workers` says the concurrency where the file does not.

    Raises Unreadable with one line when the file is not of a known format, or SettingsError for an unknown `kind`, and
    for `workers` that contradict the file.
    """
    formats = ("auto", SAMPLES_FORMAT, SUMMARY_FORMAT, *IMPORTERS.names())
    if kind not in formats:
        raise SettingsError(f"--format: expected one of {', '.join(formats)}, got {kind!r}{nearest(kind, formats)}")
    refuse_what_is_no_file(path)
    if kind == SUMMARY_FORMAT or (kind == "auto" and is_summary(path)):
        merged = summary_from(*read_summary(path), str(path))
        _check_workers(workers, merged.measurement)
        claim = claim_of_summary(merged)
        return AuditedSource(str(path), SUMMARY_FORMAT, [(claim, inspect(claim))])
    if kind == SAMPLES_FORMAT or (kind == "auto" and is_parquet(path)):
        samples = read_samples(path)
        _check_workers(workers, samples.measurement)
        return audited_samples(str(path), SAMPLES_FORMAT, samples)
    source = read_foreign(path, kind, workers)
    claims = [_with_estimates(claim) for claim in source.claims]
    return AuditedSource(str(path), source.format, list(zip(claims, inspect_together(claims), strict=True)))


def _check_workers(workers: int | None, measurement: Measurement) -> None:
    if workers is not None and workers != measurement.load.workers:
        raise SettingsError(
            f"--workers: the file declares {measurement.load.workers} workers, got {workers}; "
            "it is only for files that do not say"
        )


def _with_estimates(claim: Claim) -> Claim:
    """A claim that brings its operations has their results too; what the file says itself is kept."""
    return claim if claim.samples is None else replace(claim, results={**estimate(claim.samples), **claim.results})


def audited_samples(source: str, kind: str, samples: Samples) -> AuditedSource:
    """The one claim that samples make, with its audit; `kind` says how we came by them."""
    claim = claim_of(samples, estimate(samples))
    return AuditedSource(source, kind, [(claim, inspect(claim))])
