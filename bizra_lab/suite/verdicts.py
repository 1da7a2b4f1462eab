"""The gates of a whole run: each study's record judged by one gates file, scored together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bizra_lab.errors import Unreadable
from bizra_lab.evidence.record import audit_of, declared_of, read_record, results_of
from bizra_lab.gates import Gates, judge, score
from bizra_lab.model import Answer, Claim, Record, Verdict
from bizra_lab.settings import plain

ALL_PASS, SOME_FAIL, SOME_OPEN = 0, 1, 3  # exit codes


@dataclass(frozen=True, slots=True)
class RunVerdicts:
    """What the gates say of a run, the share of their weight that passed (0..1), and its grade."""

    run: str
    gates_digest: str
    verdicts: tuple[Verdict, ...]
    score: float
    grade: str

    @property
    def exit_code(self) -> int:
        """0 all pass, 1 some fail, 3 none fails but some stay open."""
        answers = {each.answer for each in self.verdicts}
        if Answer.FAIL in answers:
            return SOME_FAIL
        return SOME_OPEN if Answer.OPEN in answers else ALL_PASS


def read_records(folder: Path) -> dict[str, Record]:
    """
    Every record of a run by its study's stem, alphabetical.

    Raises Unreadable with one line when the folder is no run's, or one of its records is broken.
    """
    if not folder.is_dir():
        raise Unreadable(f"{folder}: no such folder; expected a run (see `bizra-lab list runs`)")
    paths = sorted(folder.glob("*.record.json"))
    if not paths:
        raise Unreadable(f"{folder}: no record in it; expected a run with at least one *.record.json")
    return {record.content["study"]: record for record in map(read_record, paths)}


def judge_run(run: str, records: Mapping[str, Record], gates: Gates) -> RunVerdicts:
    """The verdicts of all gates about the studies that were run, in the order of the gates file."""
    verdicts: list[Verdict] = []
    for gate in gates.gates:
        record = records.get(gate.study)
        if record is not None:
            claim = Claim(gate.study, results_of(record), declared_of(record))
            verdicts.extend(judge([gate], claim, audit_of(record)))
    reached, grade = score(verdicts, gates.scoring)
    return RunVerdicts(run, gates.digest, tuple(verdicts), reached, grade)


def gates_document(verdicts: RunVerdicts) -> dict[str, Any]:
    """What `gates.json` holds and `gates --json` prints: `{run, gates_sha256, score, grade, counts, verdicts: […]}`."""
    answers = [each.answer for each in verdicts.verdicts]
    return {
        "run": verdicts.run,
        "gates_sha256": verdicts.gates_digest,
        "score": verdicts.score,
        "grade": verdicts.grade,
        "counts": {answer.value: answers.count(answer) for answer in Answer},
        "verdicts": plain(verdicts.verdicts),
    }
