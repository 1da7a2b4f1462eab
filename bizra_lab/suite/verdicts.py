"""The gates of a whole run: each study's record judged by one gates file, scored together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bizra_lab.errors import SettingsError, Unreadable, one_line
from bizra_lab.evidence.record import audit_of, declared_of, read_record, results_of
from bizra_lab.files import write_atomically
from bizra_lab.gates import Gates, judge, score
from bizra_lab.model import Answer, Audit, Claim, Record, Verdict
from bizra_lab.settings import build, mapping_of, plain

ALL_PASS, SOME_FAIL, SOME_OPEN = 0, 1, 3  # exit codes

GATES_FILE = "gates.json"

ITSELF = "run"  # the stem of gates that are about the run as a whole


@dataclass(frozen=True, slots=True)
class RunVerdicts:
    """What the gates say of a run, the share of their weight that passed (0..1), and its grade."""

    run: str
    gates_digest: str
    verdicts: tuple[Verdict, ...]
    score: float
    grade: str
    metrics_score: float  # the share again, gates about one result and one limit counted once
    untold: tuple[str, ...] = ()  # gates about studies that were not run

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


def judge_run(run: str, records: Mapping[str, Record], gates: Gates, itself: Claim | None = None) -> RunVerdicts:
    """
    The verdicts of all gates about what was run, in the order of the gates file.

    `itself` is what is known of the run as a whole, for gates of `run.…`.
    """
    audited = {
        stem: (Claim(stem, results_of(each), declared_of(each)), audit_of(each)) for stem, each in records.items()
    }
    if itself is not None:
        audited[ITSELF] = (itself, Audit({}))
    asked = [gate for gate in gates.gates if gate.study in audited]
    verdicts = tuple(verdict for gate in asked for verdict in judge([gate], *audited[gate.study]))
    reached, grade = score(verdicts, gates.scoring)
    once = {(each.of, each.limit): each for each in reversed(verdicts)}
    return RunVerdicts(
        run,
        gates.digest,
        verdicts,
        reached,
        grade,
        score(once.values(), gates.scoring)[0],
        tuple(gate.id for gate in gates.gates if gate.study not in audited),
    )


def read_verdicts(folder: Path) -> RunVerdicts:
    """What a run's gates.json holds. Raises Unreadable with one line when it is missing or broken."""
    path = folder / GATES_FILE
    try:
        raw = mapping_of(json.loads(path.read_bytes()), str(path))
        return RunVerdicts(
            run=raw["run"],
            gates_digest=raw["gates_sha256"],
            verdicts=tuple(build(Verdict, each, f"{path}.verdicts") for each in raw["verdicts"]),
            score=raw["score"],
            grade=raw["grade"],
            metrics_score=raw["metrics_score"],
            untold=tuple(raw["untold"]),
        )
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected the verdicts of a run") from None


def write_verdicts(verdicts: RunVerdicts, folder: Path) -> None:
    """Write gates.json, whole or not at all. Raises Unwritable with one line."""
    text = json.dumps(gates_document(verdicts), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / GATES_FILE, text.encode() + b"\n")


def gates_document(verdicts: RunVerdicts) -> dict[str, Any]:
    """What `gates.json` holds and `gates --json` prints: `{run, gates_sha256, score, …, verdicts: […]}`."""
    answers = [each.answer for each in verdicts.verdicts]
    return {
        "run": verdicts.run,
        "gates_sha256": verdicts.gates_digest,
        "score": verdicts.score,
        "grade": verdicts.grade,
        "metrics_score": verdicts.metrics_score,
        "untold": list(verdicts.untold),
        "counts": {answer.value: answers.count(answer) for answer in Answer},
        "verdicts": plain(verdicts.verdicts),
    }
