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
from bizra_lab.reporting.self_test import CLEAN, Power, Tried, said_share, spaced
from bizra_lab.testing import FAULTS, SHAPES

PAGE = Path(__file__).parent / "AUDITOR.md"

SEED = 20261124  # not one that the rules were tried on
DRAWS = 100  # of each fault, dealt to the loads at which it can be told
POWER_DRAWS = 44  # of each size
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
    write_atomically(PAGE, "\n".join([HEAD, *_planted(tried), "", *_untold(), "", *_power(powers), ""]).encode())


def _planted(tried: Sequence[Tried]) -> Iterator[str]:
    clean, *faults = tried
    assert clean.fault == CLEAN, "clean measurements come first"
    named = sum(round(_value(each.named) * each.draws) for each in faults)
    draws = sum(each.draws for each in faults)
    yield "## Planted faults"
    yield ""
    yield f"All faults together: named in {named:,} of {draws:,} draws, {said_share(share(named, draws, CONFIDENCE))}."
    yield f"Clean measurements: doubted in {said_share(clean.named)} of {clean.draws:,}" + (
        f", by {', '.join(f'{rule} ({count})' for rule, count in sorted(clean.spoke.items()))}." if clean.spoke else "."
    )
    yield ""
    yield "| fault | size | must be named by | draws | named | least, at |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in faults:
        rules = " or ".join(each.expected)
        words = (spaced(each.fault), each.size, rules, str(each.draws), said_share(each.named), _least(each))
        yield f"| {' | '.join(words)} |"


def _least(tried: Tried) -> str:
    """The load at which a fault is named least often, where that is not always."""
    load = min(tried.by_load, key=lambda each: _value(tried.by_load[each]))
    return "" if _value(tried.by_load[load]) == 1 else f"{_value(tried.by_load[load]):.0%}, {spaced(load)}"


def _untold() -> Iterator[str]:
    yield "## What records alone cannot tell"
    yield ""
    yield "There the records are those that an honest measurement may have; only what shares nothing with them tells."
    yield ""
    yield "| fault | at | because |"
    yield "| --- | --- | --- |"
    for name, plant in FAULTS.items():
        loads = [spaced(load) for load, shape in SHAPES.items() if not plant.where(shape)]
        if loads:
            yield f"| {spaced(name)} | {', '.join(loads)} | {plant.elsewhere} |"


def _power(powers: Sequence[Power]) -> Iterator[str]:
    yield "## Power"
    yield ""
    yield f"Sizes below the stated one, {POWER_DRAWS} draws each: where the auditor begins to see."
    yield ""
    yield "| fault | what is varied | size: named |"
    yield "| --- | --- | --- |"
    for each in powers:
        sizes = ", ".join(f"{size:g}: {_value(named):.0%}" for size, named in sorted(each.named.items()))
        yield f"| {spaced(each.fault)} | {each.what} | {sizes} |"


def _value(result: Result) -> float:
    assert not isinstance(result, Unavailable), "every fault is drawn"
    return result.value


if __name__ == "__main__":
    main()
