"""Simulated validators agree under every mix of faults, and what a crash must not take is kept."""

from __future__ import annotations

from typing import Any

import pytest

from bizra_lab.components._consensus_messages import Message, SignedVote, Validators
from bizra_lab.components._consensus_signing import ed25519_key, ed25519_verify
from bizra_lab.components._consensus_simulator import MIXES, Faults, simulate
from bizra_lab.components._consensus_validator import Validator
from bizra_lab.components._consensus_view import View
from tests.components.consensus_worlds import FIRST, key_of


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("validators", [3, 5, 10])
def test_heads_agree_nothing_conflicts_and_progress_resumes(mix: str, validators: int) -> None:
    for seed in range(4):
        outcome = simulate(validators, MIXES[mix], 100 + seed)
        assert outcome.agreed
        assert outcome.defined
        assert outcome.live
        assert not outcome.conflicted
        assert not outcome.reverted


def test_fifty_validators_agree_with_everything_going_wrong() -> None:
    outcome = simulate(50, Faults(2, 0.1, 0.3, 2_000, partition=True, crashes=0.3, liars=0.33), 1)
    assert (True, True, False, False, True) == (
        outcome.agreed,
        outcome.defined,
        outcome.conflicted,
        outcome.reverted,
        outcome.live,
    )


def test_what_goes_wrong_does_go_wrong() -> None:
    calm, lossy, twice, parted, lying = (
        simulate(7, MIXES[mix], 3)
        for mix in (
            "no faults",
            "one in five lost",
            "half of them twice",
            "parted, then healed",
            "liars below a third",
        )
    )
    assert (0, 0, 7) == (calm.lost, calm.liars, calm.honest)
    assert lossy.lost > 0.1 * lossy.deliveries
    assert twice.deliveries > calm.deliveries
    # Neither half has a quorum, so nothing can become final while they are parted.
    assert parted.final_before < calm.final_before
    assert 0 < lying.liars == lying.exposed


def test_without_faults_all_but_the_last_epoch_is_final() -> None:
    outcome = simulate(4, Faults(epochs=3), 1)
    assert (2, {14}) == (outcome.final_before, set(outcome.final_epochs))


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        ({"loss": 1.1}, "loss must be a share"),
        ({"repeated": -0.1}, "repeated must be a share"),
        ({"crashes": 2}, "crashes must be a share"),
        ({"liars": 0.34}, "less than a third"),
        ({"epochs": 0}, "at least one epoch"),
        ({"delay": 0}, "a delay of at least 1 tick"),
    ],
)
def test_faults_that_make_no_sense_are_refused(faults: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Faults(**faults)


@pytest.mark.parametrize("validators", [2, 51])
def test_runs_are_of_3_to_50_validators(validators: int) -> None:
    with pytest.raises(ValueError, match="expected 3 to 50 validators"):
        simulate(validators, Faults(), 1)


def _validator(kept: list[Message], before: list[Message]) -> Validator:
    key = ed25519_key(key_of(1))
    view = View(Validators({key.public: 1}), FIRST, ed25519_verify)
    return Validator(key, view, kept.append, before)


def test_a_validator_that_crashed_signs_nothing_against_what_it_had_signed() -> None:
    kept: list[Message] = []
    before = _validator(kept, [])
    before.propose(1)
    assert [True, True, False, True] == [before.vote(epoch) is not None for epoch in (1, 2, 2, 3)]
    again = _validator(kept, kept[:])
    assert [None, None, None] == [again.vote(epoch) for epoch in (1, 2, 3)]
    assert isinstance(again.vote(4), SignedVote)
    assert {} == again.view.evidence


def test_what_a_validator_sends_is_kept_before_it_can_be_sent() -> None:
    kept: list[Message] = []
    validator = _validator(kept, [])
    sent = [validator.propose(1), validator.vote(1), validator.propose(2), validator.vote(2)]
    assert sent == kept
