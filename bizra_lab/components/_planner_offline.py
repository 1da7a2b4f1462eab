"""
A planner without a model: the tool by retrieval, its arguments by typed slot filling.

It is deterministic, needs nothing but the tools' own descriptions, and writes nothing that their schemas do not allow.
It is the row that other planners are held against, not a replacement of them: it understands no language. A request in
which it finds no tool, or not all that the tool requires, is answered with no call.

A tool's score is BM25 of the request over the tools on offer, and more for each thing in the request (an id, a number,
a quotation) that its arguments have a place for: what was said was said for something.

Source of BM25: S. Robertson, H. Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import jsonschema

from bizra_lab.components._planner_cases import Answer, Call, Case, Tool
from bizra_lab.components._planner_slots import Filled, Slots, said_in
from bizra_lab.components._planner_words import content_stems

K1 = 1.2  # how soon a word's repetition stops counting; the customary value
B = 0.75  # how much a long description is held back; the customary value
TOOLS_TRIED = 10  # of those on offer, best first: to fill one takes a tenth of a millisecond
CHARACTERS_READ = 2000  # of a request; what is longer carries data, and weighing its numbers takes their number squared
SCORE_DIGITS = 9  # behind the point: far beyond what means anything, far within what logarithms differ by
NAME_COUNTS = 3  # a word of a tool's name says as much as three of its description

# The two below were chosen on the tuning requests for Node0, and are no finer than these digits.
PLACED_COUNTS = 3.5  # in units of the score: what has found its place speaks for a tool as much as a rare word
UNDERSTOOD_MIN = 0.3  # share of a request that a tool has to account for; else nothing fits


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A tool as it is searched: how often each word stands in its description, and its arguments."""

    tool: Tool
    counts: Counter[str]
    length: int
    slots: Slots
    allows: jsonschema.Draft202012Validator


class _Index:
    """The tools on offer, ready to be searched."""

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        self.tools = tools
        self._indexed = [_indexed(each) for each in tools]
        self._mean_length = sum(each.length for each in self._indexed) / max(len(tools), 1)
        self._in_tools = Counter(word for each in self._indexed for word in each.counts)

    def rarity(self, word: str) -> float:
        """Inverse document frequency; greatest for a word that no tool knows."""
        known = self._in_tools[word]
        return math.log(1 + (len(self.tools) - known + 0.5) / (known + 0.5))

    def knows(self, word: str) -> bool:
        """Whether a word stands in the description of any tool."""
        return word in self._in_tools

    def best(self, text: str) -> Filled | None:
        """The call of the tool with the greatest score of those that can be filled; None when nothing fits."""
        words = content_stems(text)
        said = said_in(text, self.knows)
        scored = sorted(((self._score(each, words), each) for each in self._indexed), key=lambda pair: -pair[0])
        best: tuple[float, Filled] | None = None
        for score, each in scored[:TOOLS_TRIED]:
            filled = each.slots.fill(said)
            if filled is None or self._understood(each, words, filled) < UNDERSTOOD_MIN:
                continue
            if not each.allows.is_valid(filled.arguments):
                continue
            worth = score + PLACED_COUNTS * filled.placed
            if best is None or worth > best[0]:
                best = worth, filled
        return None if best is None else best[1]

    def _score(self, each: _Indexed, words: Sequence[str]) -> float:
        # Each word once, in the order said, and rounded: what is tied here is tied on every machine.
        known = (self.rarity(word) * self._saturated(each, word) for word in dict.fromkeys(words))
        return round(sum(known), SCORE_DIGITS)

    def _saturated(self, each: _Indexed, word: str) -> float:
        count = each.counts[word]
        return count * (K1 + 1) / (count + K1 * (1 - B + B * each.length / self._mean_length))

    def _understood(self, each: _Indexed, words: Sequence[str], filled: Filled) -> float:
        """The share of a request that this tool accounts for: its own words, and what has found a place."""
        known = sum(each.counts[word] > 0 for word in words) + filled.placed
        foreign = sum(not each.counts[word] and word not in filled.used for word in words) + filled.left_over
        return known / (known + foreign) if known else 0.0


def _indexed(tool: Tool) -> _Indexed:
    slots = Slots(tool)
    counts = Counter(content_stems(tool.description) + NAME_COUNTS * content_stems(tool.name) + slots.words())
    return _Indexed(tool, counts, counts.total(), slots, jsonschema.Draft202012Validator(tool.parameters))


class OfflinePlanner:
    """The planner; it keeps the index of the tools it was last offered, and may be called from any thread."""

    def __init__(self) -> None:
        self._index = _Index(())

    def __call__(self, case: Case) -> Answer:
        """One call, or none."""
        index = self._index
        if index.tools is not case.tools:
            index = self._index = _Index(case.tools)
        filled = index.best(case.words[:CHARACTERS_READ])
        return Answer() if filled is None else Answer((Call.of(filled.tool, filled.arguments),))
