"""A run that has ended, with one real record in it, made without a kernel."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import nbformat

from bizra_lab.analysis.estimate import estimate
from bizra_lab.audit import inspect
from bizra_lab.gates import Gates, judge, load_gates
from bizra_lab.measuring import measure
from bizra_lab.study import claim_of, load, record
from bizra_lab.suite.run_folder import JobState, Run, State, runs_folder
from bizra_lab.suite.seal import Concluded, conclude

HOME = Path(__file__).parents[2]
STUDY = "circuit_breaker"
NOTEBOOK = "01_circuit_breaker.ipynb"
SAMPLES = "circuit_breaker.samples.parquet"
ABOUT = {
    "profile": "replay",
    "started": "2026-01-31T12:34:56Z",
    "finished": None,
    "git": {"commit": None, "dirty": None},
    "host": {"fingerprint": "0123456789ab", "cpu": None},
}


@functools.cache
def _evidence() -> dict[str, bytes]:
    """The files of a circuit breaker measured in simulated time: notebook, samples and record."""
    study = load(STUDY, "replay", {"profile.duration_s": 0.01, "profile.warmup_s": 0}, HOME)
    samples = measure(study)
    results = estimate(samples, study.analysis)
    claim = claim_of(samples, results)
    audit = inspect(claim)
    title = nbformat.v4.new_markdown_cell("# A title")
    with tempfile.TemporaryDirectory() as folder:
        record(study, samples, results, audit, judge(study.gates.gates, claim, audit), folder)
        nbformat.write(nbformat.v4.new_notebook(cells=[title]), Path(folder) / NOTEBOOK)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def ended_run(home: Path, name: str = "20260131T123456Z-replay-0123abcd") -> Run:
    """A run of the circuit breaker whose notebook has ended; not judged yet."""
    folder = runs_folder(home) / name
    folder.mkdir(parents=True)
    for file, data in _evidence().items():
        (folder / file).write_bytes(data)
    run = Run(folder, ABOUT, [JobState(STUDY, NOTEBOOK, State.COMPLETED)])
    run.write()
    return run


def gates_of(home: Path) -> Gates:
    """The limits of a lab."""
    return load_gates(home / "params" / "gates.yaml")


def concluded(run: Run, home: Path) -> Concluded:
    """What concluding the run gives: judged and, where it can be, sealed."""
    return conclude(run, home, gates_of(home))
