"""
Mailboxes as mail servers take them, in the form that people have: `dot-atom@domain`, all ASCII.

Before the @, letters, digits and ``!#$%&'*+-/=?^_`{|}~`` joined by single dots, at most 64 of them; behind it, two or
more labels of letters, digits and inner hyphens, each at most 63 long; 254 signs in all. Nothing may stand before,
behind or between: no blank, no control sign, no line feed at the end.

Refused by policy, though a server may take them: quoted local parts, address literals (`a@[192.0.2.1]`), and domains of
one label (`a@io`). Comments, folded blanks and display names belong to a message's header, not to a mailbox. Whether
anybody reads there is not asked.

Every sign is looked at once, in C where it was built and by patterns elsewhere: no quantifier can give back what it
took, so no text makes it slow.

Source: RFC 5321, sections 4.1.2 and 4.5.3.1; RFC 5322, section 3.2.3 (dot-atom); RFC 1035, section 2.3.4 (labels).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

try:
    from bizra_lab.components import _validation_scan
except ImportError:  # no compiler where this was installed
    _validation_scan = None  # type: ignore[assignment]

# In octets. A path has 256 with its angle brackets (RFC 5321, 4.5.3.1.3; erratum 1690 to RFC 3696).
ADDRESS_MAX = 254
LOCAL_PART_MAX = 64
LABEL_MAX = 63

# One sign more than the longest label, with the least that must stand around it: up to here no limit can be broken.
SURELY_SHORT = LABEL_MAX + len("a@.b")

_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LABEL = r"[A-Za-z0-9][A-Za-z0-9-]*+(?<!-)"

has_form = re.compile(rf"{_ATOM}++(?:\.{_ATOM}++)*+@{_LABEL}(?:\.{_LABEL})++").fullmatch

# The same for columns, whose engine (RE2) never goes back without being told, and cannot look back either.
_COLUMN_LABEL = "[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_COLUMN_FORM = rf"\A{_ATOM}+(?:\.{_ATOM}+)*@{_COLUMN_LABEL}(?:\.{_COLUMN_LABEL})+\z"

_atoms = re.compile(rf"{_ATOM}++(?:\.{_ATOM}++)*+").fullmatch
_label = re.compile(_LABEL).fullmatch


def by_patterns(text: str) -> bool:
    """Whether `text`, all of it, is one mailbox."""
    if len(text) <= SURELY_SHORT:
        return has_form(text) is not None
    # The length first: what is far too long is not looked at.
    return len(text) <= ADDRESS_MAX and has_form(text) is not None and _within_limits(text)


# The same, as fast as it goes here.
is_mailbox: Callable[[str], bool] = by_patterns if _validation_scan is None else _validation_scan.is_mailbox


def _within_limits(address: str) -> bool:
    """Whether a text that has the form is short enough in all its parts."""
    local_part, _, domain = address.partition("@")
    short = len(address) <= ADDRESS_MAX and len(local_part) <= LOCAL_PART_MAX
    return short and max(map(len, domain.split("."))) <= LABEL_MAX


def flaw(text: str) -> str | None:
    """What keeps `text` from being a mailbox, for a person, without repeating it; None when it is one."""
    if len(text) > ADDRESS_MAX:
        return f"expected at most {ADDRESS_MAX} signs, got {len(text)}"
    local_part, at, domain = text.rpartition("@")
    if not at:
        return "expected an @"
    if len(local_part) > LOCAL_PART_MAX:
        return f"expected at most {LOCAL_PART_MAX} signs before the @, got {len(local_part)}"
    if not _atoms(local_part):
        return "expected letters, digits or !#$%&'*+-/=?^_`{|}~ before the @, joined by single dots"
    labels = domain.split(".")
    if not all(map(_label, labels)):
        return "expected labels of letters, digits and inner hyphens behind the @, joined by single dots"
    if any(len(label) > LABEL_MAX for label in labels):
        return f"expected labels of at most {LABEL_MAX} signs behind the @"
    return "expected a domain of two labels or more" if len(labels) == 1 else None


def are_mailboxes(column: pa.Array) -> pa.BooleanArray:
    """For each text of a column (string or large_string) whether it is a mailbox; null where there is none."""
    good = pc.match_substring_regex(column, _COLUMN_FORM)
    long = pc.and_kleene(good, pc.greater(pc.binary_length(column), SURELY_SHORT)).fill_null(False)
    if not long.true_count:
        return good
    # Few, and asked one by one: RE2 counts to 64 with as many states, which cost more to make than they save.
    asked = map(_within_limits, column.filter(long).to_numpy(zero_copy_only=False))
    return pc.replace_with_mask(good, long, pa.array(asked, pa.bool_()))
