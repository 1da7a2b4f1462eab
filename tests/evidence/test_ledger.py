"""The ledger: it grows and never shrinks, and one bit of it, or an entry less, is refused."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.evidence.canonical import canonical_json
from bizra_lab.evidence.ledger import (
    LEDGER_BYTES_MAX,
    Entry,
    Ledger,
    alone,
    append,
    leaves,
    read_ledger,
    recall,
    remember,
)
from bizra_lab.evidence.merkle import consistency_proof, continues
from bizra_lab.evidence.statement import LedgerMark
from tests.evidence.sealing import KEY, OTHER, TRUSTED, flip

MOMENT = "2026-01-31T12:00:00Z"


def sealed(run: str) -> Entry:
    return Entry("sealed", run, MOMENT, "ab" * 32, "2026-07-30T12:00:00Z")


def ledger_of(path: Path, *runs: str) -> Ledger:
    for run in runs:
        ledger = append(path, sealed(run), KEY, TRUSTED, None)
    return ledger


def read(path: Path, remembered: LedgerMark | None = None) -> Ledger:
    ledger = read_ledger(path, TRUSTED, remembered)
    assert ledger is not None
    return ledger


def test_a_ledger_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = ledger_of(tmp_path / "ledger.json", "one", "two")
    ledger = read(tmp_path / "ledger.json", written.mark)
    assert ("one", "two") == tuple(each.run for each in ledger.entries)
    assert "the key" == ledger.signed_by
    assert written.mark == ledger.mark


def test_where_there_was_none_there_is_none(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "ledger.json", TRUSTED, None) is None


def test_a_ledger_keeps_its_name_as_it_grows(tmp_path: Path) -> None:
    first = ledger_of(tmp_path / "ledger.json", "one").mark
    last = ledger_of(tmp_path / "ledger.json", "two", "three").mark
    assert first.ledger == last.ledger
    assert (1, 3) == (first.entries, last.entries)
    assert first.root != last.root


def test_it_begins_with_each_that_it_was_and_with_no_other(tmp_path: Path) -> None:
    first = ledger_of(tmp_path / "a.json", "one").mark
    second = ledger_of(tmp_path / "a.json", "two").mark
    ledger = ledger_of(tmp_path / "a.json", "three")
    other = ledger_of(tmp_path / "b.json", "one", "another").mark
    assert [True, True, False] == [ledger.begins_with(mark) for mark in (first, second, other)]
    assert not ledger.begins_with(LedgerMark(first.ledger, 0, first.root))
    assert not ledger.begins_with(LedgerMark(first.ledger, 4, first.root))


def test_who_kept_a_head_is_shown_that_it_continues(tmp_path: Path) -> None:
    before = ledger_of(tmp_path / "ledger.json", "one", "two", "three").mark
    after = ledger_of(tmp_path / "ledger.json", "four", "five")
    proof = consistency_proof(leaves(after.entries), 3)
    assert continues(bytes.fromhex(before.root), 3, bytes.fromhex(after.mark.root), 5, proof)


def test_one_bit_anywhere_is_refused_and_the_file_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    ledger_of(path, "one", "two")
    for position in range(0, 8 * path.stat().st_size, 5):  # every bit of a byte in its turn
        flip(path, position)
        with pytest.raises(Unreadable, match=r"ledger\.json"):
            read_ledger(path, TRUSTED, None)
        flip(path, position)
    read(path)


@pytest.mark.parametrize("left", [0, 1, 2])
def test_an_entry_taken_out_is_missed(left: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    ledger_of(path, "one", "two", "three")
    document = json.loads(path.read_bytes())
    del document["entries"][left]
    path.write_bytes(canonical_json(document))
    with pytest.raises(Unreadable, match="its entries are not those that its head was signed for"):
        read_ledger(path, TRUSTED, None)


def test_a_head_of_before_with_the_entries_of_before_is_missed_by_who_remembers(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    ledger_of(path, "one")
    before = path.read_bytes()
    mark = ledger_of(path, "two").mark
    path.write_bytes(before)
    read(path)  # authentic by itself
    with pytest.raises(Unreadable, match="not what it was; its 2 entries of before are not the beginning of its 1"):
        read_ledger(path, TRUSTED, mark)


def test_a_ledger_written_anew_with_the_key_is_missed_by_who_remembers(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    mark = ledger_of(path, "one", "two").mark
    path.unlink()
    ledger_of(path, "one", "another", "three")
    with pytest.raises(Unreadable, match="not what it was"):
        read_ledger(path, TRUSTED, mark)
    path.unlink()
    with pytest.raises(Unreadable, match="gone; it had 2 entries"):
        read_ledger(path, TRUSTED, mark)


def test_a_broken_ledger_is_not_signed_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    ledger_of(path, "one", "two")
    flip(path, 100)
    broken = path.read_bytes()
    with pytest.raises(Unreadable):
        append(path, sealed("three"), KEY, TRUSTED, None)
    assert broken == path.read_bytes()


def test_a_ledger_by_another_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    append(path, sealed("one"), OTHER, {}, None)
    with pytest.raises(Unreadable, match="signed with none of the 1 trusted keys"):
        read_ledger(path, TRUSTED, None)


@pytest.mark.parametrize("text", [b"", b"{}", b'{"entries":[],"head":{}}', b'{"entries":[1]}', b"[]"])
def test_what_is_no_ledger_is_refused(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_bytes(text)
    with pytest.raises(Unreadable, match=r"ledger\.json"):
        read_ledger(tmp_path / "ledger.json", TRUSTED, None)


def test_a_file_as_large_as_a_disk_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "ledger.json").open("wb") as file:
        file.truncate(LEDGER_BYTES_MAX + 1)
    with pytest.raises(Unreadable, match="expected a ledger of at most"):
        read_ledger(tmp_path / "ledger.json", TRUSTED, None)


def test_a_run_is_what_its_last_entries_say(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    ledger_of(path, "one", "two")
    for entry in (
        Entry("held", "one", MOMENT, reason="a dispute"),
        Entry("held", "two", MOMENT, reason="another"),
        Entry("released", "two", MOMENT, reason="settled"),
        Entry("removed", "two", MOMENT, reason="its time was over"),
    ):
        ledger = append(path, entry, KEY, TRUSTED, None)
    assert "a dispute" == ledger.held("one")
    assert ledger.held("two") is None
    assert [False, True] == [ledger.removed(run) for run in ("one", "two")]
    assert ("one",) == ledger.kept
    assert sealed("two") == ledger.sealed("two")
    assert ledger.sealed("three") is None


def test_what_is_remembered_is_recalled(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ledgers" / "a.json"
    assert recall(path) is None
    mark = LedgerMark("ab", 3, "cd")
    remember(path, mark)
    assert mark == recall(path)
    path.write_bytes(b"{")
    with pytest.raises(Unreadable, match="expected what is remembered of a ledger"):
        recall(path)


def test_who_adds_keeps_others_out_until_done(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    with alone(path):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def _add(path: Path, name: str) -> None:
    for number in range(5):
        with alone(path):
            append(path, sealed(f"{name}-{number}"), KEY, TRUSTED, None)


def test_processes_that_add_at_once_lose_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "outputs" / "ledger.json"
    context = multiprocessing.get_context("spawn")
    adding = [context.Process(target=_add, args=(path, name)) for name in ("a", "b")]
    for process in adding:
        process.start()
    for process in adding:
        process.join()
    assert 10 == len({each.run for each in read(path).entries})
