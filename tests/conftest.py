"""What holds for every test: chance repeats itself, and no word leaves this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from bizra_lab.evidence.keys import KEYS_VARIABLE

# A deadline would make a busy machine a failing test.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

_NAMES_A_HOST = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}  # event → which argument is the address
_HERE = ("127.", "::1", "localhost")


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    position = _NAMES_A_HOST.get(event)
    if position is None:
        return
    address = arguments[position]
    if isinstance(address, tuple) and not str(address[0]).startswith(_HERE):
        raise AssertionError(f"a test reached for {address[0]}; only the loopback is allowed")


sys.addaudithook(_stay_on_this_machine)


@pytest.fixture(scope="session", autouse=True)
def _key_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test signs with the key of whoever runs it, or makes one for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEYS_VARIABLE, str(tmp_path_factory.mktemp("keys")))
        yield


_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that pages are looked at with. CI must have one; elsewhere its tests say that they need it."""
    for name in _BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    missing = f"no browser on the path; looked for {', '.join(_BROWSERS)}"
    if "CI" in os.environ:
        pytest.fail(missing)
    pytest.skip(missing)
