"""What can be told of a sealed run, and of the ledger, later; and what is drawn of one then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bizra_lab.errors import Unreadable, one_line
from bizra_lab.evidence.ledger import Ledger, read_ledger, recall
from bizra_lab.evidence.seal import ENVELOPE_FILE, Problem, Sealed, check, is_sealed
from bizra_lab.files import write_atomically
from bizra_lab.gates import Gates
from bizra_lab.model import Unavailable
from bizra_lab.suite.keyring import OWN, ledger_path, memory_of, own_public, trusted_keys
from bizra_lab.suite.report import write_report
from bizra_lab.suite.run_folder import runs_folder
from bizra_lab.suite.seal import run_claim, verified_copy, verified_share
from bizra_lab.suite.verdicts import RunVerdicts, judge_run, read_records


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of a run: its seal, and a sentence on the ledger; authentic where there is no problem."""

    sealed: Sealed
    ledger: str
    problems: tuple[Problem, ...]

    @property
    def authentic(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.problems


def find_sealed(name: str, home: Path | None) -> Path:
    """The folder of a run by its id, `latest` or its path, whatever is left in it. Raises Unreadable for no folder."""
    places = [Path(name)] if home is None else [runs_folder(home) / name, Path(name)]
    for folder in places:
        if folder.is_dir():
            return folder.resolve()
    raise Unreadable(f"{name}: no such folder; expected a run's id, its folder, `latest`, or `ledger`")


def verify(folder: Path, home: Path | None, key: Path | None = None) -> Verified:
    """
    Whether a run is as it was sealed, by a trusted key; and, in the lab that made it, whether the ledger has it so.

    Raises LabError with one line when it is not sealed, cannot be read, or no key is trusted.
    """
    trusted = trusted_keys(home, key, folder)
    sealed = check(folder, trusted)
    if home is None or folder.parent != runs_folder(home).resolve():
        return Verified(sealed, "not looked at: the run is not in its lab", sealed.problems)
    own = own_public(home)
    elsewhere = sealed.signed_by is not None and (own is None or trusted[sealed.signed_by].public != own.public)
    problems, sentence = _ask_ledger(sealed, home, elsewhere)
    return Verified(sealed, sentence, (*sealed.problems, *problems))


def _ask_ledger(sealed: Sealed, home: Path, elsewhere: bool) -> tuple[tuple[Problem, ...], str]:
    """What the ledger holds against a run, and a sentence on what it says; one sealed `elsewhere` it need not have."""
    path, run = ledger_path(home), sealed.folder.name
    try:
        ledger = _read(home)
    except Unreadable as error:
        return (Problem(path.name, one_line(error).removeprefix(f"{path}: ")),), "not intact"
    entry = None if ledger is None else ledger.sealed(run)
    if ledger is None or entry is None:
        problem = Problem(path.name, f"has no entry for {run}")
        return () if elsewhere else (problem,), "without this run" + (
            ", which was sealed elsewhere" if elsewhere else ""
        )
    problems = []
    if entry.envelope != sealed.envelope_digest:
        problems.append(Problem(ENVELOPE_FILE, f"not the one that the ledger has since {entry.at}"))
    before = None if sealed.statement is None else sealed.statement.ledger
    if before is not None and not ledger.begins_with(before):
        problems.append(Problem(path.name, "does not begin with what it was when this run was sealed"))
    number = ledger.entries.index(entry) + 1
    return tuple(problems), f"entry {number} of {len(ledger.entries)}; the run is kept until {entry.keep_until}"


def intact_ledger(home: Path) -> Ledger:
    """The lab's ledger, verified. Raises Unreadable with one line when there is none, or it is not intact."""
    ledger = _read(home)
    if ledger is None:
        raise Unreadable(f"{ledger_path(home)}: no ledger; there is one once a run was sealed")
    return ledger


def _read(home: Path) -> Ledger | None:
    """The lab's ledger by this machine's own key, or where there is none, by those that are pinned."""
    path, own = ledger_path(home), own_public(home)
    trusted = trusted_keys(home, None, path.parent) if own is None else {OWN: own}
    return read_ledger(path, trusted, recall(memory_of(path)))


def missing_runs(ledger: Ledger, home: Path) -> tuple[Problem, ...]:
    """Each run that the ledger has and the lab has not, or has with another seal."""
    problems = []
    for run in ledger.kept:
        entry, folder = ledger.sealed(run), runs_folder(home) / run
        assert entry is not None, "what is kept was sealed"
        try:
            found = check(folder, trusted_keys(home, None, folder)).envelope_digest
        except Unreadable:
            problems.append(Problem(run, f"gone, or its seal is; it was to be kept until {entry.keep_until}"))
            continue
        if found != entry.envelope:
            problems.append(Problem(run, f"its seal is not the one that the ledger has since {entry.at}"))
    return tuple(problems)


def judge_again(folder: Path, home: Path, gates: Gates) -> RunVerdicts:
    """
    What `gates` say of a run; of a sealed one, on what was verified, and on whether it verifies.

    Raises Unreadable with one line when a sealed run is not authentic: of such a run nothing is judged.
    """
    if not is_sealed(folder):
        return judge_run(folder.name, read_records(folder), gates, run_claim(Unavailable("the run has no seal")))
    found = _authentic(folder, home)
    with verified_copy(found.sealed) as copy:
        return judge_run(folder.name, read_records(copy), gates, run_claim(verified_share(found.sealed)))


def report_again(folder: Path, home: Path) -> Path:
    """
    The page of a run drawn again; of a sealed one, in which nothing may change, under `outputs/reports`.

    Raises Unreadable with one line when a sealed run is not authentic: of such a run nothing is drawn.
    """
    if not is_sealed(folder):
        return write_report(folder)
    found = _authentic(folder, home)
    page = home / "outputs" / "reports" / f"{folder.name}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    with verified_copy(found.sealed) as copy:
        write_atomically(page, write_report(copy).read_bytes())
    return page


def _authentic(folder: Path, home: Path) -> Verified:
    found = verify(folder, home)
    if not found.authentic:
        raise Unreadable(f"{folder}: not authentic, so nothing is told of it; {found.problems[0]}")
    return found
