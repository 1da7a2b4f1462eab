"""
Ready-made measurements and a clock that is moved by hand: for tests and notebooks, ours and anybody's.

Nothing here measures; what it makes is marked by whoever uses it.

    samples_from, clean_samples   a closed load with these times, or with harmless ones
    honest                        a load with everything that watched it: a gate, a sampler, what the window's edges cut
    DOCTORED                      what reports do to records, by name
    SHAPES, drafted               clean measurements of every kind of load, with nothing but what a samples file holds
    FAULTS                        what can be wrong with one, by name: with its size, and the rules that must name it
"""

from __future__ import annotations

from bizra_lab.harness.clock import StepClock
from bizra_lab.testing.doctored import DOCTORED
from bizra_lab.testing.faults import FAULTS
from bizra_lab.testing.ready import clean_samples, samples_from
from bizra_lab.testing.shapes import SHAPES, drafted
from bizra_lab.testing.watched import LOADS, honest

__all__ = [
    "DOCTORED",
    "FAULTS",
    "LOADS",
    "SHAPES",
    "StepClock",
    "clean_samples",
    "drafted",
    "honest",
    "samples_from",
]
