"""
Typed slot filling: what a request says, placed into a tool's arguments as their schemas allow.

What is said is cut into things: quotations, numbers with their units, names in capitals, and chunks between blanks.
Each argument bids for the things that its schema admits; a bid is higher the more specific the schema is and the nearer
the argument's own words stand. The highest bid is met first, and no letter is used twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bizra_lab.components._planner_cases import Tool
from bizra_lab.components._planner_words import STOP_WORDS, content_stems, stem, stems

# What a bid is worth before its neighbours are looked at: the more a schema demands, the surer what meets it.
PATTERN_BID = 6.0
ENUM_BID = 5.0
QUOTED_BID = 4.0
NUMBER_BID = 3.0
NAME_BID = 2.5
SPELLED_BID = 2.2  # "two numbers, 40 and 50": a number in letters often counts what follows
WORD_BID = 1.0
WORD_BID_MAX = 2.0  # of a word that looks like a name and stands where one is expected
UNIT_BID = 3.0  # on top, for a number in a unit that the argument is in

CONTEXT_CHUNKS = 2  # on either side, in which an argument's own words are looked for
BEFORE_COUNTS = 2.0  # "epoch 7": the word before a value names it more often than the one behind
AFTER_COUNTS = 1.5
DESCRIPTION_COUNTS = 0.5  # a word of an argument's description, where one of its name counts 1
NAMED_BID = 4.0  # on top, for a value behind the argument's own name and an equals sign
OPTIONAL_CUE_MIN = 0.6  # of its own words near by, before a number or a name is an argument that may be left out
GUESS = 0.0  # what a bid is worth that rests on nothing said; only for what is required

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|`([^`]+)`|(?<!\w)'([^']+)'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.:/-])[-+]?\$?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?![\w:/]*[:/_]\w)(?=(\s?%|[a-zA-Z]*\b))")
_NAMED = re.compile(r"(\w+)\s*[=:]\s*\Z")
_CHUNK = re.compile(r"\S+")
_NAME = re.compile(r"[A-Z][\w'.-]*(?:\s+(?:of\s+|the\s+|de\s+)?[A-Z][\w'.-]*)*")
_TRAILING = ".,;:!?)]}\"'"
_LEADING = "([{\"'"
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NEGATIONS = frozenset({"not", "no", "without", "never", "disable", "exclude", "excluding", "false", "don't"})
_ANYWHERE = frozenset(map(stem, STOP_WORDS - {"from", "to"}))  # stems that stand near anything
_LEADS_TO_NAME = frozenset({"for", "of", "to", "named", "called", "from", "on", "in", "at", "by", "breaker"})

_COUNTED = """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty
"""
_SPELLED = {word: value for value, word in enumerate(_COUNTED.split(), start=2)}  # "one" is seldom a number

# Each unit as (what it measures, how many of the smallest it is).
_UNITS: Mapping[str, tuple[str, float]] = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), ("time", 0.001)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("time", 1.0)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("time", 60.0)),
    **dict.fromkeys(("h", "hour", "hours"), ("time", 3600.0)),
    **dict.fromkeys(("%", "percent", "percentage"), ("share", 0.01)),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something said: where it stands in the request, its text, its value; `unit` where it is a number with one."""

    start: int
    end: int
    text: str
    value: Any
    unit: str = ""
    stems: frozenset[str] = frozenset()  # of a chunk


@dataclass(frozen=True, slots=True)
class Said:
    """A request, cut into things; `chunks` are all that stands between blanks, without punctuation at their ends."""

    text: str
    chunks: tuple[Thing, ...]
    quoted: tuple[Thing, ...]
    numbers: tuple[Thing, ...]
    names: tuple[Thing, ...]
    words: tuple[Thing, ...]  # plain ones, which no tool's description knows
    coded: tuple[Thing, ...]  # chunks that are no plain words: ids, paths, keys

    def near(self, thing: Thing, cues: Mapping[str, float]) -> float:
        """How near an argument's own words stand to a thing: 2 right before it, 1.5 right behind, less further off."""
        before = [each for each in self.chunks if each.end <= thing.start][-CONTEXT_CHUNKS:][::-1]
        after = [each for each in self.chunks if each.start >= thing.end][:CONTEXT_CHUNKS]
        return BEFORE_COUNTS * _closeness(before, cues) + AFTER_COUNTS * _closeness(after, cues)

    def named(self, thing: Thing) -> str:
        """The name that is written right before a thing, as in "epoch = 7" or "epoch: 7"; "" where none is."""
        found = _NAMED.search(self.text, 0, thing.start)
        return found[1].lower() if found else ""


def _closeness(chunks: Sequence[Thing], cues: Mapping[str, float]) -> float:
    return sum(
        max((cues.get(word, 0.0) for word in each.stems), default=0.0) / place
        for place, each in enumerate(chunks, start=1)
    )


def said_in(text: str, known: Callable[[str], bool]) -> Said:
    """A request cut into things; `known` tells whether a stem stands in the description of any tool on offer."""
    chunks = tuple(_chunks(text))
    quoted = tuple(
        Thing(found.start(), found.end(), found[0], next(each for each in found.groups() if each is not None))
        for found in _QUOTED.finditer(text)
    )
    return Said(
        text,
        chunks,
        quoted,
        tuple(_numbers(text, chunks)),
        tuple(_names(text)),
        tuple(each for each in chunks if _is_unexplained(each, known)),
        tuple(each for each in chunks if _is_coded(each.text)),
    )


def _chunks(text: str) -> Iterator[Thing]:
    for found in _CHUNK.finditer(text):
        word = found[0].rstrip(_TRAILING)
        start = found.start() + len(word) - len(word.lstrip(_LEADING))
        word = word.lstrip(_LEADING).removesuffix("'s")
        if word:
            yield Thing(start, start + len(word), word, word, stems=frozenset(stems(word)))


def _numbers(text: str, chunks: Sequence[Thing]) -> Iterator[Thing]:
    for found in _NUMBER.finditer(text):
        value = float((found[1] + (found[2] or "")).replace(",", ""))
        if found[0].startswith("-"):
            value = -value
        unit = (found[3] or "").strip() or _word_after(text, found.end())
        yield Thing(found.start(), found.end(), found[0], value, unit.lower())
    for each in chunks:
        if each.text.lower() in _SPELLED:
            yield Thing(
                each.start, each.end, each.text, float(_SPELLED[each.text.lower()]), _word_after(text, each.end)
            )


def _word_after(text: str, end: int) -> str:
    found = re.match(r"[\s-]*([a-zA-Z]+)", text[end : end + 20])
    return found[1] if found else ""


def _names(text: str) -> Iterator[Thing]:
    for found in _NAME.finditer(text):
        name = found[0].rstrip(_TRAILING).removesuffix("'s")
        opens = found.start() == 0 or text[: found.start()].rstrip().endswith((".", "?", "!", "\n"))
        if opens:
            # The first word of a sentence is in capitals whatever it is.
            first, _, name = name.partition(" ")
            start = found.start() + len(first) + 1
        else:
            start = found.start()
        if name and name != "I":
            yield Thing(start, start + len(name), name, name)


def _is_unexplained(chunk: Thing, known: Callable[[str], bool]) -> bool:
    word = chunk.text.lower()
    if word in STOP_WORDS or word in _SPELLED or chunk.start == 0 or word[0].isdigit():
        return False
    return not all(map(known, chunk.stems))


def _is_coded(text: str) -> bool:
    return bool(re.search(r"[\d_:/@]|\w\.\w", text))


@dataclass(frozen=True, slots=True)
class Filled:
    """
    A call that a request fills: the tool's name and its arguments.

    `placed` things were used and `left_over` were not, of those that are said for a purpose: ids, numbers, quotations.
    `used` are the stems of the words that became values.
    """

    tool: str
    arguments: Mapping[str, Any]
    placed: int
    left_over: int
    used: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    schema: Mapping[str, Any]
    required: bool
    cues: Mapping[str, float]  # its own words, and what each says of a value near by
    unit: str  # in which a number of it is, "" when it does not say


@dataclass(frozen=True, slots=True)
class _Bid:
    worth: float
    order: int
    slot: _Slot
    thing: Thing
    value: Any


class Slots:
    """The arguments of one tool."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool.name
        self._slots = [_slot(name, schema, name in tool.required) for name, schema in tool.properties.items()]

    def words(self) -> list[str]:
        """The words of all arguments, their names, descriptions and choices: they describe the tool too."""
        return [
            word
            for each in self._slots
            for text in (each.name, each.schema.get("description", ""), *map(str, each.schema.get("enum", ())))
            for word in content_stems(text)
        ]

    def fill(self, said: Said) -> Filled | None:
        """The arguments that a request fills; None when a required one is not in it."""
        bids = [bid for order, slot in enumerate(self._slots) for bid in _bids(slot, said, order)]
        bids.sort(key=lambda bid: (-bid.worth, bid.thing.start, bid.order))
        taken: dict[str, _Bid] = {}
        for bid in bids:
            if bid.slot.name not in taken and not any(_overlap(bid.thing, each.thing) for each in taken.values()):
                taken[bid.slot.name] = bid
        if any(each.required and each.name not in taken for each in self._slots):
            return None
        used = [each.thing for each in taken.values()]
        purposeful = _apart([*said.quoted, *said.coded, *said.numbers])
        placed = sum(any(_overlap(each, other) for other in used) for each in purposeful)
        return Filled(
            self._tool,
            {each.name: taken[each.name].value for each in self._slots if each.name in taken},
            placed,
            len(purposeful) - placed,
            frozenset(word for each in used for word in content_stems(each.text)),
        )


def _apart(things: Sequence[Thing]) -> list[Thing]:
    """Of things that share letters the first."""
    kept: list[Thing] = []
    for each in things:
        if not any(_overlap(each, other) for other in kept):
            kept.append(each)
    return kept


def _overlap(a: Thing, b: Thing) -> bool:
    return a.start < b.end and b.start < a.end


def _slot(name: str, schema: Mapping[str, Any], required: bool) -> _Slot:
    description = str(schema.get("description", ""))
    cues = dict.fromkeys(set(stems(description)) - _ANYWHERE, DESCRIPTION_COUNTS) | dict.fromkeys(stems(name), 1.0)
    return _Slot(name, schema, required, cues, _unit_of(name, description))


def _unit_of(name: str, description: str) -> str:
    found = re.search(r"\bin (\w+)", description.lower())
    ending = name.lower().rpartition("_")[2]
    return next((each for each in (ending, found[1] if found else "") if each in _UNITS), "")


# --- what an argument bids for


def _bids(slot: _Slot, said: Said, order: int) -> Iterator[_Bid]:
    for worth, thing, value in _offers(slot, said):
        near = said.near(thing, slot.cues) + NAMED_BID * (said.named(thing) == slot.name.lower())
        if slot.required or worth > NUMBER_BID or (worth > WORD_BID_MAX and near >= OPTIONAL_CUE_MIN):
            yield _Bid(worth + near, order, slot, thing, value)


def _offers(slot: _Slot, said: Said) -> Iterator[tuple[float, Thing, Any]]:
    """Each thing that the schema admits, as (worth, thing, value)."""
    if "enum" in slot.schema:
        yield from _choices(slot, said)
        return
    match slot.schema.get("type"):
        case "integer" | "number":
            yield from _amounts(slot, said)
        case "boolean":
            yield from _yes_or_no(slot, said)
        case "array":
            yield from _lists(slot, said)
        case "object":
            return
        case _:
            yield from _texts(slot, said)


def _choices(slot: _Slot, said: Said) -> Iterator[tuple[float, Thing, Any]]:
    for value in slot.schema["enum"]:
        words = re.escape(str(value)).replace("_", r"[\s_-]")
        for found in re.finditer(rf"(?<![\w.-]){words}(?![\w-])", said.text, re.IGNORECASE):
            yield ENUM_BID + len(found[0]) / 100, Thing(found.start(), found.end(), found[0], value), value


def _amounts(slot: _Slot, said: Said) -> Iterator[tuple[float, Thing, Any]]:
    whole = slot.schema.get("type") == "integer"
    for thing in said.numbers:
        measured = _UNITS.get(thing.unit)
        wanted = _UNITS.get(slot.unit)
        worth, value = (NUMBER_BID if thing.text[-1].isdigit() else SPELLED_BID), float(thing.value)
        if measured and wanted:
            if measured[0] != wanted[0]:
                continue
            worth, value = worth + UNIT_BID, round(value * measured[1] / wanted[1], 9)
        if not slot.schema.get("minimum", -math.inf) <= value <= slot.schema.get("maximum", math.inf):
            continue
        if not whole or value.is_integer():
            yield worth, thing, int(value) if value.is_integer() else value


def _yes_or_no(slot: _Slot, said: Said) -> Iterator[tuple[float, Thing, Any]]:
    own = frozenset(content_stems(slot.name))
    for number, chunk in enumerate(said.chunks):
        if not own.isdisjoint(chunk.stems):
            before = {each.text.lower() for each in said.chunks[max(0, number - CONTEXT_CHUNKS) : number]}
            yield ENUM_BID, chunk, not before & _NEGATIONS
            return
    yield GUESS, Thing(0, 0, "", True), True


def _lists(slot: _Slot, said: Said) -> Iterator[tuple[float, Thing, Any]]:
    """All things of the items' type together, when there are any."""
    items = slot.schema.get("items", {})
    if items.get("type") in ("integer", "number"):
        whole = items["type"] == "integer"
        found = [each for each in said.numbers if not whole or float(each.value).is_integer()]
        values = [int(each.value) if float(each.value).is_integer() else each.value for each in found]
    elif items.get("type") in ("string", None):
        found = list(said.quoted or said.names or said.words)
        values = [each.value for each in found]
    else:
        return
    if found:
        yield NUMBER_BID, Thing(found[0].start, found[-1].end, "", values), values


def _texts(slot: _Slot, said: Said) -> Iterator[tuple[float, Thing, Any]]:
    pattern = slot.schema.get("pattern")
    if slot.schema.get("format") == "email":
        for found in _EMAIL.finditer(said.text):
            yield PATTERN_BID, Thing(found.start(), found.end(), found[0], found[0]), found[0]
    elif pattern is not None:
        for chunk in _with_colon(said):
            if re.search(pattern, chunk.text):
                yield PATTERN_BID, chunk, chunk.text
    else:
        yield from ((QUOTED_BID, each, each.value) for each in said.quoted)
        yield from ((NAME_BID, each, each.value) for each in said.names)
        yield from ((_worth_of_word(each, said), each, each.value) for each in (*said.words, *said.coded))


def _with_colon(said: Said) -> Iterator[Thing]:
    """Every chunk, and with the colon behind it where there is one: a prefix may end in it."""
    for each in said.chunks:
        if said.text[each.end : each.end + 1] == ":":
            yield Thing(each.start, each.end + 1, f"{each.text}:", f"{each.text}:")
        yield each


def _worth_of_word(word: Thing, said: Said) -> float:
    """A plain word is the likelier a name for looking like one, and for standing where one is to be expected."""
    before = next((each.text.lower() for each in reversed(said.chunks) if each.end <= word.start), "")
    return WORD_BID + (0.5 if re.search(r"[-_\d]", word.text) else 0.0) + (0.5 if before in _LEADS_TO_NAME else 0.0)
