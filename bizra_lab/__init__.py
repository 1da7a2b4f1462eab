"""
BIZRA Lab turns performance claims into proofs.

The line, one value handed forward:

    study   = lab.load("circuit_breaker", "smoke")      what will be done
    samples = lab.measure(study)                        what was seen
    results = lab.estimate(samples, study.analysis)     what it amounts to
    claim   = lab.claim_of(samples, results)            what is claimed
    audit   = lab.inspect(claim)                        may it be believed?
    verdicts = lab.judge(study.gates, claim, audit)     is it good enough?
    record  = lab.record(study, samples, results, audit, verdicts, out_dir)   who can check it later?

Names are imported when they are first used: a command that lists studies need not load what draws charts.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bizra_lab.analysis.curves import exceedance as exceedance
    from bizra_lab.analysis.curves import timeline as timeline
    from bizra_lab.analysis.estimate import AnalysisSettings as AnalysisSettings
    from bizra_lab.analysis.estimate import estimate as estimate
    from bizra_lab.audit import inspect as inspect
    from bizra_lab.gates import judge as judge
    from bizra_lab.study import claim_of as claim_of
    from bizra_lab.study import known_cost as known_cost
    from bizra_lab.study import load as load
    from bizra_lab.study import measure as measure
    from bizra_lab.study import measure_callable as measure_callable
    from bizra_lab.study import record as record

_HOMES = {
    "AnalysisSettings": "bizra_lab.analysis.estimate",
    "claim_of": "bizra_lab.study",
    "estimate": "bizra_lab.analysis.estimate",
    "exceedance": "bizra_lab.analysis.curves",
    "inspect": "bizra_lab.audit",
    "judge": "bizra_lab.gates",
    "known_cost": "bizra_lab.study",
    "load": "bizra_lab.study",
    "measure": "bizra_lab.study",
    "measure_callable": "bizra_lab.study",
    "record": "bizra_lab.study",
    "timeline": "bizra_lab.analysis.curves",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'bizra_lab' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
