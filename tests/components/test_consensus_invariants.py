"""
What must hold of consensus whatever is sent, in whatever order: each invariant by its number.

I1 order, I2 duplicates, I3 part now and the rest later, I4 the head is a leaf, I5 the heaviest at each step, I6 ties by
id, I7 scale, I8 conservation, I9 those who contradict themselves, I10 certificates stay, I11 no conflict below 2q - 1,
I12 evidence for at least as much above, I13 the head is on what is final, I14 strangers are inert, I15 progress after
healing, I16 a seed repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizra_lab.components._consensus_conduct import Conduct
from bizra_lab.components._consensus_conflict import Parted, bound, fewest_liars, parted
from bizra_lab.components._consensus_finality import Finality
from bizra_lab.components._consensus_messages import Block, Checkpoint, Message, Refused, Validators
from bizra_lab.components._consensus_naive import NAIVE
from bizra_lab.components._consensus_scenario import Told, heard, three_validators
from bizra_lab.components._consensus_simulator import MIXES, simulate
from bizra_lab.components._consensus_tree import WeightedTree
from bizra_lab.components._consensus_view import ECONOMIC_BPS, FAST_BPS, View
from tests.components.consensus_worlds import (
    FIRST,
    World,
    child_of,
    defined,
    key_of,
    shuffled,
    told,
    trusting,
    vote,
    world,
)

chance = st.randoms(use_true_random=False)
many = settings(max_examples=40)

SEEDED_WORLDS = [world(Random(seed)) for seed in range(60)]


@many
@given(chance)
def test_what_is_told_is_what_the_rule_defines_from_scratch(random: Random) -> None:
    made = world(random)
    assert defined(made) == told(made.view(shuffled(random, made.messages)))


@many
@given(chance)
def test_i1_the_order_of_delivery_changes_nothing(random: Random) -> None:
    made = world(random)
    one, other = (made.view(shuffled(random, made.messages)) for _ in range(2))
    assert told(one) == told(other)


@many
@given(chance)
def test_i2_what_is_delivered_again_changes_nothing(random: Random) -> None:
    made = world(random)
    assert told(made.view(made.messages)) == told(made.view(shuffled(random, made.messages, repeated=True)))


@many
@given(chance)
def test_i3_two_who_know_a_part_each_know_all_once_they_have_met(random: Random) -> None:
    made = world(random)
    cut = random.randint(0, len(made.messages))
    mixed = shuffled(random, made.messages)
    one, other = made.view(mixed[:cut]), made.view(mixed[cut:])
    one.merge(other)
    other.merge(one)
    assert defined(made) == told(one) == told(other)


@many
@given(chance)
def test_i4_the_head_is_a_leaf_and_i13_is_on_what_is_final(random: Random) -> None:
    made = world(random)
    view = made.view(shuffled(random, made.messages))
    assert view.head() not in {block.parent for block in view.graph}
    assert view.graph.descends(view.head(), view.fast.latest_final.block) or view.fast.conflicted


@many
@given(chance)
def test_i5_no_sibling_on_the_way_to_the_head_is_ahead(random: Random) -> None:
    made = world(random)
    view = made.view(shuffled(random, made.messages))
    at = view.head()
    while at != view.fast.latest_final.block:
        siblings = [block.id for block in view.graph if block.parent == view.graph[at].parent and block is not FIRST]
        assert at == max(siblings, key=lambda sibling: (view.weight(sibling), sibling))
        at = view.graph[at].parent


def test_i6_of_equally_heavy_blocks_the_greater_id_is_the_head() -> None:
    low, high = sorted((child_of(FIRST, b"1"), child_of(FIRST, b"2")), key=lambda block: block.id)
    made = World(Validators({key_of(1): 3, key_of(2): 3}), (low, high, vote(1, low, 1), vote(2, high, 1)))
    assert high.id == made.view(made.messages).head()
    assert high.id == made.view(reversed(made.messages)).head()


@many
@given(chance, st.integers(2, 10**30))
def test_i7_weights_that_all_grow_alike_change_nothing(random: Random, factor: int) -> None:
    made = world(random)
    heavier = Validators({key: weight * factor for key, weight in made.validators.weights.items()})
    assert told(made.view(made.messages)) == told(World(heavier, made.messages).view(made.messages))


@many
@given(chance)
def test_i8_weight_is_neither_made_nor_lost(random: Random) -> None:
    made = world(random)
    view = made.view(shuffled(random, made.messages))
    heard = {each.validator for each in made.votes} - set(view.evidence)
    assert sum(made.validators.weights[key] for key in heard) == view.weight(FIRST.id)
    for block in view.graph:
        assert view.weight(block.id) >= sum(view.weight(each.id) for each in view.graph if each.parent == block.id)


@many
@given(chance)
def test_i9_the_weight_of_one_who_contradicts_itself_is_nowhere(random: Random) -> None:
    made = world(random)
    key = random.choice(list(made.validators))
    number = int.from_bytes(key, "big")
    one, other = (next(iter(made.blocks.values())), list(made.blocks.values())[-1])
    twice = (vote(number, one, 9), vote(number, other, 9))
    with_it = World(made.validators, (*made.messages, *twice))
    view = with_it.view(shuffled(random, with_it.messages))
    assert key in view.evidence
    without = World(
        made.validators,
        tuple(each for each in made.messages if isinstance(each, Block) or each.vote.validator != key),
    )
    assert {each.id: view.weight(each.id) for each in view.graph} == {
        each.id: without.view(without.messages).weight(each.id) for each in view.graph
    }


@many
@given(chance)
def test_i10_what_is_justified_final_or_shown_stays_so(random: Random) -> None:
    made = world(random)
    view = made.view()
    before: list[frozenset[object]] = [frozenset()] * 5
    for message in shuffled(random, made.messages):
        view.receive(message)
        now: list[frozenset[object]] = [
            frozenset(view.fast.justified),
            frozenset(view.fast.final),
            frozenset(view.economic.justified),
            frozenset(view.economic.final),
            frozenset(view.evidence),
        ]
        assert all(earlier <= later for earlier, later in zip(before, now, strict=True))
        before = now


SIDES = ("one", "other", "both", "none")


@many
@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from(SIDES)), min_size=3, max_size=12), chance)
def test_i11_and_i12_conflict_takes_2q_minus_1_of_the_weight_and_shows_who(
    camps: list[tuple[int, str]], random: Random
) -> None:
    validators = Validators({key_of(number): weight for number, (weight, _) in enumerate(camps, start=1)})
    blocks = {side: child_of(FIRST, side.encode()) for side in SIDES[:2]}
    votes: list[Message] = []
    for number, (_, camp) in enumerate(camps, start=1):
        for side, block in blocks.items():
            if camp in (side, "both"):
                votes += [vote(number, block, 1), vote(number, block, 2, Checkpoint(1, block.id))]
    view = World(validators, ()).view(shuffled(random, [*blocks.values(), *votes]))
    shown = sum(validators.weights[key] for key in view.evidence)
    for level, threshold_bps in ((view.fast, FAST_BPS), (view.economic, ECONOMIC_BPS)):
        enough = shown * 10_000 >= validators.total * (2 * threshold_bps - 10_000)
        assert enough or not level.conflicted


@pytest.mark.parametrize(
    ("validators", "threshold_bps", "liars"),
    [
        (10, 6_700, 4),
        (10, 8_000, 6),
        # 67 % of 50 are 33.5, so a quorum is 34 of them, and two quorums share 18.
        (50, 6_700, 18),
        (50, 8_000, 30),
        (100, 6_700, 34),
        (100, 8_000, 60),
    ],
)
def test_i11_the_bound_is_reached_exactly_and_i12_all_who_lied_are_shown(
    validators: int, threshold_bps: int, liars: int
) -> None:
    assert liars == fewest_liars(validators, threshold_bps)
    assert Parted(conflicted=True, exposed=liars) == parted(validators, liars, threshold_bps)
    assert not parted(validators, liars - 1, threshold_bps).conflicted


def test_the_bound_is_34_percent_for_fast_and_60_for_economic() -> None:
    assert (0.34, 0.6) == (bound(FAST_BPS), bound(ECONOMIC_BPS))


def test_i14_votes_of_strangers_are_refused_and_change_nothing() -> None:
    block, other = child_of(FIRST, b"1"), child_of(FIRST, b"2")
    made = World(Validators({key_of(1): 1}), (block, other, vote(1, block, 1)))
    view = made.view(made.messages)
    before = told(view)
    with pytest.raises(Refused, match="no validator has that key"):
        view.receive(vote(2, other, 1))
    assert before == told(view)


@pytest.mark.parametrize("weight", [0, -1, 1.0, True])
def test_i14_nobody_can_have_a_weight_that_is_none(weight: int) -> None:
    with pytest.raises(Refused, match="expected a weight of at least 1"):
        Validators({key_of(1): weight})


@pytest.mark.parametrize("mix", MIXES)
def test_i15_something_becomes_final_once_the_network_is_whole(mix: str) -> None:
    assert all(simulate(validators, MIXES[mix], seed).live for seed, validators in enumerate((3, 4, 7)))


def test_i16_a_seed_brings_the_same_deliveries_to_the_byte() -> None:
    mix = MIXES["everything at once"]
    assert simulate(7, mix, 5) == simulate(7, mix, 5)
    assert simulate(7, mix, 5).trace != simulate(7, mix, 6).trace


# --- thresholds


@pytest.mark.parametrize(
    ("weights", "threshold_bps", "reached"),
    [
        ((6_700, 3_300), 6_700, True),
        ((6_699, 3_301), 6_700, False),
        ((8_000, 2_000), 8_000, True),
        ((7_999, 2_001), 8_000, False),
        # Two of three equal validators are two thirds, and 67 % is more.
        ((2, 1), 6_700, False),
        ((2, 1), 6_666, True),
        ((2, 1), 6_667, False),
        # No float could tell these two apart.
        ((67 * 10**30, 33 * 10**30), 6_700, True),
        ((67 * 10**30 - 1, 33 * 10**30 + 1), 6_700, False),
    ],
)
def test_a_threshold_is_exact_at_the_basis_point(weights: tuple[int, int], threshold_bps: int, reached: bool) -> None:
    block = child_of(FIRST)
    validators = Validators({key_of(number): weight for number, weight in enumerate(weights, start=1)})
    view = View(validators, FIRST, trusting, fast_bps=threshold_bps)
    for message in (block, vote(1, block, 1), vote(1, block, 2, Checkpoint(1, block.id))):
        view.receive(message)
    assert reached == (Checkpoint(1, block.id) in view.fast.final)


def test_what_a_liar_signed_still_counts_for_what_is_final_and_no_more_for_the_head() -> None:
    block, other = child_of(FIRST, b"1"), child_of(FIRST, b"2")
    validators = Validators({key_of(1): 70, key_of(2): 30})
    final = (block, other, vote(1, block, 1), vote(1, block, 2, Checkpoint(1, block.id)))
    view = World(validators, ()).view([*final, vote(2, other, 1), vote(1, other, 2)])
    assert Checkpoint(1, block.id) == view.fast.latest_final
    assert (0, 30) == (view.weight(block.id), view.weight(other.id))


# --- heads that are wrong fail what ours passes


def _orders_told(made: World, make: Callable[[], Told]) -> set[bytes]:
    """The heads told in several orders, with some messages repeated."""
    return {heard(make(), shuffled(Random(seed), made.messages, repeated=True)) for seed in range(8)}


def test_ours_tells_one_head_in_every_world() -> None:
    assert {1} == {len(_orders_told(made, made.view)) for made in SEEDED_WORLDS}


@pytest.mark.parametrize("mistake", NAIVE)
def test_each_naive_head_depends_on_the_order_in_some_world(mistake: str) -> None:
    honest = [World(made.validators, _without_liars(made)) for made in SEEDED_WORLDS]
    three = three_validators(np.random.default_rng(1))
    for made in (*honest, World(three.validators, three.messages)):
        if len(_orders_told(made, partial(NAIVE[mistake], made.validators, FIRST))) > 1:
            return
    pytest.fail("told one head in every world")


def _without_liars(made: World) -> tuple[Message, ...]:
    liars = set(made.view(made.messages).evidence)
    return tuple(each for each in made.messages if isinstance(each, Block) or each.vote.validator not in liars)


def _never_any_evidence(self: Conduct, message: object, place: int) -> None:
    return None


def _least_id(self: WeightedTree, block: bytes) -> int:
    number = _NEW(self, block)
    self._order[number] = -self._order[number]
    return number


_NEW = WeightedTree._new
_FOLLOW = Finality._follow


def _more_than_the_threshold(self: Validators, weight: int, threshold_bps: int) -> bool:
    return weight * 10_000 > self.total * threshold_bps


def _in_floats(self: Validators, weight: int, threshold_bps: int) -> bool:
    return round(weight / self.total, 1) >= threshold_bps / 10_000


def _every_source_is_final(self: Finality, source: Checkpoint, target: Checkpoint) -> None:
    self._make_final(source)
    _FOLLOW(self, source, target)


def _only_what_was_justified_before(self: Finality, source: Checkpoint, target: Checkpoint) -> None:
    if target.epoch == source.epoch + 1:
        self._make_final(source)
    self._justified.add(target)
    self.latest_justified = max(self.latest_justified, target)


def _latest_is_last_received(self: Conduct) -> object:
    return self._votes[0] if self._votes else None


MUTANTS: Mapping[str, tuple[type, str, object]] = {
    "nobody is ever found to contradict itself": (Conduct, "_contradiction", _never_any_evidence),
    "of equals the least id": (WeightedTree, "_new", _least_id),
    "more than the threshold": (Validators, "reaches", _more_than_the_threshold),
    "thresholds in rounded floats": (Validators, "reaches", _in_floats),
    "a link over several epochs makes final": (Finality, "_follow", _every_source_is_final),
    "links that came before their source are forgotten": (Finality, "_follow", _only_what_was_justified_before),
    "the earliest vote counts": (Conduct, "latest", property(_latest_is_last_received)),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_in_the_rule_does_not_survive_the_comparison_with_its_definition(
    mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = [*SEEDED_WORLDS, AT_THE_THRESHOLD]
    expected = [defined(made) for made in worlds]
    of, name, mistake = MUTANTS[mutant]
    monkeypatch.setattr(of, name, mistake)
    found = []
    for seed, made in enumerate(worlds):
        try:
            found.append(told(made.view(shuffled(Random(seed), made.messages))))
        except AssertionError:
            found.append(("an assertion of its own",))
    assert expected != found


_BLOCK = child_of(FIRST)
AT_THE_THRESHOLD = World(
    Validators({key_of(1): 67, key_of(2): 33}),
    (_BLOCK, vote(1, _BLOCK, 1), vote(1, _BLOCK, 2, Checkpoint(1, _BLOCK.id))),
)
