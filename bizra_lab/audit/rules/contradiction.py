"""
One run has one value of everything.

Claim: these figures, of several documents, are of the same measurement.
Reason: a measurement has one duration, one count, one median. Two values of one of them are of two measurements, or one
    is wrong; which, nobody can tell who reads them.
Threshold: doubted when two claims of one source name the same run and no value agrees with both of a result of the same
    name and unit, or of a condition: scope, kind of load, workers, rate, warm-up, duration, count, version.
Source: arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, and_more, apart, printed, say_value
from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.model import Claim, Declared, Finding, NotChecked, Weight

# Of a condition that is written with digits, what they leave open is compared; others must be the same.
_WRITTEN = ("duration_s", "warmup_s", "rate_per_s")
_EXACT = ("scope", "kind", "workers", "operations")

COMPARISONS = ("baseline", "ratio_claimed", "change_claimed")  # results that are of two runs


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    others = [each for each in claim.beside if claim.stated.run is not None and each.stated.run == claim.stated.run]
    if not others:
        yield UNCLAIMED
    told: dict[str, list[Claim]] = {}
    for other in others:
        words = "; ".join(f"{name} {here} here and {there} there" for name, (here, there) in _differing(claim, other))
        told.setdefault(words, []).append(other)
    for words, (first, *more) in told.items():
        if words:
            touches = tuple(name for name, _ in _differing(claim, first) if name in claim.results)
            yield Finding(
                Weight.DOUBT,
                f"not as in {first.name}{and_more(more)}, of the same run ({claim.stated.run}): {words}; "
                "it takes the run's own record to tell which is right",
                touches or ("*",),
            )


def _differing(claim: Claim, other: Claim) -> Iterator[tuple[str, tuple[str, str]]]:
    """What the two say differently, by name, each in words."""
    for name, here in estimates(claim, ""):
        there = given(other, name)
        if there is not None and name not in COMPARISONS and here.unit == there.unit and apart(here, there):
            yield name, (say_value(here), say_value(there))
    yield from _conditions(claim.declared, other.declared)
    if claim.stated.version and other.stated.version and claim.stated.version != other.stated.version:
        yield "version", (claim.stated.version, other.stated.version)


def _conditions(ours: Declared, theirs: Declared) -> Iterator[tuple[str, tuple[str, str]]]:
    for name in _EXACT:
        here, there = getattr(ours, name), getattr(theirs, name)
        if here is not None and there is not None and here != there:
            yield name, (_word(here), _word(there))
    for name in _WRITTEN:
        here, there = getattr(ours, name), getattr(theirs, name)
        if here is not None and there is not None and apart(printed(here), printed(there)):
            yield name, (f"{here:g}", f"{there:g}")


def _word(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
