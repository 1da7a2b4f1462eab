"""Validation under a fuzzer that follows the code's branches; `python -m tests.fuzz_validation` goes on for longer."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 30_000


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this platform")
def test_no_input_is_raised_about_read_otherwise_or_slow(tmp_path: Path) -> None:
    options = [f"-runs={RUNS}", "-seed=1", "-max_len=512", "-timeout=5", f"-artifact_prefix={tmp_path}/"]
    # The most memory it had is that of this process too, which Linux lets a child begin with.
    options += ["-rss_limit_mb=0"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz_validation", *options],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert 0 == done.returncode, done.stderr + done.stdout
    assert f"Done {RUNS} runs" in done.stderr
