"""Real servers for tests and benchmarks, each in a folder of its own, on a Unix socket: no port is taken."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # where Debian has it, off the path


class NotInstalled(Exception):
    """One line that says what to install."""


def _program(name: str, package: str, folders: Sequence[Path] = ()) -> str:
    found = shutil.which(name) or next((str(each / name) for each in folders if (each / name).exists()), None)
    if found is None:
        raise NotInstalled(f"{name} is not installed; expected the Debian package {package}")
    return found


class RedisServer:
    """A Redis that forgets everything when it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = _program("redis-server", "redis-server")
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        """Start it, and return when it answers."""
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "save": "",
            "appendonly": "no",
            "dir": str(self._folder),
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([self._program, *words], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "ready to accept connections" in line.lower():
                return
        raise AssertionError(f"redis-server did not start: {''.join(said)}")

    def pause(self) -> None:
        """Answer nothing, but keep everything and every connection."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class PostgresServer:
    """A PostgreSQL cluster, run by somebody who is not root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._data = str(folder / "data")
        self._run(
            "initdb", "--auth=trust", "--username=lab", "--encoding=UTF8", "--no-locale", "--no-sync", "-D", self._data
        )
        self.url = f"postgresql+psycopg://lab@/postgres?host={quote(str(folder))}"
        self.start()

    def start(self) -> None:
        """Start it, and return when it answers."""
        options = f"-k {self._folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "-D", self._data, "-l", str(self._folder / "log"), "-o", options)

    def kill(self) -> None:
        """End it as a crash does."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate", "-D", self._data)

    def _run(self, name: str, *words: str) -> None:
        program = _program(name, "postgresql", POSTGRES_FOLDERS)
        # The server inherits what it may write to: a pipe would never end.
        said = self._folder / f"{name}.txt"
        with said.open("w") as output:
            ended = subprocess.run(
                [program, *words],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                user=self._user.pw_uid if self._user else None,
                group=self._user.pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
        assert ended.returncode == 0, f"{name} failed: {said.read_text()}"
