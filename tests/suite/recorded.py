"""What tests of comparisons and histories share: processes with a level of their own, and runs with their records."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.audit import inspect
from bizra_lab.evidence.record import make_record, write_record
from bizra_lab.harness.environment import Host
from bizra_lab.model import Instrument, Record, Samples
from bizra_lab.study import claim_of
from bizra_lab.suite.run_folder import RUN_FILE, runs_folder
from bizra_lab.testing import samples_from

OPERATIONS = 3_000
SETTINGS = AnalysisSettings(quantiles=(0.5, 0.9))

HOST = Host(
    cpu="Zen",
    architecture="x86_64",
    cores=4,
    threads=8,
    usable_threads=8,
    cgroup_cpus=None,
    governor=None,
    turbo=None,
    virtual=False,
    container=False,
    memory_bytes=2**34,
    memory_available_bytes=2**33,
    swap_used_bytes=0,
    kernel="Linux 6",
    clock_source="tsc",
    load_average=(0.0, 0.0, 0.0),
    steal_ticks=0,
)


def process(
    level_ns: float, seed: int, *, name: str = "half", recorder: str = "c", workers: int = 1, failed: int = 0
) -> Samples:
    """The samples of one process: times around `level_ns`, which itself differs by half a percent between processes."""
    rng = np.random.default_rng(seed)
    own = level_ns * (1 + 0.005 * rng.standard_normal())
    times_ns = (own * rng.uniform(0.8, 1.2, OPERATIONS)).astype(np.int64)
    made = samples_from(
        times_ns, workers=workers, outcome=[*[1] * failed, *[0] * (OPERATIONS - failed)], outcomes=("ok", "Refused")
    )
    return dataclasses.replace(
        made,
        measurement=dataclasses.replace(made.measurement, name=name),
        instrument=Instrument(recorder, 35.0, 40.0, (), round(made.measurement.duration_s * 1e9)),
    )


def processes(level_ns: float, count: int, first: int = 0, **kwargs: Any) -> tuple[Samples, ...]:
    """The samples of so many processes, seeded from `first` on."""
    return tuple(process(level_ns, first + each, **kwargs) for each in range(count))


def record_of(
    samples: Samples, *, study: str = "half", profile: str = "standard", host: Host = HOST, duration_s: float = 20.0
) -> Record:
    """The record of a study that was to be measured for `duration_s` on `host`."""
    results = estimate(samples, SETTINGS)
    claim = claim_of(samples, results)
    return make_record(
        study=study,
        question="How long?",
        profile=profile,
        settings={"settings": {"profile": {"duration_s": duration_s}}},
        declared=claim.declared,
        samples=samples,
        samples_digest="00",
        samples_file=None,
        environment={"host": host},
        results=results,
        audit=inspect(claim),
        verdicts=(),
        gates_digest="11",
    )


def leave_run(home: Path, name: str, *records: Record) -> Path:
    """A run's folder of that name with these records in it."""
    folder = runs_folder(home) / name
    folder.mkdir(parents=True)
    (folder / RUN_FILE).write_text(json.dumps({"jobs": []}), encoding="utf-8")
    for record in records:
        write_record(record, folder / f"{record.content['study']}.record.json")
    return folder
