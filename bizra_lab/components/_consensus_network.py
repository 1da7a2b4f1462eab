"""
Validators as separate processes that exchange blocks and votes over TCP on the loopback; one is killed and comes back.

The processes decide for themselves what to build on and what to vote for; from here they are only told that an epoch
has begun, so that a run takes as long as it takes and no clock is needed. All are told at once, and do their part
beside each other. One is killed without warning as it votes, misses two epochs, and comes back as a new process with
nothing but its key and its journal.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bizra_lab.components._consensus_process import Orders
from bizra_lab.components._consensus_signing import SEED_BYTES, ed25519_key
from bizra_lab.errors import CannotMeasure

VALIDATORS_MIN, VALIDATORS_MAX = 4, 8  # with 4, three are three quarters and can go on alone; each is a process

KILLED = 1  # which of them
KILLED_IN, BACK_IN, LAST = 3, 5, 7  # epochs: two before, two without it, three after

ANSWER_PATIENCE_S = 30.0  # an interpreter starts in half a second and an exchange takes milliseconds
END_PATIENCE_S = 5.0  # a process ends when its input does; then it is killed


@dataclass(frozen=True, slots=True)
class Told:
    """What a validator said at the end."""

    head: str
    fast_final_epoch: int
    economic_final_epoch: int
    blocks: int
    votes: int
    equivocators: Sequence[str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What every process told, by public key, and which was killed."""

    told: Mapping[str, Told]
    killed: str
    missed: int  # blocks that the others knew when it came back and it did not

    @property
    def agreed(self) -> bool:
        """Whether all told the same head."""
        return len({each.head for each in self.told.values()}) == 1


def agree_over_tcp(validators: int = VALIDATORS_MIN, seed: int = 0) -> Agreement:
    """
    What so many processes of equal weight, 4 to 8, tell after seven epochs.

    Raises ValueError for another number, and CannotMeasure where one does not start or does not answer.
    """
    if not VALIDATORS_MIN <= validators <= VALIDATORS_MAX:
        raise ValueError(f"expected {VALIDATORS_MIN} to {VALIDATORS_MAX} validators, got {validators}")
    rng = np.random.default_rng(seed)
    seeds = [rng.bytes(SEED_BYTES) for _ in range(validators)]
    keys = [ed25519_key(each).public.hex() for each in seeds]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ending:
        orders = [
            Orders(each.hex(), dict.fromkeys(keys, 1), str(Path(folder) / f"{key}.jsonl"))
            for each, key in zip(seeds, keys, strict=True)
        ]
        running = [ending.enter_context(_process(each)) for each in orders]
        _introduce(running)
        for epoch in range(1, KILLED_IN):
            _epoch(running, running, epoch)
        killed, others = running[KILLED], [each for each in running if each is not running[KILLED]]
        killed.order({"vote": KILLED_IN})
        killed.kill()
        for epoch in range(KILLED_IN, BACK_IN):
            _epoch(others, others, epoch)
        known = others[0].ask({"tell": True})["blocks"]
        back = ending.enter_context(_process(orders[KILLED]))
        missed = known - back.ask({"tell": True})["blocks"]
        running[KILLED] = back
        _introduce(running)
        for epoch in range(BACK_IN, LAST + 1):
            _epoch(running, running, epoch)
        _all(running, {"exchange": True})
        told = _all(running, {"tell": True})
    return Agreement({key: Told(**each) for key, each in zip(keys, told, strict=True)}, keys[KILLED], missed)


def _introduce(running: Sequence[_Process]) -> None:
    """Tell everybody where the others are."""
    for each in running:
        each.ask({"peers": [other.port for other in running if other is not each]})


def _epoch(running: Sequence[_Process], proposers: Sequence[_Process], epoch: int) -> None:
    proposers[epoch % len(proposers)].ask({"propose": epoch})
    _all(running, {"vote": epoch})


def _all(running: Sequence[_Process], command: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every answer to a command that all were given before the first was waited for."""
    for each in running:
        each.order(command)
    return [each.answer() for each in running]


@contextlib.contextmanager
def _process(orders: Orders) -> Iterator[_Process]:
    process = _Process(orders)
    try:
        yield process
    finally:
        process.end()


class _Process:
    """A validator's process, which listens when this returns."""

    def __init__(self, orders: Orders) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bizra_lab.components._consensus_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        try:
            self.order(dataclasses.asdict(orders))
            self.port = int(self._line())
        except BaseException:
            self.end()
            raise

    def order(self, command: Mapping[str, Any]) -> None:
        """Give a command; its answer is waited for with `answer`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise CannotMeasure("consensus: a validator's process has ended by itself") from None

    def answer(self) -> dict[str, Any]:
        """The answer to the command that was given last."""
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Give a command and wait for its answer."""
        self.order(command)
        return self.answer()

    def kill(self) -> None:
        """Let the kernel end it, whatever it is doing."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End it, and free what this process holds of it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):  # what was not read by one that was killed
            self._process.stdin.close()
        try:
            self._process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process.stdout.close()

    def _line(self) -> str:
        """The next line it writes. At most one is under way, so none is left in a buffer."""
        assert self._process.stdout is not None
        ready = select.poll()
        ready.register(self._process.stdout, select.POLLIN)
        if not ready.poll(ANSWER_PATIENCE_S * 1000):
            raise CannotMeasure(f"consensus: a validator's process did not answer in {ANSWER_PATIENCE_S:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise CannotMeasure("consensus: a validator's process has ended by itself")
        return line
