"""
Answers of a planner, kept in a file, by which it can be judged again without being asked.

A line holds the SHA-256 of the request's canonical form, the case's id, and the answer as it came. The same case under
the same settings has the same digest, so that a replay is exact; of several answers to a request the first is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bizra_lab.components._planner_cases import Answer, Case, Planner, read_lines
from bizra_lab.errors import SettingsError, Unreadable, Unwritable, one_line
from bizra_lab.settings import build, canonical

DigestOf = Callable[[Case], str]

DIGEST_SHOWN = 12  # hexadecimal digits of a digest in a message


@dataclass(frozen=True, slots=True)
class Transcript:
    """One answer: `request` is the digest of what was sent."""

    request: str
    case: str
    answer: Answer


def read_transcripts(path: Path) -> dict[str, Transcript]:
    """The transcripts of a file by the digest of their request. Raises Unreadable with the line that is none."""
    found: dict[str, Transcript] = {}
    for where, raw in read_lines(path):
        try:
            transcript = build(Transcript, raw, where)
        except SettingsError as error:
            raise Unreadable(one_line(error)) from None
        if found.setdefault(transcript.request, transcript) != transcript:
            raise Unreadable(f"{where}: another answer to request {transcript.request[:DIGEST_SHOWN]}…; expected one")
    return found


class Recorded:
    """A planner whose first answer to each request is appended to a file; what is there already is kept."""

    def __init__(self, planner: Planner, digest_of: DigestOf, path: Path) -> None:
        """Raises Unreadable when the file is there and holds no transcripts, Unwritable when it cannot be made."""
        self._planner = planner
        self._digest_of = digest_of
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError as error:
            raise Unwritable(f"{path}: {error.strerror}; expected a place that takes transcripts") from None
        self._known = set(read_transcripts(path))

    def __call__(self, case: Case) -> Answer:
        """The planner's answer, recorded when it is the first."""
        answer = self._planner(case)
        request = self._digest_of(case)
        with self._lock:
            if request not in self._known:
                self._append(Transcript(request, case.id, answer))
                self._known.add(request)
        return answer

    def _append(self, transcript: Transcript) -> None:
        # One write of a whole line: a killed run leaves no half of one unless the disk is full.
        try:
            with self._path.open("ab", buffering=0) as file:
                file.write(canonical(transcript) + b"\n")
        except OSError as error:
            raise Unwritable(f"{self._path}: {error.strerror}; expected a place that takes transcripts") from None


class Replayed:
    """A planner that answers as it once did."""

    def __init__(
        self, transcripts: Mapping[str, Transcript], digest_of: DigestOf, cases: Sequence[Case], where: str
    ) -> None:
        """Raises Unreadable when a case has no transcript: what is not there is neither right nor wrong."""
        requests = {each.id: digest_of(each) for each in cases}
        missing = [case for case, request in requests.items() if request not in transcripts]
        if missing:
            raise Unreadable(
                f"{where}: no transcript of {len(missing)} of {len(cases)} cases, the first {missing[0]!r} (request "
                f"{requests[missing[0]][:DIGEST_SHOWN]}…); expected all, recorded with the same model and settings"
            )
        self._answers = {case: transcripts[request].answer for case, request in requests.items()}

    def __call__(self, case: Case) -> Answer:
        """The answer that was recorded."""
        return self._answers[case.id]
