"""Load generators as programs: what they print comes back whole, what goes wrong comes back as a reason."""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path
from typing import get_args

import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness import peers
from bizra_lab.harness.peers import Peer, Printed, run_peer
from bizra_lab.model import Unavailable

URL = "http://127.0.0.1:1/work?item=1"

PEERS: tuple[Peer, ...] = get_args(Peer)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on the path; `program` puts stand-ins into it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{code}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        ("wrk", ["wrk", "-t", "1", "-c", "8", "-d", "2s", "--latency", URL]),
        ("hey", ["hey", "-c", "8", "-z", "2000ms", "-cpus", "1", URL]),
    ],
)
def test_what_is_printed_comes_back_word_for_word_with_the_words_it_was_called_with(
    peer: Peer, words: list[str], installed: Path
) -> None:
    program(installed, peer, "print(*sys.argv[1:]); print('Requests/sec:  12.50'); print('noise', file=sys.stderr)")
    text = f"{' '.join(words[1:])}\nRequests/sec:  12.50\n"
    assert Printed(tuple(words), text) == run_peer(peer, URL, 8, 2.0)


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_that_is_not_installed_is_unavailable(peer: Peer, installed: Path) -> None:
    assert Unavailable(f"{peer} is not installed") == run_peer(peer, URL, 1, 1.0)


def test_a_peer_that_fails_is_unavailable_with_its_own_words(installed: Path) -> None:
    program(installed, "wrk", "sys.exit('unable to connect to 127.0.0.1:1\\nConnection refused')")
    expected = "wrk ended with exit code 1: unable to connect to 127.0.0.1:1 Connection refused"
    assert Unavailable(expected) == run_peer("wrk", URL, 1, 1.0)


def test_a_peer_that_does_not_end_is_ended_and_unavailable(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(installed, "hey", "time.sleep(600)")
    monkeypatch.setattr(peers, "PATIENCE_S", 0.1)
    assert Unavailable("hey had not ended after 0.2 s") == run_peer("hey", URL, 1, 0.1)


def test_a_peer_that_is_no_program_is_unavailable(installed: Path) -> None:
    program(installed, "hey", "")
    (installed / "hey").write_text("not a program", encoding="utf-8")
    assert Unavailable("hey could not be started: Exec format error") == run_peer("hey", URL, 1, 1.0)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80/", "http://localhost:80/", "http://[::1]:80/", "http://127.9.9.9/"]
)
def test_this_host_may_be_loaded(url: str, installed: Path) -> None:
    assert isinstance(run_peer("hey", url, 1, 1.0), Unavailable)  # not installed, but not refused either


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://example.invalid/", "https://127.0.0.1/", "127.0.0.1:80"])
def test_another_host_is_only_loaded_when_that_is_said(url: str, installed: Path) -> None:
    with pytest.raises(CannotMeasure, match=re.escape(f"hey: expected a URL of this host's loopback, got {url!r}")):
        run_peer("hey", url, 1, 1.0)
    assert Unavailable("hey is not installed") == run_peer("hey", url, 1, 1.0, anywhere=True)


@pytest.mark.parametrize(("connections", "duration_s"), [(0, 1.0), (1, 0.0), (1, 3601.0)])
def test_nothing_runs_without_connections_or_without_end(connections: int, duration_s: float) -> None:
    with pytest.raises(CannotMeasure, match="expected at least 1 connection and at most 3600 s"):
        run_peer("hey", URL, connections, duration_s)


def test_wrk_is_not_asked_for_parts_of_a_second() -> None:
    with pytest.raises(CannotMeasure, match=r"wrk: expected whole seconds, got 1\.5"):
        run_peer("wrk", URL, 1, 1.5)
