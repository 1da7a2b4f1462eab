"""
The auditor, tested: is a planted fault named, and is nothing said of clean measurements?

    tried = find_planted(draws=3, seed=1)     each of `FAULTS` at its size, and clean measurements
    powers = find_smaller(draws=3, seed=1)    some of them at ever smaller sizes

All of it goes the way that anybody's samples file goes: what it holds is estimated, claimed and inspected, and nothing
else is known. Whatever is drawn is drawn by the seed; draws are dealt to the loads at which a fault can be told.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bizra_lab.analysis.estimate import estimate
from bizra_lab.analysis.shares import share
from bizra_lab.audit import inspect
from bizra_lab.model import Samples, Weight
from bizra_lab.reporting.self_test import CLEAN, Power, Tried
from bizra_lab.study import Study, claim_of
from bizra_lab.testing import FAULTS, SHAPES, drafted
from bizra_lab.testing.faults import Fault

__all__ = ["draws_of", "find_planted", "find_smaller"]

OPERATIONS = 20_000  # of a measurement: 200 beyond p99, and audited in a tenth of a second
CLEAN_DRAWS = 10  # clean measurements for each draw of a fault: a false alarm is to be seen as often as one fault
DRAWS_MIN = 3  # of each fault; the shortest profiles end within the minute with so many
DRAWS_A_SECOND = 1 / 6  # of the profile's window: the longest profile ends within minutes

# What is varied, in words, and the sizes, the last of them the stated one; by fault and its field.
SIZES: Mapping[str, tuple[str, str, tuple[float, ...]]] = {
    "drift": ("change", "slower at the end, relative", (0.02, 0.05, 0.1, 0.2, 0.3)),
    "level_shift": ("change", "slower from half-way, relative", (0.01, 0.02, 0.05, 0.1, 0.2)),
    "slowest_dropped": ("share", "share of the records", (0.0005, 0.001, 0.002, 0.005, 0.01)),
    "lost_at_random": ("share", "share of the records", (0.001, 0.002, 0.005, 0.01, 0.02)),
    "periodic_pauses": ("window_share", "share of the window", (0.002, 0.005, 0.01, 0.02, 0.05)),
    "coordinated_omission": ("window_share", "share of the window", (0.002, 0.005, 0.01, 0.02, 0.03)),
    "unit_slip_1024": ("factor", "factor", (1.001, 1.002, 1.005, 1.01, 1.024)),
}


def draws_of(study: Study) -> int:
    """How many draws of each fault a study's profile has time for."""
    return max(DRAWS_MIN, round(DRAWS_A_SECOND * study.profile.duration_s))


def find_planted(draws: int, seed: int = 0, confidence: float = 0.95) -> tuple[Tried, ...]:
    """What is said of clean measurements, `CLEAN_DRAWS` for each draw, and of so many draws of each of `FAULTS`."""
    clean = [(load, heard(drafted(load, seed + each, OPERATIONS).seen())) for each, load in _dealt(CLEAN, draws)]
    return (
        tried(CLEAN, clean, confidence),
        *(tried(name, _heard_of(name, FAULTS[name].fault, draws, seed), confidence) for name in FAULTS),
    )


def find_smaller(draws: int, seed: int = 0, confidence: float = 0.95) -> tuple[Power, ...]:
    """In how many draws faults are named that are smaller than stated."""
    return tuple(
        Power(
            name,
            what,
            max(sizes),
            {
                size: tried(name, _heard_of(name, _resized(name, field, size), draws, seed), confidence).named
                for size in sizes
            },
        )
        for name, (field, what, sizes) in SIZES.items()
    )


def tried(name: str, heard: Sequence[tuple[str, frozenset[str]]], confidence: float) -> Tried:
    """A fault, or `CLEAN`, by what was heard of each draw of it, and at which load."""
    plant = FAULTS.get(name)
    expected = plant.rules if plant else ()
    # Of clean measurements any rule is one too many.
    hits = [(load, bool(rules.intersection(expected)) if plant else bool(rules)) for load, rules in heard]
    return Tried(
        name,
        size_of(plant.fault) if plant else "",
        expected,
        len(heard),
        share(sum(hit for _, hit in hits), len(hits), confidence),
        dict(Counter(rule for _, rules in heard for rule in sorted(rules))),
        {
            load: share(sum(own), len(own), confidence)
            for load in SHAPES
            if (own := [hit for at, hit in hits if at == load])
        },
    )


def size_of(fault: Fault) -> str:
    """The size of a fault as its fields name it: "share 0.05, times faster 10"."""
    assert dataclasses.is_dataclass(fault), "a fault is a dataclass"
    sizes = {each.name: getattr(fault, each.name) for each in dataclasses.fields(fault)}
    return ", ".join(
        f"{name.replace('_', ' ')} {size if isinstance(size, bool) else f'{size:g}'}" for name, size in sizes.items()
    )


def heard(samples: Samples) -> frozenset[str]:
    """The rules that have more than a remark about samples, or cannot look because something is withheld."""
    audit = inspect(claim_of(samples, estimate(samples)))
    found = {
        rule for rule, findings in audit.findings.items() if any(each.weight is not Weight.NOTE for each in findings)
    }
    return frozenset(found | {rule for rule, each in audit.not_checked.items() if each.undisclosed})


def _heard_of(name: str, fault: Fault, draws: int, seed: int) -> list[tuple[str, frozenset[str]]]:
    return [
        (load, heard(fault.planted(drafted(load, seed + each, OPERATIONS), np.random.default_rng([seed + each]))))
        for each, load in _dealt(name, draws)
    ]


def _dealt(name: str, draws: int) -> Iterable[tuple[int, str]]:
    """Each draw with its load: those at which the fault can be told, in turn."""
    plant = FAULTS.get(name)
    loads = [load for load, shape in SHAPES.items() if plant is None or plant.where(shape)]
    count = draws if plant else CLEAN_DRAWS * draws
    return ((each, loads[each % len(loads)]) for each in range(count))


def _resized(name: str, field: str, size: float) -> Fault:
    fault = FAULTS[name].fault
    assert dataclasses.is_dataclass(fault) and not isinstance(fault, type), "a fault is a dataclass"
    resized: Fault = dataclasses.replace(fault, **{field: size})
    return resized
