"""
The same records judged by two rules: what the report's check lets through, and what the declared record does.

Every record of the corpus is judged once by each rule, so both shares are of the same records.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from bizra_lab.analysis.shares import tallied
from bizra_lab.components.validation import PERSON, Accepted, Validator, contains_at, draw
from bizra_lab.model import Results
from bizra_lab.study import Study

__all__ = ["accepted_by_rule"]

REPORTED = "contains @"
DECLARED = "declared"


def accepted_by_rule(study: Study) -> dict[str, Results]:
    """
    `share.accepted_bad`, in all and of each kind of damage, and `share.rejected_good`, by the name of the rule.

    The corpus is the one that the study's workload draws: it is drawn first, from the same seed.
    """
    corpus = draw(np.random.default_rng(study.seed))
    rules: dict[str, Accepted] = {
        REPORTED: partial(map, contains_at),
        DECLARED: partial(map, Validator(PERSON).accepts),
    }
    return {
        rule: {
            f"share.{name}": tallied(tally, study.analysis.confidence)
            for name, tally in corpus.tallies(accepted).items()
        }
        for rule, accepted in rules.items()
    }
