"""
A rule: one reason to doubt a measurement, in one file, whose docstring is its page.

A rule states what it needs to look. Where that is missing it does not look, and the audit says so: what the claim
withholds leaves it under audit, what it cannot have (samples, for a printed summary) is only said.
"""

from __future__ import annotations

import inspect as python
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bizra_lab.model import Audit, Claim, Estimate, Finding, NotChecked, Unavailable
from bizra_lab.registry import Registry

Check = Callable[[Claim], Iterator[Finding]]

SAMPLES = "samples"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    `check` yields what it finds; `needs` names what must be there first.

    A need is "samples", the name of a field of `Declared`, or "result:" and the name of a result.
    """

    check: Check
    needs: tuple[str, ...]
    page: str

    def missing(self, claim: Claim) -> NotChecked | None:
        """Why the rule cannot look at this claim, or None when it can."""
        for need in self.needs:
            if need == SAMPLES:
                if claim.samples is None:
                    return NotChecked("only a summary was given; this needs every operation", undisclosed=False)
            elif need.startswith("result:"):
                name = need.removeprefix("result:")
                result = claim.results.get(name)
                if result is None:
                    return NotChecked(f"{name} was not given", undisclosed=True)
                if isinstance(result, Unavailable):
                    return NotChecked(f"{name} is unavailable: {result.reason}", undisclosed=True)
            elif getattr(claim.declared, need) is None:
                return NotChecked(f"{need} undisclosed", undisclosed=True)
        return None


RULES: Registry[Rule] = Registry("rule", "bizra_lab.audit.rules")


def rule(*needs: str) -> Callable[[Check], Check]:
    """Register the decorated check under its file's name; `needs` is what must be there for it to look."""

    def register(check: Check) -> Check:
        module = python.getmodule(check)
        assert module is not None, "a rule lives in a file"
        RULES.add(check.__module__, Rule(check, needs, python.getdoc(module) or ""))
        return check

    return register


def inspect(claim: Claim) -> Audit:
    """Every registered rule's answer about `claim`: its findings, or why it could not look."""
    findings: dict[str, tuple[Finding, ...]] = {}
    not_checked: dict[str, NotChecked] = {}
    for name, each in RULES.items():
        missing = each.missing(claim)
        if missing is None:
            findings[name] = tuple(each.check(claim))
        else:
            not_checked[name] = missing
    return Audit(findings, not_checked)


def estimates(claim: Claim, prefix: str) -> Iterator[tuple[str, Estimate]]:
    """The (name, Estimate) pairs of the claim whose name begins with `prefix`; what is unavailable is left out."""
    for name, result in claim.results.items():
        if name.startswith(prefix) and isinstance(result, Estimate):
            yield name, result
