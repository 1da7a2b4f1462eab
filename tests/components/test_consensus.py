"""Three validators tell one head in every order, the workload receives fresh votes, and the proof can be checked."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bizra_lab.components import COMPONENTS, consensus
from bizra_lab.components._consensus_messages import decode
from bizra_lab.components._consensus_scenario import deals, remembering
from bizra_lab.components.consensus import (
    NAIVE,
    Heads,
    Settings,
    SignedVote,
    heads_of,
    prepare,
    three_validators,
    wq_proof,
)
from bizra_lab.errors import SettingsError
from bizra_lab.model import Tally, Workload
from bizra_lab.settings import build


def workload(seed: int = 1, **settings: Any) -> Workload:
    return prepare(Settings(**settings), np.random.default_rng(seed), lambda: 0)


def heads(name: str) -> Heads:
    scenario, verify = three_validators(np.random.default_rng(1)), remembering(consensus.ed25519_verify)
    make = (
        (lambda: NAIVE[name](scenario.validators, scenario.first)) if name in NAIVE else (lambda: scenario.view(verify))
    )
    return heads_of(scenario, np.random.default_rng(2), make)


# --- three validators


def test_three_validators_tell_b3_in_every_order() -> None:
    found = heads("ours")
    assert ({"B3": 1_680},) * 3 == found.told
    assert (("B3", "B3", "B3"), 5_040, 5_040) == (found.example, found.right, found.orders)
    assert (1_680, 1_680) == (found.deals_agreed, found.deals)


@pytest.mark.parametrize("mistake", NAIVE)
def test_a_naive_head_tells_b2_in_many_orders_of_the_same_messages(mistake: str) -> None:
    found = heads(mistake)
    assert {"B2", "B3"} == {head for told in found.told for head in told}
    assert {"B2", "B3"} == set(found.example)
    assert found.deals_agreed < found.deals
    assert found.right < found.orders == 5_040


def test_deals_try_every_order_once_with_one_message_twice() -> None:
    scenario = three_validators(np.random.default_rng(1))
    dealt = [order for deal in deals(scenario.messages[:4], 3, np.random.default_rng(1)) for order in deal]
    assert {5} == {len(order) for order in dealt}
    assert {4} == {len(set(order)) for order in dealt}
    assert 24 == len(dealt)


# --- the workload


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"validators": 2}, "validators must be at least 3, got 2"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"validators": 20_001}, "bring at most 1,000,000 votes"),
        ({"fork_share": 1.5}, "fork_share must be a share"),
        ({"fast_bps": 5_000}, "fast_bps must be above 5000"),
        ({"economic_bps": 10_001}, "economic_bps must be above 5000 and at most 10000"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        build(COMPONENTS.get("consensus").settings, settings, "component")


def test_an_operation_receives_one_vote_and_tells_the_head() -> None:
    made = workload(validators=4, epochs=3, fork_share=0)
    told = [made.operate() for _ in range(12)]
    # An epoch's first vote brings its block, on which everybody votes.
    assert [4, 4, 4] == [told.count(head) for head in dict.fromkeys(told)]
    assert made.count
    assert 12 == made.count()


def test_a_new_view_begins_with_the_same_messages() -> None:
    made = workload(validators=3, epochs=2)
    assert [made.operate() for _ in range(6)] == [made.operate() for _ in range(6)]


def test_every_vote_of_the_stream_is_new_and_much_becomes_final() -> None:
    stream = consensus._Stream(Settings(validators=4, epochs=10), np.random.default_rng(1))
    turns = stream.again_and_again()
    for _ in range(40):
        view, blocks, vote = next(turns)
        for block in blocks:
            view.receive(block)
        assert consensus.Receipt.NEW is view.receive(vote)
    assert view.fast.latest_final.epoch >= 5
    assert {} == view.evidence


def test_in_every_epoch_with_a_fork_votes_are_for_two_blocks() -> None:
    stream = consensus._Stream(Settings(validators=20, epochs=4, fork_share=1), np.random.default_rng(1))
    assert {0, 2} == {len(blocks) for blocks, _ in stream._turns}
    targets = [vote.vote.target for _, vote in stream._turns]
    assert [2, 2, 2, 2] == [len({each for each in targets if each.epoch == epoch}) for epoch in (1, 2, 3, 4)]


def test_workers_have_views_of_their_own_and_the_seed_repeats() -> None:
    made, again = workload(validators=3, epochs=4), workload(validators=3, epochs=4)
    assert made.of_worker
    one, other = made.of_worker(0), made.of_worker(1)
    assert [one() for _ in range(12)] == [other() for _ in range(12)] == [again.operate() for _ in range(12)]
    assert [made.operate() for _ in range(12)] != [workload(2, validators=3, epochs=4).operate() for _ in range(12)]


def test_the_tallies_are_of_three_validators_and_all_their_orders() -> None:
    tallies = workload(validators=3, epochs=1).tallies
    assert tallies
    assert {
        "heads_agree": Tally(5_040, 5_040, complete=True),
        "orders_agree": Tally(1_680, 1_680, complete=True),
    } == tallies()


# --- the proof


def test_a_proof_says_what_was_sent_and_what_everybody_told() -> None:
    proof = json.loads(json.dumps(wq_proof(7, simulated=2)))
    assert proof == wq_proof(7, simulated=2)
    assert {"fast": 6_700, "economic": 8_000} == proof["thresholds_bps"]
    assert [{"B3": 1_680}] * 3 == [each["heads"] for each in proof["validators"]]
    assert ("B3", 5_040, True) == (proof["head_by_definition"], proof["orders_tried"], proof["heads_agree"])
    assert [(7, 3), (8, 7)] == [(each["seed"], each["validators"]) for each in proof["simulations"]]
    assert all(each["agreed"] and each["by_definition"] and not each["conflicted"] for each in proof["simulations"])
    assert {1} == {len(each["head"]) for each in proof["simulations"]}


def test_whoever_receives_what_a_proof_says_was_sent_tells_the_head_that_it_says() -> None:
    proof = wq_proof(7, simulated=0)
    weights = {bytes.fromhex(each["public_key"]): each["weight"] for each in proof["validators"]}
    view = consensus.View(consensus.Validators(weights), consensus.genesis(), consensus.ed25519_verify)
    messages = [decode(each) for each in proof["messages"]]
    for message in reversed(messages):
        view.receive(message)
    assert proof["blocks"]["B3"] == view.head().hex()
    assert 4 == sum(isinstance(each, SignedVote) for each in messages)
