"""
Every format, by a real file of it, damaged in every way that files are.

Either it is read as what it was, or it is refused in one line that names it: never another number, a traceback, a wait
without end, or anything written.
"""

from __future__ import annotations

import base64
import gzip
import io
import os
import re
import signal
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bizra_lab import cli
from bizra_lab.errors import COULD_NOT_RUN, LabError, Unreadable
from bizra_lab.importers import IMPORTERS, hlog, read
from tests.importers.reading import MADE, REAL

Damage = Callable[[bytes], bytes]

FILES = sorted(path for folder in (REAL, MADE) for path in folder.iterdir())

LINE_LENGTH_MAX = 600  # letters beside the path: a message that is read, not a dump
PATIENCE_S = 20  # for one file of some KB


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """What does not end fails, where it hangs, instead of the whole run."""

    def too_long(*_: Any) -> None:
        raise AssertionError(f"not read after {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def format_of(path: Path) -> str:
    head = path.read_bytes()[:65_536]
    return next(name for name, each in IMPORTERS.items() if each.can_read(head))


def claims(path: Path, kind: str) -> list[Any]:
    """What a file claims, but for its samples, whose arrays do not compare as one."""
    return [(each.name, each.says, dict(each.results), each.declared, each.stated) for each in read(path, kind).claims]


def refused(path: Path, kind: str) -> str:
    """The line that a file gets which cannot be read; nothing when it can."""
    try:
        read(path, kind)
    except LabError as error:
        said = str(error)
        assert str(path) in said
        assert "\n" not in said
        assert len(said) <= LINE_LENGTH_MAX + len(str(path))
        return said
    return ""


def left(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def in_the_middle(inserted: bytes) -> Damage:
    return lambda content: content[: len(content) // 2] + inserted + content[len(content) // 2 :]


def half(content: bytes) -> bytes:
    """The first half, cut inside a line."""
    end = content.find(b"\n", len(content) // 2)
    return content[: len(content) // 2 if end < 0 else end - 1]


def numbers_as(written: bytes) -> Damage:
    """Every number that has a decimal point, where it stands alone, as something else."""
    return lambda content: re.sub(rb"(?<![\w.\d])\d+\.\d+(?![\d.])", written, content)


def zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("results", content)
    return archive.getvalue()


HARMLESS: dict[str, Damage] = {
    "line ends of another system": lambda content: content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
}

DAMAGED: dict[str, Damage] = {
    "empty": lambda _: b"",
    "half of it": half,
    "Latin-1": in_the_middle(b"\xe9"),
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "a NUL": in_the_middle(b"\0"),
    "a NUL at its end": lambda content: content + b"\0\n",
    "gzip": gzip.compress,
    "zip": zipped,
}

# What does not change a file that has no such number: read as before, or refused.
OTHER_NUMBERS: dict[str, Damage] = {
    "decimal commas": lambda content: re.sub(rb"(?<=\d)\.(?=\d)", b",", content),
    "commas between thousands": lambda content: re.sub(rb"(?<![\d.])(\d+)(\d{3})(?![\d.])", rb"\1,\2", content),
    "points between thousands": lambda content: re.sub(rb"(?<![\d.])(\d{1,3})(\d{3})\.(\d)", rb"\1.\2,\3", content),
    "digits of another script": lambda content: (
        content.decode().translate({ord("0") + each: 0x660 + each for each in range(10)}).encode()
    ),
    "NaN": numbers_as(b"NaN"),
    "Infinity": numbers_as(b"Infinity"),
    "below 0": lambda content: re.sub(rb"(?<![\w.\d\[-])(\d+\.\d+)(?![\d.])", rb"-\1", content),
    "of 5,000 digits": lambda content: re.sub(rb"(?<![\w.])\d+", b"9" * 5000, content, count=200),
    "beyond any double": numbers_as(b"1e400"),
    "beyond any exponent": numbers_as(b"1e99999999999999999999"),
    "beyond anything measured": numbers_as(b"1e300"),
    "deep": lambda content: re.sub(rb"(?<=\":)\s*\d[\d.]*", b"[" * 100_000, content, count=3),
}


@pytest.mark.parametrize("damage", HARMLESS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_harms_nothing_is_read_as_before(path: Path, damage: str, tmp_path: Path) -> None:
    other = left(tmp_path / path.name, HARMLESS[damage](path.read_bytes()))
    assert claims(path, "auto") == claims(other, "auto")


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_damaged_is_refused_in_one_line(path: Path, damage: str, tmp_path: Path) -> None:
    other = left(tmp_path / path.name, DAMAGED[damage](path.read_bytes()))
    assert refused(other, "auto")
    assert refused(other, format_of(path))
    assert [other] == list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", OTHER_NUMBERS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_number_of_another_kind_is_never_read_as_another_number(path: Path, damage: str, tmp_path: Path) -> None:
    content = path.read_bytes()
    other = left(tmp_path / path.name, OTHER_NUMBERS[damage](content))
    kind = format_of(path)
    assert refused(other, kind) or figures(path, kind) == figures(other, kind)


def figures(path: Path, kind: str) -> list[Any]:
    """What a file claims in numbers: names and words may have digits of any kind."""
    return [(dict(each.results), each.declared) for each in read(path, kind).claims]


@pytest.mark.parametrize("kind", ["auto", *IMPORTERS.names()])
def test_what_is_no_regular_file_is_not_opened(kind: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert f"{pipe}: no regular file; expected a result file" == refused(pipe, kind)
    assert f"{tmp_path}: Is a directory; expected a result file" == refused(tmp_path, kind)
    assert "/dev/zero: no regular file; expected a result file" == refused(Path("/dev/zero"), kind)
    assert "/dev/null: no regular file; expected a result file" == refused(Path("/dev/null"), kind)
    assert refused(tmp_path / "nothing", kind)
    assert refused(tmp_path / ("long" * 100), kind)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(Unreadable, match="expected a result file"):
        read(Path("a\0b"))


@pytest.mark.parametrize("path", [REAL / "hey_nginx_c10.csv", MADE / "ab_c2.tsv", MADE / "jtl_starts.csv"])
def test_a_table_whose_last_line_does_not_end_is_cut_short(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    cut = left(tmp_path / path.name, content[: content.index(b"\n", len(content) // 2) - 1])
    assert "ends without a line break; expected a whole table" in refused(cut, "auto")


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        (MADE / "siege_c5.txt", " " * 100_000 + "!"),
        (MADE / "siege_c5.txt", "a" * 100_000 + " " * 100_000),
        (REAL / "siege_c20.json", '"' + "a " * 100_000),
        (REAL / "ab_nginx_c50.txt", "Total:" + "1 " * 100_000 + "!"),
        (REAL / "wrk_nginx_c16.txt", "Latency" + " " * 100_000 + "!"),
        (MADE / "wrk2_c100.txt", "#[Max " + "Total count " * 50_000),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_a_long_line_takes_no_longer_than_its_length(path: Path, rows: str, tmp_path: Path) -> None:
    other = left(tmp_path / path.name, path.read_bytes().rstrip() + b"\n" + rows.encode() + b"\n")
    assert refused(other, "auto") or claims(path, "auto") == claims(other, "auto")


def test_a_key_that_is_written_twice_is_found_among_many(tmp_path: Path) -> None:
    keys = ",".join(f'"k{number}":1' for number in range(300_000))
    path = left(tmp_path / "vegeta.json", f'{{"status_codes":{{{keys},"k299999":1}}}}'.encode())
    assert "'k299999' is written twice; expected JSON" in refused(path, "vegeta")


CLAIMS = "source: somewhere\nclaims:\n  - {{name: a, {}}}\n"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"throughput_per_s: '{'a' * 60_000} b c'", "got 60,004 letters"),
        (f"throughput_per_s: '{'<' * 5_000}1'", "got 5,001 letters"),
        (f"throughput_per_s: '{'1 to ' * 5_000}1'", "got 25,001 letters"),
        (f"figures: {{memory: '{'a' * 60_000} b c'}}", "got 60,004 letters"),
        (f"baseline: '{'a' * 60_000} b c'", "got 60,004 letters"),
        (f"workers: {'9' * 400}", "expected 0, or a number between 1e-30 and 1e30"),
        (f"operations: {'9' * 400}", "expected 0, or a number between 1e-30 and 1e30"),
        ("latency: {p50: '0,12 ms'}", "with a decimal point, not a comma"),
        ("latency: {p50: '1.200,5 ms'}", "with a decimal point, not a comma"),
        ("error_share: .nan", "expected"),
        ("throughput_per_s: .inf", "expected"),
        ("<<: {workers: 5}", "merge"),
        ("sets: &itself {a: *itself}", "recursive"),
        ("says: !!python/object/apply:os.mkdir [owned]", "could not determine a constructor"),
        ("says: !!python/name:os.system ''", "could not determine a constructor"),
    ],
    ids=lambda text: text[:30],
)
def test_a_claims_file_is_data_and_nothing_else(
    written: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = left(tmp_path / "claims.yaml", CLAIMS.format(written).encode())
    assert said in refused(path, "claims")
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "aliases",
    [
        "a0: &a0 [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
        "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{b: *a{n - 1}, c: *a{n - 1}}}\n" for n in range(1, 60)),
    ],
    ids=["lists", "mappings"],
)
def test_aliases_do_not_multiply(aliases: str, tmp_path: Path) -> None:
    path = left(tmp_path / "claims.yaml", f"source: somewhere\nclaims: []\n{aliases}".encode())
    assert "more than 100,000 values, aliases followed" in refused(path, "claims")


def histogram(payload: bytes) -> bytes:
    """A line of an hlog whose histogram has this payload."""
    packed = zlib.compress(hlog.HEADER.pack(hlog.COOKIE, len(payload), 0, 3, 1, 3_600_000_000, 1.0) + payload)
    wrapped = struct.pack(">ii", hlog.COMPRESSED_COOKIE, len(packed)) + packed
    return b"0.1,1.0,0.1," + base64.b64encode(wrapped) + b"\n"


HLOG = b"#[Histogram log format version 1.3]\n"


def test_a_histogram_that_unpacks_to_more_than_any_is_refused(tmp_path: Path) -> None:
    path = left(tmp_path / "bomb.hlog", HLOG + histogram(bytes(hlog.UNPACKED_BYTES_MAX)))
    assert "line 2: a histogram of more than 20,000,000 bytes" in refused(path, "auto")


def test_histograms_that_together_unpack_to_more_than_a_day_of_them_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hlog, "FILE_BYTES_MAX", 100)
    path = left(tmp_path / "bombs.hlog", HLOG + histogram(b"\2" * 50) * 2)
    assert "line 3: more than 100 bytes of histograms" in refused(path, "auto")


def test_a_log_of_ever_new_tags_is_refused(tmp_path: Path) -> None:
    lines = b"".join(b"Tag=%d," % number + histogram(b"\2") for number in range(hlog.TAGS_MAX + 1))
    assert "or 1,000 tags" in refused(left(tmp_path / "tags.hlog", HLOG + lines), "auto")


def test_a_table_of_ever_new_times_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.importers.ab.TIMES_MAX", 5)
    assert "more than 5 different times" in refused(MADE / "ab_c2.tsv", "auto")


ROWS = 30_000
URL = "http://127.0.0.1/" + "x" * 700
BYTES_PER_ROW_MAX = (
    100  # held, of 24 in columns, their growth and what claims are made of; a row is eight times as long
)


def csv_rows() -> Iterator[str]:
    yield "timeStamp,elapsed,label,responseCode,threadName,success,allThreads,URL\n"
    for row in range(ROWS):
        yield f"{1_700_000_000_000 + row},1,get,200,thread 1,true,1,{URL}\n"


def xml_rows() -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n'
    for row in range(ROWS):
        yield f'<httpSample t="1" ts="{1_700_000_000_000 + row}" s="true" tn="thread 1" na="1" rc="200" lb="{URL}"/>\n'
    yield "</testResults>\n"


@pytest.mark.parametrize("rows", [csv_rows, xml_rows])
def test_a_result_file_is_read_row_by_row(rows: Callable[[], Iterator[str]], tmp_path: Path) -> None:
    path = tmp_path / "large.jtl"
    with path.open("w") as file:
        file.writelines(rows())
    assert path.stat().st_size > 8 * ROWS * BYTES_PER_ROW_MAX * 0.9
    tracemalloc.start()
    try:
        (claim,) = read(path).claims
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert claim.samples is not None
    assert ROWS == len(claim.samples)
    assert most < ROWS * BYTES_PER_ROW_MAX


@pytest.mark.parametrize("damage", ["empty", "half of it", "Latin-1", "a NUL", "zip"])
@pytest.mark.parametrize("name", ["wrk_nginx_c16.txt", "hyperfine_true.json", "hey_nginx_c10.csv"])
def test_a_shell_gets_one_line_and_exit_2(
    name: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = left(tmp_path / name, DAMAGED[damage]((REAL / name).read_bytes()))
    assert COULD_NOT_RUN == cli.main(["audit", str(path)])
    printed = capsys.readouterr()
    assert "" == printed.out
    assert printed.err.startswith(f"bizra-lab: {path}: ")
    assert 1 == printed.err.count("\n")
    assert [] == list(folder.iterdir())
    assert {folder, path} == set(tmp_path.iterdir())
