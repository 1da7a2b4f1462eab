"""
What the gates say before a run is over, for the notebook that shows it: the same judgement that follows the last one.

A run is sealed after its last notebook, so what that one can show of the seal is a rehearsal: the records that there
are so far are sealed with a key of the study's own, and verified.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bizra_lab.components.attestation import SEED_BYTES, SigningKey, VerifyingKey
from bizra_lab.evidence.record import audit_of, write_record
from bizra_lab.evidence.seal import Sealed, check, seal
from bizra_lab.evidence.statement import Judged
from bizra_lab.gates import Gates, judge, load_gates
from bizra_lab.measuring import measure
from bizra_lab.model import Audit, Record
from bizra_lab.study import Study, claim_of, estimate, inspect, load, record, studies
from bizra_lab.suite.run_folder import LATEST, find_run
from bizra_lab.suite.seal import run_claim, verified_share
from bizra_lab.suite.verdicts import RunVerdicts, judge_run, read_records

REHEARSED_BY = "this notebook's key"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Whose records were judged, in words; each study's audit; and what the gates say."""

    source: str
    audits: Mapping[str, Audit]
    judged: RunVerdicts


def rehearse(study: Study, out_dir: str | Path = "") -> Rehearsed:
    """
    What the gates say of the records in `out_dir`; without one, of the newest run.

    Under a virtual clock nothing has to be waited for: there each study with a gate is gone through here and now.
    Raises Unreadable with one line when there is no run, or its records are broken.
    """
    gates = load_gates(study.home / "params" / "gates.yaml")
    if study.profile.clock == "virtual" and not out_dir:
        source, records = "each study that has a gate, gone through here", _gone_through(study, gates)
    else:
        folder = Path(out_dir) if out_dir else find_run(study.home, LATEST)
        source, records = "this run so far" if out_dir else f"run {folder.name}", read_records(folder)
    judged = judge_run(source, records, gates, run_claim(verified_share(_sealed(study, records))))
    return Rehearsed(source, {stem: audit_of(each) for stem, each in records.items()}, judged)


def _gone_through(study: Study, gates: Gates) -> dict[str, Record]:
    stems = dict.fromkeys(gate.study for gate in gates.gates if gate.study in studies(study.home))
    return {stem: _walked(load(stem, study.profile_name, home=study.home)) for stem in stems}


def _walked(study: Study) -> Record:
    samples = measure(study)
    results = estimate(samples, study.analysis)
    claim = claim_of(samples, results)
    audit = inspect(claim)
    return record(study, samples, results, audit, judge(study.gates.gates, claim, audit))


def _sealed(study: Study, records: Mapping[str, Record]) -> Sealed:
    """The records sealed by themselves, with a key that the study's seed makes, and verified."""
    signer = SigningKey(np.random.default_rng(study.seed).bytes(SEED_BYTES))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for stem, each in records.items():
            write_record(each, folder / f"{stem}.record.json")
        seal(folder, signer, Judged((), (), ()))
        return check(folder, {REHEARSED_BY: VerifyingKey(signer.public)})
