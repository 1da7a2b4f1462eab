"""
Two locks that every process of this lab on a host respects, so that one measurement does not disturb another.

`quiet` is held while a timed window is open, and while something noisy that can wait happens: a kernel starting.
`measuring` is held by a whole measuring notebook, from its first cell to its last. Whoever holds `measuring` may take
`quiet`; never the other way round.

The locks vanish with the process that holds them, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import filelock

from bizra_lab.errors import CannotMeasure

FOLDER_VARIABLE = "BIZRA_LAB_LOCK_DIR"  # where the lock files are, when not in the host's folder for temporary files

POLL_S = 0.25  # a try costs 0.3 ms of somebody's timed window; this long stands idle when the lock becomes free

# A whole suite under the audit profile, before us in the queue.
PATIENCE_S = 2 * 3600.0


@contextlib.contextmanager
def quiet(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """
    Hold the host's quiet; a thread that holds it already goes on.

    Raises CannotMeasure with one line when others keep it for longer than `patience_s`.
    """
    if getattr(_own, "quiet", False):
        yield
        return
    with _held("quiet", patience_s):
        _own.quiet = True
        try:
            yield
        finally:
            _own.quiet = False


_own = threading.local()  # what this thread holds


@contextlib.contextmanager
def measuring(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Be the one measuring notebook of this host. Raises CannotMeasure as `quiet` does."""
    with _held("measuring", patience_s):
        yield


def lock_path(name: str) -> Path:
    """The lock file of that name; its folder is made when it is the host's own."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named) / f"bizra-lab.{name}.lock"
    # Not in the folder for temporary files itself: there nobody may lock a file that another user has made.
    folder = Path(tempfile.gettempdir()) / "bizra-lab.locks"
    with contextlib.suppress(OSError):
        folder.mkdir()
        folder.chmod(0o777)
    return folder / f"bizra-lab.{name}.lock"


LockState = Literal["free", "held", "unusable"]


def lock_state(name: str) -> LockState:
    """Whether the lock of that name is free now, held, or one that this user may not open; nothing is waited for."""
    try:
        with filelock.FileLock(lock_path(name), timeout=0, mode=0o666):
            return "free"
    except filelock.Timeout:
        return "held"
    except OSError:
        return "unusable"


@contextlib.contextmanager
def _held(name: str, patience_s: float) -> Iterator[None]:
    path = lock_path(name)
    # Any user of the host may measure on it, so any user may open the file.
    lock = filelock.FileLock(path, timeout=patience_s, mode=0o666, poll_interval=POLL_S)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise CannotMeasure(
            f"{path}: held by another measurement for over {patience_s:g} s{_holder(path)}; expected it to end"
        ) from None
    except OSError as error:
        raise CannotMeasure(
            f"{path}: {error.strerror}; expected a lock file this user may open (or set {FOLDER_VARIABLE})"
        ) from None
    with contextlib.suppress(OSError):
        path.write_text(str(os.getpid()), encoding="utf-8")
    try:
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    """The words " (process 123)" for whoever wrote itself into the lock file last, or nothing."""
    try:
        return f" (process {int(path.read_text(encoding='utf-8'))})"
    except (OSError, ValueError):
        return ""
