"""Long columns: in files when they are long, walked over in blocks, and in order whatever order they come in."""

from __future__ import annotations

import errno
import gc
import os
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab import columns
from bizra_lab.errors import Unwritable
from bizra_lab.model import Ints

EXTREMES = (-(2**63), 2**63 - 1)
STAMPS = st.lists(st.one_of(st.integers(-9, 9), st.integers(*EXTREMES), st.sampled_from(EXTREMES)), max_size=90)


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Every column lies in a file, and blocks are short."""
    monkeypatch.setattr("bizra_lab.columns.IN_FILE_FROM", 1)
    monkeypatch.setattr("bizra_lab.columns.ROWS", 16)
    monkeypatch.setattr("bizra_lab.columns._LOOKED_AT_EVERY", 4)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def _filled(values: Ints) -> Ints:
    column = columns.room(len(values), np.int64)
    column[:] = values
    return column


def _picked(stamps: Ints) -> list[int]:
    """The rows in the order in which they come."""
    places = np.arange(len(stamps))
    return [int(place) for rows in columns.in_order(stamps) for place in places[rows]]


def test_a_long_column_takes_no_memory_and_leaves_no_file(in_files: Path) -> None:
    tracemalloc.start()
    column = columns.room(1 << 20, np.int64)
    column[:] = 7
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 7 * (1 << 20) == int(column.sum())
    assert most < 1 << 20
    assert [] == list(in_files.iterdir())


def test_what_was_handed_back_is_there_when_it_is_touched_again(in_files: Path) -> None:
    column = _filled(np.arange(10_000))
    columns.hand_back(column, column[10:])
    assert list(range(10_000)) == column.tolist()
    columns.hand_back(np.arange(3))  # what lies in memory stays as it is


def test_a_folder_without_room_is_told_with_how_much_it_takes(in_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bizra_lab.columns._reserve", full)
    with pytest.raises(Unwritable, match=r"No space left on device; expected 0\.8 GB of room for a column"):
        columns.room(100_000_000, np.int64)


def test_where_nothing_is_said_columns_lie_where_a_restart_would_find_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr("os.access", lambda *_: True)
    assert Path("/var/tmp") == columns._folder()


def test_blocks_are_all_rows_once_and_in_turn() -> None:
    assert [slice(0, 4), slice(4, 8), slice(8, 10)] == list(columns.blocks(np.zeros(10), np.zeros(10), rows=4))
    assert [] == list(columns.blocks(np.zeros(0)))


def test_a_difference_is_a_column_of_its_own(in_files: Path) -> None:
    later, earlier = _filled(np.arange(100) * 3), _filled(np.arange(100))
    found = columns.difference(later, earlier)
    assert [2 * each for each in range(100)] == found.tolist()
    found[:] = 0
    assert 297 == int(later[-1])


@given(STAMPS.filter(bool))
def test_the_span_is_from_the_smallest_to_the_largest(values: list[int]) -> None:
    assert (min(values), max(values)) == columns.span(np.array(values, np.int64))


def test_a_step_down_between_two_blocks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.columns.ROWS", 4)
    assert columns.is_rising(np.array([0, 1, 1, 3, 3, 4, 5, 6]))
    assert not columns.is_rising(np.array([0, 1, 1, 3, 2, 4, 5, 6]))
    assert columns.is_rising(np.zeros(0, np.int64))


@given(STAMPS, st.integers(4, 40))
def test_rows_come_as_a_stable_sort_would_bring_them(values: list[int], rows: int) -> None:
    stamps = np.array(values, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bizra_lab.columns.ROWS", rows)
        patch.setattr("bizra_lab.columns._LOOKED_AT_EVERY", 4)
        assert sorted(range(len(values)), key=lambda row: (values[row], row)) == _picked(stamps)


def test_stamps_in_order_come_as_slices_that_copy_nothing() -> None:
    assert all(isinstance(rows, slice) for rows in columns.in_order(np.arange(100)))


def test_no_part_of_any_order_is_much_longer_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Random rows with a straggler, and eight workers one behind the other: parts are cut by rank.

    Of 16 blocks, each may add as many as are not looked at between two.
    """
    monkeypatch.setattr("bizra_lab.columns.ROWS", 256)
    monkeypatch.setattr("bizra_lab.columns._LOOKED_AT_EVERY", 8)
    rng = np.random.default_rng(1)
    by_worker = np.concatenate([np.sort(rng.integers(0, 10**9, 512)) for _ in range(8)])
    straggler = np.append(rng.permutation(4_095), 10**15)
    for stamps in (by_worker, straggler):
        assert 256 + 16 * 8 >= max(len(stamps[rows]) for rows in columns.in_order(stamps))


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=90))
def test_an_order_that_is_kept_is_the_order_that_is_found(values: list[int]) -> None:
    stamps = np.array(values, np.int64)
    stamps.setflags(write=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bizra_lab.columns.ROWS", 16)
        patch.setattr("bizra_lab.columns._LOOKED_AT_EVERY", 4)
        patch.setattr("bizra_lab.columns.IN_FILE_FROM", 1)
        expected = sorted(range(len(values)), key=lambda row: (values[row], row))
        assert expected == _picked(stamps) == _picked(stamps)


def test_the_order_of_a_long_column_is_found_once_and_goes_with_it(
    in_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []

    def counting(stamps: Ints) -> Iterator[Ints]:
        found.append(len(stamps))
        return find(stamps)

    find = columns._sorted
    monkeypatch.setattr("bizra_lab.columns._sorted", counting)
    before = len(columns._ORDERS._kept)
    stamps = _filled(np.arange(100)[::-1])
    assert list(range(100))[::-1] == _picked(stamps)
    stamps[:2] = 500  # while it may be written to, nothing is kept
    assert 1 == _picked(stamps)[-1]
    stamps.setflags(write=False)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(_picked, [stamps, stamps]))
    assert both[0] == both[1] == _picked(stamps)
    assert [100, 100, 100] == found
    assert before + 1 == len(columns._ORDERS._kept)
    del stamps
    gc.collect()
    assert before == len(columns._ORDERS._kept)


def test_other_columns_follow_the_order_of_stamps_and_stay_what_they_are_where_it_is_theirs(in_files: Path) -> None:
    stamps, beside = np.array([30, 10, 20, 10]), np.array([3, 1, 2, 9])
    first, second = columns.ordered(stamps, beside, stamps)
    assert ([1, 9, 2, 3], [10, 10, 20, 30]) == (first.tolist(), second.tolist())
    (same,) = columns.ordered(np.arange(4), beside)
    assert same is beside


@given(st.lists(st.tuples(st.integers(-2, 3), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=80))
def test_each_groups_rows_stand_together_by_stamps_and_then_by_what_breaks_ties(
    rows: list[tuple[int, int, int]],
) -> None:
    group, stamp, tie = (np.array(each) for each in zip(*rows, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bizra_lab.columns.ROWS", 8)
        patch.setattr("bizra_lab.columns._LOOKED_AT_EVERY", 4)
        found = columns.grouped(group.astype(np.int32), stamp, tie, group.astype(np.int32), stamp, tie)
    assert sorted(rows) == list(zip(*(each.tolist() for each in found), strict=True))
    assert np.int32 == found[0].dtype


@given(st.lists(st.integers(0, 30), max_size=40), st.lists(st.integers(-2, 33), max_size=20))
def test_moments_stand_among_stamps_where_a_search_of_all_would_put_them(stamps: list[int], moments: list[int]) -> None:
    rising, at = np.sort(np.array(stamps, np.int64)), np.sort(np.array(moments, np.int64))
    assert [sum(stamp < moment for stamp in stamps) for moment in at] == columns.places(rising, at, "left").tolist()
    assert [sum(stamp <= moment for stamp in stamps) for moment in at] == columns.places(rising, at, "right").tolist()
