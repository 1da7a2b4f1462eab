"""The statement about a run: what in-toto asks of it, and names that stay inside their folder."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.evidence.canonical import canonical_json
from bizra_lab.evidence.merkle import includes, inclusion_proof, leaf_hash
from bizra_lab.evidence.statement import Judged, LedgerMark, Statement, is_name, read_statement

DIGESTS = {"b.json": "bb" * 32, "a.ipynb": "aa" * 32, "gates.yaml": "99" * 32}
STATEMENT = Statement(
    DIGESTS, Judged(("p",), ("w",), ()), {"gates.yaml": "99" * 32}, LedgerMark("ab" * 32, 3, "cd" * 32)
)


def written(statement: Statement = STATEMENT) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(statement.payload())
    return document


def test_it_is_an_in_toto_statement_with_a_test_result() -> None:
    document = written()
    assert "https://in-toto.io/Statement/v1" == document["_type"]
    assert "https://in-toto.io/attestation/test-result/v0.1" == document["predicateType"]
    assert {"passedTests": ["p"], "warnedTests": ["w"], "failedTests": [], "result": "WARNED"} == {
        key: value for key, value in document["predicate"].items() if key != "configuration"
    }
    assert {"name": "a.ipynb", "digest": {"sha256": "aa" * 32}} == document["subject"][0]


def test_subjects_are_in_the_order_of_their_names() -> None:
    assert ["a.ipynb", "b.json", "gates.yaml"] == [each["name"] for each in written()["subject"]]


def test_the_configuration_has_the_gates_the_tree_and_the_ledger() -> None:
    gates, tree, ledger = written()["predicate"]["configuration"]
    assert {"name": "gates.yaml", "digest": {"sha256": "99" * 32}} == gates
    assert {"leaves": 3} == tree["annotations"]
    assert STATEMENT.root.hex() == tree["digest"]["rfc9162Sha256"]
    assert {"id": "ab" * 32, "entries": 3} == ledger["annotations"]
    assert {"rfc9162Sha256": "cd" * 32} == ledger["digest"]


@pytest.mark.parametrize(
    ("tests", "result"),
    [
        (Judged(), "PASSED"),
        (Judged(("a",)), "PASSED"),
        (Judged(("a",), ("b",)), "WARNED"),
        (Judged(("a",), ("b",), ("c",)), "FAILED"),
    ],
)
def test_the_worst_answer_is_the_result(tests: Judged, result: str) -> None:
    assert result == tests.result


@pytest.mark.parametrize("statement", [STATEMENT, Statement({}, Judged(), {}, None)])
def test_a_statement_comes_back_as_it_was_signed(statement: Statement) -> None:
    assert statement == read_statement(statement.payload(), "a file")


def test_one_file_is_shown_to_be_a_subject_without_the_others() -> None:
    index, described = STATEMENT.leaf("b.json")
    assert b'{"digest":{"sha256":"' + b"b" * 64 + b'"},"name":"b.json"}' == described
    proof = inclusion_proof(STATEMENT.leaves, index)
    assert includes(STATEMENT.root, 3, leaf_hash(described), index, proof)
    assert not includes(STATEMENT.root, 3, leaf_hash(described.replace(b"b.json", b"c.json")), index, proof)


def test_what_is_no_subject_has_no_leaf() -> None:
    with pytest.raises(KeyError):
        STATEMENT.leaf("c.json")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../a", "/a", "a\\b", "a\nb", "a b", "a\0", "-rf", "a'b", "$HOME", "é", "a" * 256]
)
def test_a_name_that_leaves_its_folder_or_trips_a_shell_is_none(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(Unreadable, match="no plain file name"):
        read_statement(Statement({name: "aa" * 32}, Judged(), {}).payload(), "a file")


@pytest.mark.parametrize(
    "name", ["a", "SHA256SUMS", "01_a.ipynb", "a.samples.parquet", ".hidden", "a-b_c+d", "a" * 255]
)
def test_a_plain_name_is_one(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("digest", ["", "aa", "AA" * 32, "zz" * 32])
def test_a_digest_is_64_hexadecimal_digits(digest: str) -> None:
    with pytest.raises(Unreadable, match="with a SHA-256"):
        read_statement(Statement({"a": digest}, Judged(), {}).payload(), "a file")


def test_what_this_lab_would_not_have_written_is_refused() -> None:
    document = written()
    subjects, configuration = document["subject"], document["predicate"]["configuration"]
    wrong: list[Any] = [
        [],
        {},
        "text",
        {**document, "more": 1},
        {**document, "_type": "https://in-toto.io/Statement/v0.1"},
        {**document, "predicateType": "https://slsa.dev/provenance/v1"},
        {**document, "subject": subjects[::-1]},
        {**document, "subject": [*subjects, subjects[0]]},
        {**document, "subject": subjects[1:]},  # then the root is another
        {**document, "subject": [{**subjects[0], "uri": "x"}, *subjects[1:]]},
        {**document, "predicate": {**document["predicate"], "result": "PASSED"}},
        {**document, "predicate": {**document["predicate"], "configuration": configuration[:1]}},
        {**document, "predicate": None},
    ]
    for each in wrong:
        with pytest.raises(Unreadable, match="not a statement about a run"):
            read_statement(canonical_json(each), "a file")
