"""The service's process as seen by the one that started it."""

from __future__ import annotations

import http.client
import json
import select
import subprocess
import sys
import tempfile
from typing import TypeVar

from bizra_lab.components._http_settings import HOST, Orders
from bizra_lab.errors import CannotMeasure, SettingsError, one_line
from bizra_lab.settings import build, canonical

T = TypeVar("T")

START_PATIENCE_S = 30.0  # an interpreter with numpy starts in half a second, or the machine is in trouble
END_PATIENCE_S = 5.0  # the service ends at once when its pipe is closed; then it is killed


class Process:
    """
    A running service, and the connection over which it is asked what it sees.

    It ends when its standard input does: with `end`, or with this process, however that ends.
    """

    def __init__(self, orders: Orders, timeout_s: float) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 — it is closed when the process has ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bizra_lab.service", canonical(orders).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Control-C is for this process, which ends the service when it is done.
            start_new_session=True,
        )
        try:
            self.port = self._told_port()
        except BaseException:
            self.end()
            raise
        self._asking = http.client.HTTPConnection(HOST, self.port, timeout_s)

    def told(self, path: str, cls: type[T]) -> T:
        """What the server tells of itself at `path`. Raises CannotMeasure when it does not."""
        try:
            self._asking.request("GET", path)
            return build(cls, json.loads(self._asking.getresponse().read()), path)
        except (OSError, http.client.HTTPException, ValueError, SettingsError) as error:
            self._asking.close()
            raise CannotMeasure(f"http_service: the server tells nothing at {path}: {one_line(error)}") from None

    def end(self) -> None:
        """End the process, at once."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def close(self) -> None:
        self._asking.close()
        self.end()

    def _told_port(self) -> int:
        told = self._process.stdout
        assert told is not None
        ready = select.poll()
        ready.register(told, select.POLLIN)
        if not ready.poll(START_PATIENCE_S * 1000):
            raise CannotMeasure(f"http_service: the server told no port in {START_PATIENCE_S:g} s")
        line = told.readline()
        if not line:
            raise CannotMeasure(f"http_service: the server did not start: {self._last_words()}")
        return int(line)

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")
