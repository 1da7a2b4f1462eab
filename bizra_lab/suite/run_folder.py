"""
A run's folder and its run.json: what was asked for, on which machine, and how far it came.

    outputs/runs/<UTC yyyymmddThhmmssZ>-<profile>-<8 hex of the digest of params and code>/
        run.json  gates.json  report.html
        <NN_stem>.ipynb (or .failed.ipynb)  <stem>.samples.parquet  <stem>.record.json
    outputs/runs/latest → the newest
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bizra_lab.errors import Unreadable, Unwritable, one_line
from bizra_lab.files import remove_temporaries, write_atomically
from bizra_lab.settings import build, digest, mapping_of, plain
from bizra_lab.suite.plan import Job

RUN_FILE = "run.json"
RUNNING_SUFFIX = ".running.ipynb"  # a notebook that is being executed, or was when its run was killed
FAILED_SUFFIX = ".failed.ipynb"
LATEST = "latest"

# What decides what is measured: the package's own sources.
_CODE = ("**/*.py", "**/*.c", "**/*.j2")


class State(enum.StrEnum):
    """How far a job has come."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    KERNEL_DIED = "kernel_died"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class JobState:
    """One job as run.json tells it; `error` is one line."""

    stem: str
    notebook: str
    state: State = State.PENDING
    started: str | None = None
    finished: str | None = None
    error: str | None = None
    outputs: tuple[str, ...] = ()


class Run:
    """A run's folder, with its run.json as it stands; every change is on disk before it is seen."""

    def __init__(self, folder: Path, about: Mapping[str, Any], jobs: Iterable[JobState]) -> None:
        self.folder = folder
        self.about = dict(about)
        self.jobs = {job.stem: job for job in jobs}

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.folder.name

    def note(self, stem: str, **changes: Any) -> None:
        """Change what is known of a job, and write it down."""
        self.jobs[stem] = replace(self.jobs[stem], **changes)
        self.write()

    def finish(self, finished: str) -> None:
        """Write down when the run ended."""
        self.about["finished"] = finished
        self.write()

    def document(self) -> dict[str, Any]:
        """What run.json holds."""
        return {"id": self.id, **self.about, "jobs": plain(list(self.jobs.values()))}

    def write(self) -> None:
        """Write run.json, whole or not at all. Raises Unwritable with one line."""
        text = json.dumps(self.document(), indent=2, ensure_ascii=False, allow_nan=False)
        write_atomically(self.folder / RUN_FILE, text.encode() + b"\n")


def runs_folder(home: Path) -> Path:
    """Where runs are left."""
    return home / "outputs" / "runs"


def create_run(home: Path, jobs: Iterable[Job], about: Mapping[str, Any], started: str) -> Run:
    """
    A new run's folder with its run.json, and `latest` pointing at it. `started` is UTC as 2026-01-31T12:34:56Z.

    Raises Unwritable with one line when there is no place for it.
    """
    planned = list(jobs)
    moment = started.replace("-", "").replace(":", "")
    asked = digest({"studies": [job.checked.digest for job in planned], "code": code_digest()})[:8]
    profile = planned[0].profile if planned else "none"
    folder = _fresh_folder(runs_folder(home), f"{moment}-{profile}-{asked}")
    run = Run(
        folder,
        {"profile": profile, "started": started, "finished": None, **about},
        [JobState(job.stem, job.notebook.name) for job in planned],
    )
    run.write()
    _point_latest(folder)
    return run


def code_digest() -> str:
    """SHA-256 of this package's sources, in hexadecimal."""
    package = Path(__file__).parents[1]
    summed = hashlib.sha256()
    for path in sorted({path for pattern in _CODE for path in package.glob(pattern)}):
        summed.update(f"{path.relative_to(package).as_posix()}\0".encode())
        summed.update(path.read_bytes())
    return summed.hexdigest()


def _fresh_folder(parent: Path, name: str) -> Path:
    """A folder that was not there before; a number is added when two runs begin in the same second."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            folder = parent / (name if number == 1 else f"{name}-{number}")
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                return folder
    except OSError as error:
        raise Unwritable(f"{parent}: {error.strerror or one_line(error)}; expected a folder for runs") from None
    raise Unwritable(f"{parent / name}: a thousand runs began in this second")


def _point_latest(folder: Path) -> None:
    link = folder.parent / LATEST
    fresh = folder.parent / f".{LATEST}.{os.getpid()}"
    try:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(folder.name)
        fresh.replace(link)
    except OSError as error:
        raise Unwritable(f"{link}: {error.strerror or one_line(error)}; expected a place for a link") from None


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """
    Be the one process that executes this run, until the block ends or the process does; nothing is left in the folder.

    Raises Unwritable with one line when another does: to go on with a run that is running would undo it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unwritable(f"{folder}: this run is still being executed; expected it to have ended") from None
        yield
    finally:
        os.close(descriptor)


def runs(home: Path) -> tuple[Path, ...]:
    """Every run's folder, oldest first."""
    found = [path.parent for path in runs_folder(home).glob(f"*/{RUN_FILE}") if not path.parent.is_symlink()]
    return tuple(sorted(found))


def find_run(home: Path, name: str) -> Path:
    """The folder of a run by its id, its path, or `latest`. Raises Unreadable when there is none of that name."""
    for folder in (runs_folder(home) / name, Path(name)):
        if (folder / RUN_FILE).is_file():
            return folder.resolve()
    raise Unreadable(f"{name}: no run of that name; expected one of `bizra-lab list runs`, or `{LATEST}`")


def open_run(folder: Path) -> Run:
    """The run in a folder as it was left. Raises Unreadable with one line when its run.json is broken."""
    path = folder / RUN_FILE
    try:
        raw = mapping_of(json.loads(path.read_bytes()), str(path))
        jobs = [build(JobState, each, f"{path}.jobs") for each in raw.pop("jobs")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected a run's state") from None
    raw.pop("id", None)
    return Run(folder, raw, jobs)


def to_do(run: Run, jobs: Iterable[Job]) -> tuple[Job, ...]:
    """The jobs that are not completed, or whose outputs are gone; what they had left half-done is removed."""
    remove_temporaries(run.folder)
    left = tuple(job for job in jobs if not _is_done(run, run.jobs[job.stem]))
    for job in left:
        for name in (f".{job.notebook.stem}{RUNNING_SUFFIX}", f"{job.notebook.stem}{FAILED_SUFFIX}"):
            (run.folder / name).unlink(missing_ok=True)
    return left


def _is_done(run: Run, job: JobState) -> bool:
    return job.state is State.COMPLETED and all((run.folder / name).is_file() for name in job.outputs)
