"""
How a run ends: its evidence is sealed and verified, judged, and all of it sealed and entered in the ledger.

Gates and page are drawn from the bytes that were verified, in a copy of them, so that between verifying and judging
nothing can come in. The first seal is for that; the second, which stays, covers verdicts and page too.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bizra_lab.components.attestation import SigningKey, VerifyingKey
from bizra_lab.errors import LabError, SettingsError, Unreadable, Unwritable, one_line
from bizra_lab.evidence.ledger import Entry, Ledger, alone, append, read_ledger, recall, remember
from bizra_lab.evidence.record import audit_of
from bizra_lab.evidence.seal import Sealed, check, is_sealed, seal, unseal
from bizra_lab.evidence.statement import Judged, LedgerMark
from bizra_lab.files import write_atomically
from bizra_lab.gates import Gates, load_gates
from bizra_lab.harness.environment import now_utc
from bizra_lab.model import Answer, Claim, Declared, Estimate, Record, Result, TrustVerdict, Unavailable, Verdict
from bizra_lab.suite.keyring import OWN, ledger_path, memory_of, own_signer
from bizra_lab.suite.report import REPORT_FILE, STATUS_FILE, write_report
from bizra_lab.suite.run_folder import Run
from bizra_lab.suite.verdicts import GATES_FILE, ITSELF, RunVerdicts, judge_run, read_records, write_verdicts

CONCLUSIONS = (GATES_FILE, REPORT_FILE, STATUS_FILE)  # what is drawn from the evidence, and is none

GATES_COPY = "gates.yaml"
SAMPLES_SUFFIX = ".parquet"

VERIFIED = "share.verified"  # the result that the gate on the attestation is of

KEPT_DAYS = 180  # how long a sealed run is kept, where nobody says


@dataclass(frozen=True, slots=True)
class Concluded:
    """What the gates say of a run, and why it was left without a seal; empty where it has one."""

    judged: RunVerdicts
    unsealed: str


def conclude(run: Run, home: Path, gates: Gates, unsealed: str = "", kept_days: int = KEPT_DAYS) -> Concluded:
    """
    Judge a run whose notebooks have ended, leave gates.json and its page, and seal it.

    With `unsealed`, a reason, it gets no seal; nor when there is no place for a key, or the ledger is broken. It is
    judged all the same, and the gate on its attestation stays open. Raises SettingsError when it is sealed already.
    """
    moment = sealed_at(run.folder, home)
    if moment is not None:
        raise SettingsError(f"{run.id}: sealed at {moment}, and not to be changed; expected a run without a seal")
    unseal(run.folder)
    for name in CONCLUSIONS:
        (run.folder / name).unlink(missing_ok=True)
    run.finish(now_utc())
    if not unsealed:
        try:
            return Concluded(_seal_and_judge(run, home, gates, kept_days), "")
        except LabError as error:
            unsealed = one_line(error)
            unseal(run.folder)
    return Concluded(_judge(run.folder, gates, Unavailable(f"not sealed: {unsealed}")), unsealed)


def sealed_at(folder: Path, home: Path) -> str | None:
    """When a run was sealed, and nothing in it may change since; None while it has no seal that is in the ledger."""
    if not is_sealed(folder):
        return None
    ledger = _read_ledger(home, own_signer(home))
    entry = None if ledger is None else ledger.sealed(folder.name)
    return None if entry is None else entry.at


def _seal_and_judge(run: Run, home: Path, gates: Gates, kept_days: int) -> RunVerdicts:
    signer = own_signer(home)
    ledger = _read_ledger(home, signer)
    records = _records(run.folder)
    configuration = keep_inputs(run, home, gates, records)

    def seal_now(verdicts: tuple[Verdict, ...]) -> Sealed:
        mark: LedgerMark | None = None if ledger is None else ledger.mark
        seal(run.folder, signer, _tests(records, verdicts), configuration, mark)
        return check(run.folder, {OWN: VerifyingKey(signer.public)})

    evidence = seal_now(())
    with verified_copy(evidence) as copy:
        judged = _judge(copy, gates, verified_share(evidence))
        for name in CONCLUSIONS:
            write_atomically(run.folder / name, (copy / name).read_bytes())
    whole = seal_now(judged.verdicts)
    _refuse_changed(evidence, whole)
    now = now_utc()
    add_entry(home, signer, Entry("sealed", run.id, now, whole.envelope_digest, days_after(now, kept_days)))
    return judged


def _judge(folder: Path, gates: Gates, verified: Result) -> RunVerdicts:
    """The verdicts on what is in `folder`, left there with the page."""
    judged = judge_run(folder.name, _records(folder), gates, run_claim(verified))
    write_verdicts(judged, folder)
    write_report(folder)
    return judged


def _records(folder: Path) -> dict[str, Record]:
    return read_records(folder) if any(folder.glob("*.record.json")) else {}


def _refuse_changed(evidence: Sealed, whole: Sealed) -> None:
    assert evidence.statement is not None and whole.statement is not None, "what this key has just sealed"
    after = whole.statement.subjects
    changed = [name for name, digest in evidence.statement.subjects.items() if after.get(name) != digest]
    changed += [problem.file for problem in (*evidence.problems, *whole.problems)]
    if changed:
        raise Unwritable(f"{whole.folder}: {', '.join(sorted(set(changed)))} changed while the run was sealed")


def keep_inputs(run: Run, home: Path, gates: Gates, records: Mapping[str, Record]) -> tuple[str, ...]:
    """
    Copies, in the run's folder, of what it was made by: params files, profile, gates; returns their names there.

    Raises SettingsError with one line when the gates are others than those that the records were made under.
    """
    params = home / "params"
    profile = run.about["profile"]
    named = run.about.get("request", {}).get("params")  # stands in for the params file of the one study
    copies = {f"{stem}.params.yaml": Path(named or params / f"{stem}.yaml") for stem in run.jobs}
    copies |= {f"{profile}.profile.yaml": params / "profiles" / f"{profile}.yaml", GATES_COPY: params / "gates.yaml"}
    for name, source in copies.items():
        try:
            write_atomically(run.folder / name, source.read_bytes())
        except OSError as error:
            raise Unreadable(f"{source}: {error.strerror}; expected what {run.id} was made by") from None
    made_under = {record.content["gates"]["sha256"] for record in records.values()}
    if {load_gates(run.folder / GATES_COPY).digest, *made_under} != {gates.digest}:
        raise SettingsError(f"{params / 'gates.yaml'}: changed since {run.id} began; limits are fixed before a run")
    return tuple(sorted(copies))


def _tests(records: Mapping[str, Record], verdicts: tuple[Verdict, ...]) -> Judged:
    """The audit of each study, and each gate, by answer."""
    audits = {f"audit.{stem}": audit_of(record).verdict for stem, record in records.items()}
    gates = {each.gate: each.answer for each in verdicts}
    return Judged(
        _named(audits, TrustVerdict.VALIDATED) + _named(gates, Answer.PASS),
        _named(audits, TrustVerdict.UNDER_AUDIT) + _named(gates, Answer.OPEN),
        _named(audits, TrustVerdict.REFUTED) + _named(gates, Answer.FAIL),
    )


def _named(answers: Mapping[str, str], answer: str) -> tuple[str, ...]:
    return tuple(name for name, each in answers.items() if each == answer)


def verified_share(sealed: Sealed) -> Estimate:
    """
    The share of a sealed folder that is as it was sealed: of its subjects, and of all else that has a problem.

    Exact, since these are all there are; 0 where the signature does not hold.
    """
    subjects = 0 if sealed.statement is None else len(sealed.statement.subjects)
    of = sealed.intact + len(sealed.problems)
    assert of >= subjects, "each subject is intact or a problem"
    share = sealed.intact / of if of else 0.0
    return Estimate(share, share, share, "share", of)


def run_claim(verified: Result) -> Claim:
    """What is known of a run as a whole, for gates of `run.…`: whether its evidence verifies."""
    return Claim(ITSELF, {VERIFIED: verified}, Declared(scope="inproc"))


@contextlib.contextmanager
def verified_copy(sealed: Sealed) -> Iterator[Path]:
    """A folder, gone after the block, with the verified bytes of a run's files; not of its columns, which are large."""
    assert sealed.statement is not None, "nothing is read of what was not verified"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / sealed.folder.name
        folder.mkdir()
        for name in sealed.statement.subjects:
            if not name.endswith(SAMPLES_SUFFIX):
                (folder / name).write_bytes(sealed.read(name))
        yield folder


# --- the ledger


def _read_ledger(home: Path, signer: SigningKey) -> Ledger | None:
    path = ledger_path(home)
    return read_ledger(path, {OWN: VerifyingKey(signer.public)}, recall(memory_of(path)))


def add_entry(home: Path, signer: SigningKey, entry: Entry) -> None:
    """Add an entry to the lab's ledger, and remember its head. Raises LabError when the ledger is not intact."""
    path = ledger_path(home)
    memory = memory_of(path)
    with alone(path):
        ledger = append(path, entry, signer, {OWN: VerifyingKey(signer.public)}, recall(memory))
        remember(memory, ledger.mark)


def days_after(moment: str, days: int) -> str:
    """The moment so many days after another; both UTC, ISO 8601, to the second."""
    return f"{np.datetime64(moment.removesuffix('Z'), 's') + np.timedelta64(days, 'D')}Z"
