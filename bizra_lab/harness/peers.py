"""
Other people's load generators, run as programs: what they print, word for word, and how they were called.

Here because a figure of ours is worth more beside theirs, made against the same server in the same minute. What their
words mean is for whoever reads such files; nothing is parsed here.
"""

from __future__ import annotations

import ipaddress
import math
import shutil
import subprocess
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from bizra_lab.errors import CannotMeasure
from bizra_lab.model import Unavailable

Peer = Literal["wrk", "hey"]

DURATION_S_MAX = 3600.0  # longer runs are somebody's, and are watched by them

PATIENCE_S = 30.0  # beyond the duration: hey waits 20 s for the last answers, wrk 2


@dataclass(frozen=True, slots=True)
class Printed:
    """What a load generator printed on its standard output, and the words it was called with."""

    argv: tuple[str, ...]
    text: str


def run_peer(
    peer: Peer, url: str, connections: int, duration_s: float, *, anywhere: bool = False
) -> Printed | Unavailable:
    """
    What `peer` prints of so many keep-alive connections to `url`, each sending its next GET when the last is answered.

    Unavailable with the reason where it is not installed, fails, or does not end. Raises CannotMeasure for a host that
    is not this one, unless `anywhere` says that it may be loaded; and for what wrk cannot: it counts whole seconds.
    """
    if connections < 1 or not 0 < duration_s <= DURATION_S_MAX:
        raise CannotMeasure(
            f"{peer}: expected at least 1 connection and at most {DURATION_S_MAX:g} s, "
            f"got {connections} and {duration_s:g} s"
        )
    if not anywhere and not _is_loopback(url):
        raise CannotMeasure(f"{peer}: expected a URL of this host's loopback, got {url!r}")
    argv = _argv(peer, url, connections, duration_s)
    if shutil.which(argv[0]) is None:
        return Unavailable(f"{peer} is not installed")
    return _run(argv, duration_s + PATIENCE_S)


def _argv(peer: Peer, url: str, connections: int, duration_s: float) -> tuple[str, ...]:
    match peer:
        case "wrk":
            if not math.isclose(duration_s, round(duration_s)):
                raise CannotMeasure(f"wrk: expected whole seconds, got {duration_s:g}")
            # One thread, as ours has one GIL: more would measure how many cores each was given.
            return ("wrk", "-t", "1", "-c", str(connections), "-d", f"{round(duration_s)}s", "--latency", url)
        case "hey":
            return ("hey", "-c", str(connections), "-z", f"{round(duration_s * 1000)}ms", "-cpus", "1", url)


def _run(argv: tuple[str, ...], patience_s: float) -> Printed | Unavailable:
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience_s, check=False)
    except subprocess.TimeoutExpired:
        return Unavailable(f"{argv[0]} had not ended after {patience_s:g} s")
    except OSError as error:
        return Unavailable(f"{argv[0]} could not be started: {error.strerror}")
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        said = done.stderr.decode(errors="replace").split() or text.split()
        return Unavailable(f"{argv[0]} ended with exit code {done.returncode}: {' '.join(said)}")
    return Printed(argv, text)


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return parts.hostname == "localhost"
