"""
The part of the README that shows a run, taken from the run itself.

`python -m benchmarks._readme [RUN]` puts the tables of a run's circuit breaker between the README's markers, and its
first picture beside it. RUN is a run's id or `latest`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bizra_lab.evidence.record import audit_of, read_record, results_of, verdicts_of
from bizra_lab.files import write_atomically
from bizra_lab.model import Record
from bizra_lab.reporting.table import findings_table, results_table, verdicts_table
from bizra_lab.study import find_home
from bizra_lab.suite.report import pictures
from bizra_lab.suite.run_folder import find_run

STUDY = "circuit_breaker"
NOTEBOOK = "01_circuit_breaker.ipynb"
PICTURE = Path("docs") / "circuit_breaker_exceedance.png"
OPEN, CLOSE = "<!-- run:", "<!-- /run -->"

# What the picture and the gates rest on; the whole table is in the notebook.
SHOWN = (
    "throughput_per_s",
    "latency_ns.mean",
    "latency_ns.p50",
    "latency_ns.p99",
    "latency_ns.p99.9",
    "latency_ns.p99.99",
    "latency_ns.max",
    "share.failed",
    "littles_law.ratio",
    "littles_law.balance",
    "recorder.coverage",
)


def main() -> None:
    """Write the README's run section and its picture."""
    home = find_home()
    folder = find_run(home, sys.argv[1] if len(sys.argv) > 1 else "latest")
    record = read_record(folder / f"{STUDY}.record.json")
    (home / PICTURE).parent.mkdir(exist_ok=True)
    write_atomically(home / PICTURE, next(pictures(folder / NOTEBOOK))[0])
    readme = home / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, marker, rest = text.partition(OPEN)
    first_line, _, after = rest.partition("\n")
    _, close, tail = after.partition(CLOSE)
    readme.write_text(f"{before}{marker}{first_line}\n{_section(record)}\n{close}{tail}", encoding="utf-8")


def _section(record: Record) -> str:
    host = record.content["environment"]["host"]
    python = record.content["environment"]["python"]
    results = results_of(record)
    shown = {name: results[name] for name in SHOWN if name in results}
    return f"""`bizra-lab run {STUDY} --profile {record.content["profile"]}` on {host["cpu"]}, {host["threads"]} CPUs\
{", virtual" if host["virtual"] else ""}, Python {python["version"]}, {record.content["environment"]["read_at"][:10]}:

```text
{results_table(shown)}

{findings_table(audit_of(record))}

{verdicts_table(verdicts_of(record))}
```

![the share of calls slower than x, on two logarithmic axes]({PICTURE.as_posix()})"""


if __name__ == "__main__":
    main()
