"""What is known of the machine and the code."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import subprocess
from pathlib import Path

from bizra_lab.harness.environment import now_utc, read_code, read_environment, read_host
from bizra_lab.settings import canonical


def test_the_fingerprint_is_of_what_stays_the_same() -> None:
    assert read_host().fingerprint == read_host().fingerprint
    assert re.fullmatch(r"[0-9a-f]{12}", read_host().fingerprint)


def test_facts_are_plain_and_name_neither_user_nor_host_nor_path(tmp_path: Path) -> None:
    text = canonical(read_environment(tmp_path)).decode()
    json.loads(text)
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    assert f'"{socket.gethostname()}"' not in text
    assert f'"{getpass.getuser()}"' not in text


def test_this_machine_has_threads_and_memory() -> None:
    host = read_host()
    assert os.cpu_count() == host.threads
    assert 0 < host.memory_available_bytes <= host.memory_bytes
    assert 3 == len(host.load_average)


def test_a_moment_is_told_in_utc_to_the_second() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now_utc())


def test_a_tree_that_differs_from_its_commit_is_dirty(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "requirements.lock").write_text("a==1\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-m", "first")
    clean = read_code(tmp_path)
    assert clean.commit is not None and re.fullmatch(r"[0-9a-f]{40}", clean.commit)
    assert False is clean.dirty
    assert clean.lock_digest is not None
    (tmp_path / "requirements.lock").write_text("a==2\n", encoding="utf-8")
    assert True is read_code(tmp_path).dirty
    assert clean.lock_digest != read_code(tmp_path).lock_digest


def test_code_that_is_in_no_repository_has_no_commit(tmp_path: Path) -> None:
    code = read_code(tmp_path)
    assert (None, None, None) == (code.commit, code.dirty, code.lock_digest)
    assert "numpy" in code.packages
