"""
JMeter: a closed load by the threads of its thread groups, from its result file (JTL), CSV or XML; every sample.

A thread runs one sampler at a time, and may pause between two, so the threads bound λ·W from above; the number of them
is the largest `allThreads` (`na`), where that was saved, and is otherwise not told. `elapsed` is in whole milliseconds,
from just before the request was sent until the last byte was there. The share of a transaction controller is its
samples' again and left out (its message counts them), as are samples inside samples (XML). Failures are named by their
code, and have their times as successes have.

A stamp is the start of its sample since JMeter 2.1.2, and its end where `sampleresult.timestamp.start` is false: which,
the file does not say, but its threads tell, since a thread's samples may not overlap. Where neither reading avoids
that, the one with fewer overlaps is taken; where both do, the start. A CSV needs its header, stamps in milliseconds.

The file is read row by row: 24 bytes an operation are held, and at most 50 million operations.

Source: Apache JMeter, User's Manual, Listeners (CSV and XML log format); SampleResult and SampleSaveConfiguration.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

from bizra_lab.errors import Unreadable, one_line
from bizra_lab.importers._files import NAME_LENGTH_MAX, Table, chunks_of, head_of, name_of, table_of
from bizra_lab.importers._importer import RATIO, importer
from bizra_lab.importers._rows import TIME_NS_MAX, Columns, claim_of
from bizra_lab.model import Claim, Declared, Result, Scope, Unavailable

MS_NS = 1_000_000  # stamps and times are whole milliseconds
STAMP_MS_MAX = 4_102_444_800_000  # ms since 1970; the year 2100, after which a stamp is something else
THREADS_MAX = 100_000  # names of threads; far more than one machine runs

XML_CHUNK_BYTES = 65_536  # read at a time
XML_TOKEN_BYTES_MAX = 16_000_000  # one tag with its attributes; a longer one would be held whole
XML_DEPTH_MAX = 100  # samples inside samples; each open one is held

_TRANSACTION = "Number of samples in transaction"


class _Sample(NamedTuple):
    """One sample as it is written; what was not saved is empty."""

    line: int
    stamp_ms: str
    elapsed_ms: str
    thread: str
    threads: str
    success: str
    code: str
    message: str
    url: str


def can_read(head: bytes) -> bool:
    return b"<testResults" in head or _delimiter(head) is not None


def _delimiter(head: bytes) -> str | None:
    """What stands between the columns of a CSV; None when the file does not begin as one of JMeter's."""
    header = head.split(b"\n", 1)[0]
    if header.startswith(b"timeStamp") and b"elapsed" in header:
        return header[len(b"timeStamp") :][:1].decode("ascii", "replace")
    return None


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    delimiter = _delimiter(head_of(path))
    gathered = _Gathered(path)
    for sample in _from_xml(path) if delimiter is None else _from_csv(table_of(path, delimiter)):
        gathered.add(sample)
    return (gathered.claim(),)


class _Gathered:
    """What the samples amount to, as they come: columns, threads, and the overlaps under either reading of a stamp."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._columns = Columns(path)
        self._threads: dict[str, int] = {}
        self._ends_ms: list[int] = []  # of each thread's last sample, if stamps are starts
        self._stamps_ms: list[int] = []  # of each thread's last sample
        self._overlaps_if_start = 0
        self._overlaps_if_end = 0
        self._most_threads = 0
        self._first_ms: int | None = None
        self._scope: Scope | None = None

    def add(self, sample: _Sample) -> None:
        """Take in one sample. Raises Unreadable with its line."""
        if sample.message.startswith(_TRANSACTION):
            return
        stamp_ms = self._whole(sample, "time stamp in ms", sample.stamp_ms, STAMP_MS_MAX)
        elapsed_ms = self._whole(sample, "elapsed time in ms", sample.elapsed_ms, TIME_NS_MAX // MS_NS)
        if sample.threads:
            self._most_threads = max(
                self._most_threads, self._whole(sample, "number of threads", sample.threads, THREADS_MAX)
            )
        if sample.url.startswith("http"):
            self._scope = "http"
        self._first_ms = stamp_ms if self._first_ms is None else self._first_ms
        thread = self._thread(sample, stamp_ms, elapsed_ms)
        self._columns.add(
            sample.line, (stamp_ms - self._first_ms) * MS_NS, elapsed_ms * MS_NS, thread, self._failure(sample)
        )

    def _whole(self, sample: _Sample, what: str, text: str, most: int) -> int:
        if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most:
            return int(text)
        raise Unreadable(f"{self._path}: line {sample.line}: expected a {what}, got {text[:60]!r}")

    def _thread(self, sample: _Sample, stamp_ms: int, elapsed_ms: int) -> int:
        thread = self._threads.get(sample.thread)
        if thread is None:
            if len(self._threads) >= THREADS_MAX:
                raise Unreadable(f"{self._path}: line {sample.line}: more than {THREADS_MAX:,} threads")
            thread = self._threads[sample.thread] = len(self._threads)
            self._ends_ms.append(stamp_ms + elapsed_ms)
            self._stamps_ms.append(stamp_ms)
            return thread
        self._overlaps_if_start += stamp_ms < self._ends_ms[thread]
        self._overlaps_if_end += stamp_ms - elapsed_ms < self._stamps_ms[thread]
        self._ends_ms[thread], self._stamps_ms[thread] = stamp_ms + elapsed_ms, stamp_ms
        return thread

    def _failure(self, sample: _Sample) -> str:
        if sample.success.lower() == "true":
            return ""
        if sample.success.lower() == "false":
            return name_of(sample.code) or "failed"
        raise Unreadable(f"{self._path}: line {sample.line}: expected true or false, got {sample.success[:60]!r}")

    def claim(self) -> Claim:
        """The samples as a claim. Raises Unreadable when there are none."""
        declared = Declared(
            scope=self._scope,
            kind="closed",
            workers=self._most_threads or None,
            clock_step_ns=float(MS_NS),
            failures_in_latency=True,
        )
        if self._overlaps_if_end < self._overlaps_if_start:
            self._columns.stamps_are_ends()
        results: dict[str, Result] = {}
        if not self._most_threads:
            results[RATIO] = Unavailable("the number of threads was not saved; say it with --workers")
        workers = self._most_threads or len(self._threads)
        return claim_of(self._columns, self._columns.worker, workers, declared, name_of(self._path.stem), results)


def _from_csv(table: Table) -> Iterator[_Sample]:
    stamp, elapsed, success = (table.column(name) for name in ("timeStamp", "elapsed", "success"))
    thread = table.column("threadName")
    threads, code, message, url = (
        table.columns.get(name) for name in ("allThreads", "responseCode", "responseMessage", "URL")
    )

    def optional(row: list[str], place: int | None) -> str:
        return "" if place is None else row[place]

    for line, row in table.rows:
        yield _Sample(
            line,
            row[stamp],
            row[elapsed],
            row[thread][:NAME_LENGTH_MAX],
            optional(row, threads),
            row[success],
            optional(row, code),
            optional(row, message),
            optional(row, url),
        )


class _XmlSamples:
    """The outermost samples of an XML result file, handed over as their tags open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = False
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        # A result file has no document type; without one there are no entities, so nothing expands.
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._depth = 0
        self._fed = 0
        self.found: list[_Sample] = []

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Parse on; what opened meanwhile is appended to `found`."""
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise Unreadable(
                f"{self._path}: line {error.lineno}, column {error.offset + 1}: "
                f"{expat.ErrorString(error.code)}; expected XML"
            ) from None
        except (ValueError, LookupError) as error:  # an encoding that Python does not know, or cannot map
            raise Unreadable(f"{self._path}: {one_line(error)[:NAME_LENGTH_MAX]}; expected XML") from None
        self._fed += len(chunk)
        if self._fed - max(self._parser.CurrentByteIndex, 0) > XML_TOKEN_BYTES_MAX:
            raise Unreadable(
                f"{self._path}: line {self._parser.CurrentLineNumber}: a tag of more than {XML_TOKEN_BYTES_MAX:,} bytes"
            )

    def _open(self, tag: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > XML_DEPTH_MAX:
            raise Unreadable(f"{self._path}: line {self._parser.CurrentLineNumber}: tags {XML_DEPTH_MAX} deep")
        if self._depth == 2 and tag in {"sample", "httpSample"}:
            self.found.append(self._sample(tag, given))

    def _sample(self, tag: str, given: dict[str, str]) -> _Sample:
        line = self._parser.CurrentLineNumber
        for name in ("ts", "t", "s", "tn"):
            if name not in given:
                raise Unreadable(f"{self._path}: line {line}: no {name!r} in <{tag}>; expected one")
        return _Sample(
            line,
            given["ts"],
            given["t"],
            given["tn"][:NAME_LENGTH_MAX],
            given.get("na", ""),
            given["s"],
            given.get("rc", ""),
            given.get("rm", ""),
            "http" if tag == "httpSample" else "",
        )

    def _close(self, _tag: str) -> None:
        self._depth -= 1

    def _refuse(self, *_declared: Any) -> None:
        raise Unreadable(f"{self._path}: line {self._parser.CurrentLineNumber}: a document type; expected none")


def _from_xml(path: Path) -> Iterator[_Sample]:
    parser = _XmlSamples(path)
    for chunk in chunks_of(path, XML_CHUNK_BYTES):
        parser.feed(chunk)
        yield from parser.found
        parser.found.clear()
    parser.feed(b"", last=True)
