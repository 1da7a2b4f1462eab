"""What several workers recorded, as one."""

from __future__ import annotations

import numpy as np

from bizra_lab.harness import load as module
from bizra_lab.harness.load import bytes_per_operation, slowest
from bizra_lab.harness.recorder import SIGHTING_FIELDS, SIGHTINGS, Board, Room
from bizra_lab.model import Codes, Load


def test_outcomes_that_each_recording_numbered_for_itself_become_one_list() -> None:
    def column(codes: list[int], *outcomes: str) -> tuple[Codes, tuple[str, ...]]:
        return np.array(codes, dtype=np.uint8), outcomes

    codes, names = module._outcomes(
        [
            column([0, 1, 2, 1], "ok", "KeyError", "OSError"),
            column([0, 0], "ok"),
            column([1, 0, 2], "ok", "OSError", "TypeError"),
        ]
    )
    assert ("ok", "KeyError", "OSError", "TypeError") == names
    assert [0, 1, 2, 1, 0, 0, 2, 0, 3] == codes.tolist()


def test_more_outcomes_than_one_recording_can_number_keep_their_names() -> None:
    def column(first: int) -> tuple[Codes, tuple[str, ...]]:
        names = tuple(f"Failure{number}" for number in range(first, first + 254))
        return np.arange(256, dtype=np.uint8), ("ok", *names, "other")

    codes, names = module._outcomes([column(0), column(254)])
    assert 1 + 2 * 254 + 1 == len(names)
    assert ("ok", "Failure0", "Failure253", "other", "ok", "Failure254", "Failure507", "other") == tuple(
        names[codes[place]] for place in (0, 1, 254, 255, 256, 257, 510, 511)
    )


def test_only_the_slowest_sightings_are_kept_and_from_where_they_are_complete_is_told() -> None:
    n = SIGHTINGS + 10
    rows = np.arange(n, dtype=np.int64)[:, None] * np.ones(SIGHTING_FIELDS, dtype=np.int64)
    sightings, slow_ns = slowest([(7, rows, 3)], 0, n)
    assert SIGHTINGS == len(sightings)
    assert 10 == slow_ns
    assert {7} == {each.worker for each in sightings}
    assert 10 == min(each.finished_ns for each in sightings)


def test_the_bytes_of_an_operation_are_those_its_room_takes() -> None:
    chained, paired = Room.chained(1000, 1), Room.paired(1000, 1)
    board = Board.of(np.zeros(1000, dtype=np.int64))
    assert 1000 * bytes_per_operation(Load()) == chained.stamps[1:].nbytes + chained.outcome.nbytes
    assert 1000 * bytes_per_operation(Load(workers=2)) == sum(
        column.nbytes for column in (paired.starts, paired.ends, paired.outcome)
    )
    assert 1000 * bytes_per_operation(Load("open", 1, 1.0)) == sum(
        column.nbytes for column in (board.due_ns, board.starts, board.ends, board.outcome, board.worker)
    )
