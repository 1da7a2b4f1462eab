"""Locks that hold across processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.quiet import FOLDER_VARIABLE, lock_path, lock_state, measuring, quiet

HOLDER = """
import sys
import tempfile
from bizra_lab.harness.quiet import measuring, quiet
with {name}():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))


@pytest.mark.parametrize("lock", [quiet, measuring])
def test_what_another_process_holds_is_waited_for_and_then_refused(
    lock: Callable[..., AbstractContextManager[None]],
) -> None:
    name = lock.__name__
    command = [sys.executable, "-c", HOLDER.format(name=name)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and "held\n" == holder.stdout.readline()
        with pytest.raises(CannotMeasure, match=rf"{name}\.lock: held by another measurement for over 0\.1 s"):
            lock(patience_s=0.1).__enter__()
        holder.kill()
    with lock(patience_s=10):
        assert lock_path(name).exists()


def test_the_state_of_a_lock_is_told_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "free" == lock_state("measuring")
    with measuring(patience_s=1):
        assert ("held", "free") == (lock_state("measuring"), lock_state("quiet"))
    assert "free" == lock_state("measuring")
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    assert "unusable" == lock_state("quiet")


def test_a_measuring_notebook_may_ask_for_quiet() -> None:
    with measuring(patience_s=1), quiet(patience_s=1):
        pass


def test_a_place_for_locks_that_takes_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(CannotMeasure, match="expected a lock file this user may open"), quiet(patience_s=0.1):
        pass


def test_who_holds_a_lock_is_told() -> None:
    with quiet(patience_s=1), pytest.raises(CannotMeasure, match=rf"quiet\.lock: .* \(process {os.getpid()}\)"):
        _in_another_thread(lambda: quiet(patience_s=0.1).__enter__())


def _in_another_thread(act: Callable[[], None]) -> None:
    # A thread that already holds the lock is refused at once, whatever its patience.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(act).result()


def test_every_user_of_the_host_may_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with quiet(patience_s=1):
        path = lock_path("quiet")
    assert "0o777" == oct(path.parent.stat().st_mode & 0o7777)
    assert "0o666" == oct(path.stat().st_mode & 0o7777)


def test_a_thread_that_is_quiet_already_does_not_wait_for_itself_and_others_still_do() -> None:
    def other() -> None:
        with quiet(patience_s=0.1):
            pass

    with quiet():
        with quiet(patience_s=0.1):
            assert "held" == lock_state("quiet")
        assert "held" == lock_state("quiet")
        with ThreadPoolExecutor(1) as pool, pytest.raises(CannotMeasure, match="held by another measurement"):
            pool.submit(other).result()
    assert "free" == lock_state("quiet")
