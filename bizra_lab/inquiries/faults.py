"""
What Little's Law says of honest records, and of the same records after what reports do to them.

Doctored records are in order by themselves: stamps rise, counters agree, and by their own stamps L = λ·W. Only
instruments that share nothing with them can tell.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bizra_lab.analysis.balance import balance
from bizra_lab.analysis.estimate import estimate
from bizra_lab.audit import inspect
from bizra_lab.model import Finding, Results, Samples, Unavailable, Weight
from bizra_lab.study import claim_of
from bizra_lab.testing import DOCTORED

__all__ = ["Weighed", "weigh_doctored"]

WEIGHING = ("littles_law", "missing_operations")  # the rules that hold records against the other instruments
PROVING = (Weight.VOID, Weight.REFUTES)  # lighter findings are about the window's length, not about the records

GREEN, RED, CANNOT_TELL = "green", "RED", "cannot tell"

# The results that weigh, the verdict in a word, and the sentence it rests on.
Weighed = tuple[Results, str, str]


def weigh_doctored(samples: Samples, seed: int = 0, confidence: float = 0.95) -> Mapping[str, Weighed]:
    """
    The samples as they are ("honest") and after each fault of `DOCTORED`, weighed; `seed` is for the faults.

    Where nothing watched the samples no fault can be told either, and only they themselves are weighed.
    """
    honest = _weighed(samples, confidence)
    if honest[1] == CANNOT_TELL:
        return {"honest": honest}
    faulty = {name: doctor(samples, np.random.default_rng(seed)) for name, doctor in DOCTORED.items()}
    return {"honest": honest, **{name: _weighed(each, confidence) for name, each in faulty.items()}}


def _weighed(samples: Samples, confidence: float) -> Weighed:
    results = balance(samples, confidence)
    found = _proofs(samples, results)
    if found:
        return results, RED, "; ".join(f"{rule}: {finding.message}" for rule, finding in found)
    blind = [each.reason for each in results.values() if isinstance(each, Unavailable)]
    if len(blind) == len(results):
        return results, CANNOT_TELL, blind[0]
    return results, GREEN, "no other instrument contradicts them"


def _proofs(samples: Samples, results: Results) -> list[tuple[str, Finding]]:
    audit = inspect(claim_of(samples, {**estimate(samples), **results}))
    return [
        (rule, finding) for rule in WEIGHING for finding in audit.findings.get(rule, ()) if finding.weight in PROVING
    ]
