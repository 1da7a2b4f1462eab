"""Whether a tool's latencies are of the failed operations too, by what it prints of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.importers import read
from bizra_lab.importers._printed import failures_timed
from tests.importers.reading import MADE, REAL

AB, WRK, HEY = REAL / "ab_nginx_c50.txt", REAL / "wrk_nginx_c16.txt", REAL / "hey_uvicorn_slow10ms_c20.txt"
AUTOCANNON, WRK2, OHA = REAL / "autocannon_nginx_c10.json", MADE / "wrk2_c100.txt", MADE / "oha.json"

AB_KINDS = "Failed requests:        {}\n   (Connect: {}, Receive: {}, Length: {}, Exceptions: {})"
SOCKET = "  Socket errors: connect 3, read 0, write 0, timeout 4\n"
STATUS = "  Non-2xx or 3xx responses: 9\n"
ERRORS = "\nError distribution:\n  [7]\tGet http://127.0.0.1:1/: connection refused\n"


def timed(path: Path, folder: Path, *changes: tuple[str, str]) -> bool | None:
    """What the first claim of a file says of its failures, after these replacements."""
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    changed = folder / path.name
    changed.write_text(text)
    return read(changed).claims[0].declared.failures_in_latency


@pytest.mark.parametrize(
    ("answered", "unanswered", "expected"), [(3, 0, True), (0, 4, False), (3, 4, None), (0, 0, None)]
)
def test_failures_are_timed_all_none_or_it_cannot_be_said(
    answered: int, unanswered: int, expected: bool | None
) -> None:
    assert expected is failures_timed(answered, unanswered)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((5, 0, 0, 5, 0), True),
        ((5, 0, 5, 0, 0), True),
        ((5, 5, 0, 0, 0), False),
        ((5, 0, 0, 0, 5), False),
        ((6, 1, 0, 5, 0), None),
    ],
)
def test_ab_times_what_it_could_send(kinds: tuple[int, ...], expected: bool | None, tmp_path: Path) -> None:
    assert expected is timed(AB, tmp_path, ("Failed requests:        0", AB_KINDS.format(*kinds)))


def test_ab_times_an_answer_of_another_status(tmp_path: Path) -> None:
    assert (
        timed(AB, tmp_path, ("Failed requests:        0", "Failed requests:        0\nNon-2xx responses:      5"))
        is True
    )


@pytest.mark.parametrize(("lines", "expected"), [(STATUS, True), (SOCKET, False), (SOCKET + STATUS, None), ("", None)])
def test_wrk_times_answers_of_whatever_status(lines: str, expected: bool | None, tmp_path: Path) -> None:
    assert expected is timed(WRK, tmp_path, ("Requests/sec:", lines + "Requests/sec:"))


def test_wrk2_times_what_wrk_times(tmp_path: Path) -> None:
    assert timed(WRK2, tmp_path) is None
    assert timed(WRK2, tmp_path, ("read 2, write 0, timeout 4", "read 0, write 0, timeout 0")) is True
    assert timed(WRK2, tmp_path, ("responses: 12", "responses: 0")) is False


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("[200]\t7829", "[503]\t7829")], True),
        ([("responses\n", "responses\n" + ERRORS)], False),
        ([("[200]\t7829 responses\n", "[503]\t7829 responses\n" + ERRORS)], None),
        ([], None),
    ],
)
def test_hey_times_answers_of_whatever_status(
    changes: list[tuple[str, str]], expected: bool | None, tmp_path: Path
) -> None:
    assert expected is timed(HEY, tmp_path, *changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([('"errors":0', '"errors":7')], False),
        ([('"non2xx":0', '"non2xx":78165')], True),
        ([('"non2xx":0', '"non2xx":165'), ('"totalCount":78165', '"totalCount":78000')], False),  # --excludeErrorStats
        ([('"non2xx":0', '"non2xx":165'), ('"totalCount":78165', '"totalCount":78100')], None),
        (
            [('"non2xx":0', '"non2xx":165'), ('"totalCount":78165', '"totalCount":80000')],
            None,
        ),  # corrected, with a rate
        ([('"non2xx":0', '"non2xx":165'), ('"errors":0', '"errors":7')], None),
        ([], None),
    ],
)
def test_autocannon_times_answers_unless_they_are_excluded(
    changes: list[tuple[str, str]], expected: bool | None, tmp_path: Path
) -> None:
    assert expected is timed(AUTOCANNON, tmp_path, *changes)


def test_oha_times_answers_only(tmp_path: Path) -> None:
    assert read(MADE / "oha_all_failed.json").claims[0].declared.failures_in_latency is False
    assert timed(OHA, tmp_path) is None
    assert timed(OHA, tmp_path, (', "connection error": 20', "")) is True


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (REAL / "locust_c20_stats.csv", True),
        (REAL / "locust_c20_stats_history.csv", True),
        (MADE / "vegeta.json", True),
        (MADE / "jtl_starts.csv", True),
        (MADE / "jtl_starts.xml", True),
        (REAL / "hyperfine_true.json", True),
        (MADE / "ghz.json", False),
        (REAL / "siege_c20.json", None),
        (REAL / "hey_nginx_c10.csv", None),
        (MADE / "ab_c2.tsv", None),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else str(value),
)
def test_what_a_tool_always_does_is_said_of_each_of_its_files(path: Path, expected: bool | None) -> None:
    assert {expected} == {claim.declared.failures_in_latency for claim in read(path).claims}


@pytest.mark.parametrize("name", ["k6_handle_summary.json", "k6_summary_export.json"])
def test_k6_times_failed_requests_and_does_not_tell_failed_iterations(name: str) -> None:
    assert [None, True] == [claim.declared.failures_in_latency for claim in read(MADE / name).claims]
