"""Both recorders, where there are two: what holds for one holds for the other."""

from __future__ import annotations

from importlib.util import find_spec

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
