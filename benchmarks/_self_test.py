"""
What the auditor makes of measurements whose fault is known: every planted fault, and clean ones, many times.

`python -m benchmarks._self_test` writes AUDITOR.md beside it, the same to the digit wherever it runs. It takes some ten
minutes, so `make bench` leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bizra_lab.analysis.shares import share
from bizra_lab.files import write_atomically
from bizra_lab.inquiries.self_test import OPERATIONS, find_planted, find_smaller
from bizra_lab.model import Result, Unavailable
from bizra_lab.reporting.self_test import CLEAN, Power, Tried
from bizra_lab.testing import SHAPES
from bizra_lab.units import say, say_interval

PAGE = Path(__file__).parent / "AUDITOR.md"

SEED = 20261124  # not one that the rules were tried on
DRAWS = 60  # of each fault, dealt to the loads at which it can be told
POWER_DRAWS = 33  # of each size
CONFIDENCE = 0.95

HEAD = f"""\
# What the auditor finds

Written by `python -m benchmarks._self_test` (`make self-test`); the same seeds give the same tables. Faults are planted
into clean measurements of about {OPERATIONS:,} operations at {len(SHAPES)} kinds of load, closed and open, of one to 64
workers, with even, cache-like and heavy times; the auditor sees what a samples file holds and nothing else. *Named* is
the share of draws in which a rule that the fault was written down with had doubt, with Wilson's interval.
"""


def main() -> None:
    """Draw, ask, and write the page."""
    tried = find_planted(DRAWS, SEED, CONFIDENCE)
    powers = find_smaller(POWER_DRAWS, SEED, CONFIDENCE)
    write_atomically(PAGE, "\n".join([HEAD, *_planted(tried), "", *_power(powers), ""]).encode())


def _planted(tried: Sequence[Tried]) -> Iterator[str]:
    clean, *faults = tried
    assert clean.fault == CLEAN, "clean measurements come first"
    named = sum(round(_value(each.named) * each.draws) for each in faults)
    draws = sum(each.draws for each in faults)
    yield "## Planted faults"
    yield ""
    yield f"All faults together: named in {named:,} of {draws:,} draws, {_said(share(named, draws, CONFIDENCE))}."
    yield f"Clean measurements: doubted in {_said(clean.named)} of {clean.draws:,}" + (
        f", by {', '.join(f'{rule} ({count})' for rule, count in sorted(clean.spoke.items()))}." if clean.spoke else "."
    )
    yield ""
    yield "| fault | size | must be named by | draws | named |"
    yield "| --- | --- | --- | --- | --- |"
    for each in faults:
        rules = " or ".join(each.expected)
        words = (each.fault.replace("_", " "), each.size, rules, str(each.draws), _said(each.named))
        yield f"| {' | '.join(words)} |"


def _power(powers: Sequence[Power]) -> Iterator[str]:
    yield "## Power"
    yield ""
    yield f"Sizes below the stated one, {POWER_DRAWS} draws each: where the auditor begins to see."
    yield ""
    yield "| fault | what is varied | size: named |"
    yield "| --- | --- | --- |"
    for each in powers:
        sizes = ", ".join(f"{size:g}: {_value(named):.0%}" for size, named in sorted(each.named.items()))
        yield f"| {each.fault.replace('_', ' ')} | {each.what} | {sizes} |"


def _value(result: Result) -> float:
    assert not isinstance(result, Unavailable), "every fault is drawn"
    return result.value


def _said(result: Result) -> str:
    assert not isinstance(result, Unavailable), "every fault is drawn"
    return f"{say(result.value, 'share')} ({say_interval(result.low, result.high, 'share')})"


if __name__ == "__main__":
    main()
