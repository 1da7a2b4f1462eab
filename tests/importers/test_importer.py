"""What a file is, its content tells; and no file, however bad, does anything but get one line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from bizra_lab.errors import LabError, SettingsError, UnknownName, Unreadable
from bizra_lab.importers import IMPORTERS, read
from tests.importers.reading import MADE, REAL, only_claim

FILES = sorted(path for folder in (REAL, MADE) for path in folder.iterdir())

FORMATS = {
    "ab": ("ab_nginx_c50.txt", "ab_c2.tsv", "ab_c2.txt"),
    "autocannon": ("autocannon_nginx_c10.json", "autocannon_uvicorn_slow_c20.json"),
    "claims": ("claims.yaml",),
    "ghz": ("ghz.json",),
    "google_benchmark": (
        "google_benchmark.json",
        "google_benchmark_3_repetitions.json",
        "google_benchmark_aggregates.json",
    ),
    "hey": ("hey_nginx_c10.csv", "hey_stall1500ms_c20.txt", "hey_uvicorn_slow10ms_c20.txt", "hey_refused_c8.txt"),
    "hlog": ("hlog_ns.hlog", "hlog_tagged.hlog", "hlog_us.hlog", "hlog_without_unit.hlog"),
    "hyperfine": ("hyperfine_true.json",),
    "jmh": ("jmh.json",),
    "jtl": ("jtl_ends.csv", "jtl_ends.xml", "jtl_starts.csv", "jtl_starts.xml"),
    "k6": ("k6_handle_summary.json", "k6_summary_export.json"),
    "locust": ("locust_c20_stats.csv", "locust_c20_stats_history.csv"),
    "oha": ("oha.json", "oha_all_failed.json"),
    "pyperf": ("pyperf_timeit.json",),
    "pytest_benchmark": ("pytest_benchmark.json",),
    "siege": ("siege_c20.json", "siege_c5.txt"),
    "vegeta": ("vegeta.json", "vegeta_never_closed.json"),
    "wrk": ("wrk_nginx_c16.txt", "wrk_uvicorn_slow10ms_c20.txt", "wrk_c8_without_latency.txt"),
    "wrk2": ("wrk2_c100.txt",),
}


def test_each_importer_has_a_file_to_read() -> None:
    assert tuple(FORMATS) == IMPORTERS.names()


def test_each_file_has_its_format() -> None:
    assert sorted(name for names in FORMATS.values() for name in names) == sorted(path.name for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_recognised_by_exactly_its_importer(path: Path) -> None:
    head = path.read_bytes()[:65_536]
    assert [name for name, files in FORMATS.items() if path.name in files] == [
        name for name, each in IMPORTERS.items() if each.can_read(head)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_line_ends_of_another_system_and_a_byte_order_mark_change_nothing(path: Path, tmp_path: Path) -> None:
    other = tmp_path / path.name
    other.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert [claim.results for claim in read(path).claims] == [claim.results for claim in read(other).claims]


def _line_about(path: Path) -> str:
    """What reading a file says, when it cannot be read; nothing when it can."""
    try:
        read(path)
    except LabError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("part", [3, 5, 7, 9])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_part_of_a_file_gets_at_most_one_line_that_names_it(path: Path, part: int, tmp_path: Path) -> None:
    cut_short = tmp_path / path.name
    cut_short.write_bytes(path.read_bytes()[: path.stat().st_size * part // 10])
    said = _line_about(cut_short)
    assert said == "" or (str(cut_short) in said and "\n" not in said)


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".json"], ids=lambda path: path.name)
def test_half_a_json_file_is_never_read(path: Path, tmp_path: Path) -> None:
    half = tmp_path / path.name
    half.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Unreadable):
        read(half)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_that_is_not_utf_8_gets_one_line(path: Path, tmp_path: Path) -> None:
    other = tmp_path / path.name
    other.write_bytes(path.read_bytes().rstrip() + b"\n\xff\xfe\n")
    with pytest.raises(Unreadable, match=r"UTF-8|not well-formed"):
        read(other)


def test_an_empty_file_is_no_result(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"\n \n")
    with pytest.raises(Unreadable, match=r"empty\.txt: empty; expected a result file"):
        read(empty)


def test_a_folder_and_a_missing_file_are_no_result(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="Is a directory"):
        read(tmp_path)
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "nothing")


def test_a_zip_archive_is_not_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.json", b"0" * 50_000_000)
    with pytest.raises(Unreadable, match=r"of no known format; expected one of ab, autocannon"):
        read(bomb)
    assert [bomb] == list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [name for name in FORMATS if name != "claims"])
def test_a_file_read_as_another_format_gets_one_line(kind: str) -> None:
    other = MADE / "claims.yaml"
    with pytest.raises(Unreadable, match=r"claims\.yaml: .+; expected|claims\.yaml: no |claims\.yaml: line "):
        read(other, kind)


def test_a_file_that_could_be_two_formats_is_not_guessed(tmp_path: Path) -> None:
    both = tmp_path / "both.json"
    both.write_text((MADE / "vegeta.json").read_text() + (MADE / "oha.json").read_text())
    with pytest.raises(Unreadable, match="could be oha or vegeta; say which"):
        read(both)


def test_an_unknown_format_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'vegeta'"):
        read(MADE / "vegeta.json", "vegetta")


def test_workers_are_told_where_the_file_does_not_say() -> None:
    assert only_claim(REAL / "hey_stall1500ms_c20.txt", workers=20).declared.workers == 20


def test_workers_that_contradict_the_file_are_refused() -> None:
    with pytest.raises(SettingsError, match="declares 50 workers, got 20; it is only for files that do not say"):
        read(REAL / "ab_nginx_c50.txt", workers=20)
    with pytest.raises(SettingsError, match="expected at least 1, got 0"):
        read(REAL / "hey_stall1500ms_c20.txt", workers=0)


VEGETA = json.loads((MADE / "vegeta.json").read_text())


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("NaN", "NaN is no number"),
        ("Infinity", "Infinity is no number"),
        ("-1", r"latencies\.mean: expected a number of 0 or more, got -1"),
        ("1e400", r"latencies\.mean: expected 0, or a number between 1e-30 and 1e30, got 1E\+400"),
        ("1e999999999999", "expected"),
        ("9" * 5000, "expected"),
        ('"0,5"', r"latencies\.mean: expected a number, got '0,5'"),
        ("true", r"latencies\.mean: expected a number, got True"),
        ("[1]", r"latencies\.mean: expected a number, got \[1\]"),
        ("[" * 100_000, "expected JSON"),
        ('1, "mean": 2', "'mean' is written twice"),
    ],
    ids=lambda text: text[:20],
)
def test_a_number_that_is_none_is_told_with_its_place(defect: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "vegeta.json"
    path.write_text(json.dumps(VEGETA).replace('"mean": 6566694', f'"mean": {defect}'))
    with pytest.raises(Unreadable, match=said) as caught:
        read(path, "vegeta")
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))


@pytest.mark.parametrize("defect", ["null", "[]", "7", '"text"'])
def test_a_part_that_is_none_is_told_with_its_place(defect: str, tmp_path: Path) -> None:
    path = tmp_path / "vegeta.json"
    path.write_text(json.dumps(VEGETA | {"latencies": "HERE"}).replace('"HERE"', f'{{"x": 1}}, "y": {defect}'))
    assert read(path).claims
    path.write_text(
        f'{{"latencies": {defect}, "bytes_in": 1, "bytes_out": 1, "status_codes": 1, "requests": 1, "rate": 1}}'
    )
    with pytest.raises(Unreadable, match=r"vegeta\.json"):
        read(path)


def test_a_json_file_beyond_the_bound_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.importers._files.JSON_BYTES_MAX", 100)
    with pytest.raises(Unreadable, match="more than 100 bytes; expected a smaller result file"):
        read(MADE / "vegeta.json")


def test_a_name_is_only_ever_shown(tmp_path: Path) -> None:
    path = tmp_path / "hyperfine.json"
    content = json.loads((REAL / "hyperfine_true.json").read_text())
    content["results"][0]["command"] = "../../etc/passwd\x1b[2J\n" + "x" * 1000
    path.write_text(json.dumps(content))
    claim = only_claim(path)
    assert claim.name.startswith("../../etc/passwd [2J xxx")
    assert len(claim.name) == 200
    assert [path] == list(tmp_path.iterdir())
