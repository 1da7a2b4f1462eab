"""JMeter's result files, CSV and XML, by ones made to the documented format: two threads, 10 ms and 5 ms in turns."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import _files, jtl, read
from bizra_lab.model import Declared
from tests.importers.reading import MADE, only_claim, reason

FILES = [MADE / f"jtl_{stamps}.{suffix}" for stamps in ("starts", "ends") for suffix in ("csv", "xml")]
HEADER = "timeStamp,elapsed,label,responseCode,threadName,success\n"


def _csv(tmp_path: Path, rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "made.jtl"
    path.write_text(header + rows)
    return path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_starts_are_found_whether_stamps_are_starts_or_ends(path: Path) -> None:
    samples = only_claim(path).samples
    assert samples is not None
    first = samples.worker == samples.worker[0]
    assert [0, 11_000_000, 17_000_000, 28_000_000, 34_000_000] == samples.started_ns[first].tolist()
    assert [10_000_000, 5_000_000, 10_000_000, 5_000_000, 10_000_000] == samples.latency_ns[first].tolist()
    assert [1_000_000, 12_000_000] == samples.started_ns[~first][:2].tolist()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_samples_of_all_threads_are_one_claim(path: Path) -> None:
    claim = only_claim(path)
    assert claim.samples is not None
    assert 10 == len(claim.samples)
    assert ("ok", "503") == claim.samples.outcomes
    assert 1 == int((~claim.samples.succeeded).sum())
    assert Declared("http", "closed", 2, None, None, 0.045, None, 1e6, failures_in_latency=True) == claim.declared
    assert {} == claim.results


def test_undisclosed_threads_are_not_counted_from_their_names(tmp_path: Path) -> None:
    claim = only_claim(_csv(tmp_path, "1000,5,a,200,t1,true\n1000,5,a,200,t2,true\n"))
    assert (None, None) == (claim.declared.workers, claim.declared.scope)
    assert "--workers" in reason(claim, "littles_law.ratio")


def test_where_both_readings_avoid_overlaps_a_stamp_is_a_start(tmp_path: Path) -> None:
    samples = only_claim(_csv(tmp_path, "1000,5,a,200,t1,true\n2000,7,a,200,t1,true\n")).samples
    assert samples is not None
    assert [0, 1_000_000_000] == samples.started_ns.tolist()


def test_a_semicolon_may_stand_between_the_columns(tmp_path: Path) -> None:
    path = _csv(tmp_path, "1000;5;a;200;t1;true\n", HEADER.replace(",", ";"))
    assert only_claim(path).samples is not None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026/11/24 10:00:00,5,a,200,t1,true", "line 2: expected a time stamp in ms, got '2026/11/24 10:00:00'"),
        ("1000,-5,a,200,t1,true", "line 2: expected a elapsed time in ms, got '-5'|an elapsed"),
        ("1000,1e3,a,200,t1,true", "line 2: expected a"),
        ("1000,5.5,a,200,t1,true", "line 2: expected a"),
        ("99999999999999999999,5,a,200,t1,true", "line 2: expected a time stamp"),
        ("1000,99999999999999,a,200,t1,true", "line 2: expected a"),
        ("1000,5,a,200,t1,yes", "line 2: expected true or false, got 'yes'"),
        ("1000,5,a,200,t1", "line 2: 5 fields; expected 6"),
        ('1000,5,"a,200,t1,true', "line 2: unexpected end of data"),
        ("", "no operations"),
    ],
)
def test_a_bad_row_is_told_with_its_line(row: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=said):
        read(_csv(tmp_path, row + "\n"))


def test_a_line_without_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "LINE_BYTES_MAX", 1000)
    with pytest.raises(Unreadable, match="line 2: longer than 1,000 bytes"):
        read(_csv(tmp_path, "1000,5," + "a" * 5000 + ",200,t1,true\n"))


def test_threads_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jtl, "THREADS_MAX", 3)
    rows = "".join(f"1000,5,a,200,t{thread},true\n" for thread in range(9))
    with pytest.raises(Unreadable, match="line 5: more than 3 threads"):
        read(_csv(tmp_path, rows))


def _peak_bytes(path: Path) -> int:
    tracemalloc.start()
    try:
        assert only_claim(path).samples is not None
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("suffix", ["csv", "xml"])
def test_a_long_file_is_streamed(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"long.{suffix}"
    rows = 20_000
    if suffix == "csv":
        path.write_text(HEADER + "".join(f"{10 * row},5,{'x' * 200},200,t1,true\n" for row in range(rows)))
    else:
        sample = '<httpSample t="5" ts="{}" s="true" lb="{}" rc="200" tn="t1">{}</httpSample>\n'
        body = "".join(sample.format(10 * row, "x" * 100, "y" * 100) for row in range(rows))
        path.write_text(f"<testResults>\n{body}</testResults>\n")
    # 24 bytes a row gathered, 16 more as samples, and room for growing arrays; the text is five times as much.
    assert _peak_bytes(path) < 100 * rows < path.stat().st_size / 2


LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE testResults [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<testResults><sample t="1" ts="1" s="true" tn="&c;"/></testResults>
"""
OUTSIDE = """<!DOCTYPE testResults SYSTEM "file:///etc/hostname"><testResults/>"""


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (LAUGHS, "line 2: a document type; expected none"),
        (OUTSIDE, "line 1: a document type; expected none"),
        ("<testResults><sample t='1' ts='1' s='true' tn='&c;'/></testResults>", "undefined entity"),
        ("<testResults><sample t='1'", "line 1, column .*: .*expected XML"),
        ("<testResults><sample t='1' s='true' tn='x'/></testResults>", "line 1: no 'ts' in <sample>; expected one"),
        ("<testResults></testResults>", "no operations"),
        ("<testResults>" + "<sample>" * 2 + "</testResults>", "no 'ts'"),
        ("<testResults>" + "<a>" * 1000, "tags 100 deep"),
        ("<testResults><sample t='1' ts='1' s='maybe' tn='x'/></testResults>", "expected true or false, got 'maybe'"),
        ("<?xml version='1.0' encoding='klingon'?><testResults/>", "expected XML"),
    ],
    ids=lambda text: text[:30],
)
def test_bad_xml_is_told_with_its_place(xml: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jtl"
    path.write_text(xml)
    with pytest.raises(Unreadable, match=said):
        read(path, "jtl")


def test_a_tag_without_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jtl, "XML_TOKEN_BYTES_MAX", 100_000)
    path = tmp_path / "tag.jtl"
    path.write_text("<testResults>\n<sample lb='" + "x" * 1_000_000 + "'/></testResults>")
    with pytest.raises(Unreadable, match="a tag of more than 100,000 bytes"):
        read(path)
