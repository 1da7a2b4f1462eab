"""
A rule: one reason to doubt a measurement, in one file, whose docstring is its page.

A rule states what it needs to look. Where that is missing it does not look, and the audit says so: what the claim
withholds leaves it under audit, what it cannot have (samples, for a printed summary) is only said.
"""

from __future__ import annotations

import dataclasses
import inspect as python
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from bizra_lab.model import Audit, Claim, Estimate, Finding, NotChecked, Unavailable, Weight
from bizra_lab.registry import Registry

Check = Callable[[Claim], Iterator[Finding | NotChecked]]

SAMPLES = "samples"

TOGETHER = 2  # rules at a time: walks over columns let the others run, and each holds a block of every column
TOGETHER_FROM = 10_000_000  # operations; walks over fewer are soon over


@dataclass(frozen=True, slots=True)
class Rule:
    """
    `check` yields what it finds, and what it could not look at; `needs` names what must be there first.

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
    for name, answer in _answers(claim):
        if isinstance(answer, NotChecked):
            not_checked[name] = answer
        else:
            findings[name] = answer
    return Audit(findings, not_checked)


def inspect_together(claims: Sequence[Claim]) -> tuple[Audit, ...]:
    """The audit of each claim of one source, where rules also see the others beside it; in the order of `claims`."""
    alone = [dataclasses.replace(claim, beside=()) for claim in claims]
    return tuple(
        inspect(dataclasses.replace(claim, beside=(*alone[:place], *alone[place + 1 :])))
        for place, claim in enumerate(alone)
    )


def _answers(claim: Claim) -> list[tuple[str, tuple[Finding, ...] | NotChecked]]:
    """The answer of each rule by its name, in the order of names."""
    rules = dict(RULES.items())
    ask = partial(_answer, claim=claim)
    if claim.samples is None or len(claim.samples) < TOGETHER_FROM:
        return list(zip(rules, map(ask, rules.values()), strict=True))
    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(zip(rules, pool.map(ask, rules.values()), strict=True))


def _answer(each: Rule, claim: Claim) -> tuple[Finding, ...] | NotChecked:
    """
    What a rule found, or why it could not look.

    Where it looked at a part, what it could not look at is the answer, since that withholds trust; unless what it
    found withholds it anyway.
    """
    missing = each.missing(claim)
    if missing is not None:
        return missing
    answers = tuple(each.check(claim))
    found = tuple(answer for answer in answers if isinstance(answer, Finding))
    blind = [answer for answer in answers if isinstance(answer, NotChecked)]
    if blind and all(finding.weight is Weight.NOTE for finding in found):
        return max(blind, key=lambda answer: answer.undisclosed)
    return found


def estimates(claim: Claim, prefix: str) -> Iterator[tuple[str, Estimate]]:
    """The (name, Estimate) pairs of the claim whose name begins with `prefix`; what is unavailable is left out."""
    for name, result in claim.results.items():
        if name.startswith(prefix) and isinstance(result, Estimate):
            yield name, result


def given(claim: Claim, name: str) -> Estimate | None:
    """What the claim says of this result; None where it says nothing, or that it cannot tell."""
    result = claim.results.get(name)
    return result if isinstance(result, Estimate) else None
