"""Words of requests and of descriptions, cut back to what they have in common."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Words that say how something is asked, not what.
_SAID_ANYWHERE = """
    a about all am an and any are as at be been by can could d did do does find for from get give had has have having
    help here hey how i if in into is it its let like ll make me my need next no not now of off on once one only or our
    out please re s should so some tell than thank thanks that the their them then there these this those to up us use
    using ve want was we were what when where whether which who will with would you your
"""
STOP_WORDS = frozenset(_SAID_ANYWHERE.split())

_ENDINGS = (
    *("ations", "ation", "ating", "ated", "ates", "ate"),
    *("ings", "ing", "ied", "ies", "ers", "ed", "es", "s", "e", "y"),
)
STEM_MIN = 3  # letters that an ending has to leave: "as" is no plural


def stem(word: str) -> str:
    """
    A word without its ending, lower case; not a word of any language, but the same for its forms.

    Lighter than Porter's: it must never make one of two words that differ in a tool's name.
    """
    word = word.lower()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM_MIN:
            word = word.removesuffix(ending)
            break
    # A doubled letter before an ending: "stopped" and "stop".
    return word[:-1] if len(word) > STEM_MIN and word[-1] == word[-2] else word


def stems(text: str) -> list[str]:
    """Every word of a text as its stem, in order; names in snake_case or camelCase fall into their words."""
    return [stem(word) for word in _WORD.findall(text)]


def content_stems(text: str) -> list[str]:
    """The stems of the words that say what is meant."""
    return [stem(word) for word in _WORD.findall(text) if word.lower() not in STOP_WORDS and not word.isdigit()]
