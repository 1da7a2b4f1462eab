"""`python -m benchmarks [--only NAME]`: run the benchmarks and write RESULTS.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks import _results
from bizra_lab.errors import LabError
from bizra_lab.files import write_atomically
from bizra_lab.harness.environment import now_utc, read_host, read_python
from bizra_lab.harness.quiet import quiet


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for, one after the other, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure beside the peers.")
    parser.add_argument("--only", metavar="NAME", help="run one; the other sections of RESULTS.md stay as they are")
    only = parser.parse_args(argv).only
    try:
        for name in _results.names() if only is None else (only,):
            _write(name, "python -m benchmarks" + (f" --only {only}" if only else ""))
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _write(name: str, command: str) -> None:
    benchmark = _results.load(name)
    with quiet():
        read_at, host, python = now_utc(), read_host(), read_python()
        table = benchmark.run()
    written = _results.PAGE.read_text(encoding="utf-8") if _results.PAGE.exists() else ""
    there = {each: text for each, text in _results.sections_of(written).items() if each in _results.names()}
    there[name] = _results.section(benchmark, table, host, python, read_at, command)
    write_atomically(_results.PAGE, _results.page(there).encode())
    print(there[name], end="\n\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
