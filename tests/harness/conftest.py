"""Both recorders, where there are two: what holds for one holds for the other."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from bizra_lab.harness.recorder import CRecorder, PythonRecorder, Recorder

RECORDERS: list[Recorder] = [PythonRecorder()]

# The C functions have tests of their own where they were built; test_recorder.py says where they have to be.
collect_ignore = []

if find_spec("bizra_lab.harness._recorder"):
    RECORDERS.append(CRecorder())
else:
    collect_ignore.append("test_recorder_in_c.py")


@pytest.fixture(params=RECORDERS, ids=lambda recorder: recorder.name)
def recorder(request: pytest.FixtureRequest) -> Recorder:
    chosen: Recorder = request.param
    return chosen


@pytest.fixture(autouse=True)
def _a_host_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing here says how fast anything is, so nobody else has to be quiet.
    monkeypatch.setenv("BIZRA_LAB_LOCK_DIR", str(tmp_path))
