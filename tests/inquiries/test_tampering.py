"""What one change does to a planted run: it is refused, and named, whatever it is."""

from __future__ import annotations

import functools
import hashlib

import numpy as np
import pytest

from bizra_lab.evidence.seal import SEAL_FILES
from bizra_lab.inquiries.tampering import PLANTED, inclusion, planted_run, tamper

SEEDS = (1, 20251019)

said_of = functools.cache(tamper)


@pytest.mark.parametrize("seed", SEEDS)
def test_only_what_was_left_alone_is_authentic(seed: int) -> None:
    assert ["nothing"] == [change for change, (answer, _) in said_of(seed).items() if answer == "authentic"]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_bit_of_each_file_is_named_after_the_file(seed: int) -> None:
    said = said_of(seed)
    for name in (*PLANTED, *SEAL_FILES, "ledger.json"):
        answer, sentence = said[f"one bit of {name}"]
        assert "REFUSED" == answer
        assert sentence.startswith(f"{name}: ")


def test_the_same_seed_says_the_same_and_nothing_of_the_folder_it_was_in() -> None:
    said = tamper(1)
    assert said == said_of(1)
    assert not [sentence for _, sentence in said.values() if "/" in sentence]


def test_a_ledger_signed_anew_with_the_true_key_is_refused_by_who_remembers() -> None:
    _, sentence = said_of(1)["the ledger's last entry, cut off and signed anew with the key"]
    assert "its 2 entries of before are not the beginning of its 1" in sentence


def test_a_files_way_to_the_root_is_one_that_anybody_can_compute() -> None:
    steps = inclusion(1, "gates.json")
    described = steps[0][0].partition(": ")[2].encode()
    reached = hashlib.sha256(b"\0" + described)
    assert steps[0][1] == reached.hexdigest()
    for (where, beside), (_, node) in zip(steps[1:-1:2], steps[2:-1:2], strict=True):
        pair = bytes.fromhex(beside), reached.digest()
        reached = hashlib.sha256(b"\1" + b"".join(pair if where.endswith("left") else pair[::-1]))
        assert node == reached.hexdigest()
    assert ("the root that was signed", reached.hexdigest()) == steps[-1]


def test_what_the_run_has_not_has_no_way() -> None:
    with pytest.raises(KeyError):
        inclusion(1, "nothing")


def test_a_planted_run_leaves_nothing() -> None:
    with planted_run(np.random.default_rng(1)) as run:
        assert run.folder.is_dir()
    assert not run.folder.parent.exists()
