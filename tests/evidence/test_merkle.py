"""The tree of RFC 6962 and RFC 9162: published roots and proofs, and every proof of every small tree."""

from __future__ import annotations

import hashlib

import pytest

from bizra_lab.evidence.merkle import (
    climb,
    consistency_proof,
    continues,
    includes,
    inclusion_proof,
    leaf_hash,
    root,
)

# The eight leaves of Certificate Transparency's own tests, and the roots of the trees of the first 1 to 8 of them.
DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(each)) for each in DATA]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

LARGE = [leaf_hash(bytes([number])) for number in range(33)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots_are_reached(size: int) -> None:
    assert ROOTS[size - 1] == root(LEAVES[:size]).hex()


def test_a_tree_without_leaves_is_the_hash_of_nothing() -> None:
    assert hashlib.sha256(b"").digest() == root([])


def test_the_published_proof_of_the_first_of_eight_is_reached() -> None:
    assert [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ] == [each.hex() for each in inclusion_proof(LEAVES, 0)]


@pytest.mark.parametrize("size", range(1, len(LARGE) + 1))
def test_each_leaf_is_shown_to_be_where_it_is_and_nowhere_else(size: int) -> None:
    leaves = LARGE[:size]
    whole = root(leaves)
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(leaves, index)
        assert [index] == [place for place in range(size + 1) if includes(whole, size, leaf, place, proof)]


@pytest.mark.parametrize("size", range(1, len(LARGE) + 1))
def test_a_tree_is_shown_to_continue_each_that_it_was_and_no_other(size: int) -> None:
    leaves = LARGE[:size]
    for before in range(1, size + 1):
        proof = consistency_proof(leaves, before)
        continued = [old for old in range(1, size + 1) if continues(root(leaves[:old]), old, root(leaves), size, proof)]
        assert [before] == continued


def test_a_proof_with_one_bit_changed_or_a_hash_more_or_less_shows_nothing() -> None:
    proof = inclusion_proof(LARGE, 5)
    continuing = consistency_proof(LARGE, 21)
    for position in range(len(proof)):
        changed = [*proof]
        changed[position] = bytes([changed[position][0] ^ 1]) + changed[position][1:]
        assert not includes(root(LARGE), len(LARGE), LARGE[5], 5, changed)
    for position in range(len(continuing)):
        changed = [*continuing]
        changed[position] = bytes([changed[position][0] ^ 1]) + changed[position][1:]
        assert not continues(root(LARGE[:21]), 21, root(LARGE), len(LARGE), changed)
    for wrong in (proof[:-1], proof[1:], (*proof, proof[0])):
        assert not includes(root(LARGE), len(LARGE), LARGE[5], 5, wrong)
    for wrong in (continuing[:-1], continuing[1:], (*continuing, continuing[0]), ()):
        assert not continues(root(LARGE[:21]), 21, root(LARGE), len(LARGE), wrong)


def test_an_older_tree_that_was_rewritten_is_not_continued() -> None:
    rewritten = [leaf_hash(b"another"), *LARGE[1:]]
    proof = consistency_proof(rewritten, 20)
    assert not continues(root(LARGE[:20]), 20, root(rewritten), len(LARGE), proof)


def test_a_node_cannot_be_passed_off_as_a_leaf() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != root([left, right])


def test_the_way_up_names_each_hash_beside_it_and_ends_at_the_root() -> None:
    steps = climb(7, LARGE[2], 2, inclusion_proof(LARGE[:7], 2))
    assert [False, True, False] == [step.on_the_left for step in steps]
    assert inclusion_proof(LARGE[:7], 2) == tuple(step.beside for step in steps)
    assert root(LARGE[:7]) == steps[-1].node


@pytest.mark.parametrize("index", [-1, 8])
def test_what_is_not_there_has_no_proof(index: int) -> None:
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_proof(LEAVES, index)
    assert not includes(root(LEAVES), 8, LEAVES[0], index, ())


@pytest.mark.parametrize("size", [0, 9])
def test_a_tree_that_was_never_is_not_continued(size: int) -> None:
    with pytest.raises(ValueError, match="no beginning"):
        consistency_proof(LEAVES, size)
    assert not continues(root(LEAVES), size, root(LEAVES), 8, ())
