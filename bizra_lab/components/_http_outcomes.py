"""
What becomes of an operation, and which answer is the right one.

    Failed               no right answer; the name of the class is the outcome
    ├── Refused          nobody listens there
    ├── Unreachable      no connection could be made, for another reason
    ├── Reset            the connection ended before the answer did
    ├── TimedOut         the answer did not come in time
    ├── Garbage          what came is not one HTTP answer
    ├── BadStatus        neither a success nor the refusal that was expected: Status503 and the like
    ├── WronglyAccepted  success for what has something wrong with it
    └── WronglyRefused   refusal of what is as declared
"""

from __future__ import annotations

import functools
from collections.abc import Callable

Judge = Callable[[int], int]  # the status if it is right; raises Failed if it is not

REFUSALS = (400, 422)  # not to be read, and not as declared


class Failed(Exception):
    """The operation got no right answer; the name of the class is its outcome."""


class Refused(Failed):
    """Nobody listens there."""


class Unreachable(Failed):
    """No connection could be made, for a reason of the network's, of the name's or of this host's."""


class Reset(Failed):
    """The connection ended before the answer did; also one that the server had closed without saying so."""


class TimedOut(Failed):
    """The answer, or the connection, did not come in time."""


class Garbage(Failed):
    """What came is not one HTTP answer."""


class BadStatus(Failed):
    """An answer that is neither success nor expected; each status has a class of its own, `Status503` and the like."""


class WronglyAccepted(Failed):
    """A record with something wrong was taken for a good one."""


class WronglyRefused(Failed):
    """A good record was taken for one with something wrong."""


@functools.cache
def bad_status(status: int) -> type[BadStatus]:
    """The class of outcomes of one status."""
    return type(f"Status{status}", (BadStatus,), {"__doc__": f"The server answered with {status}."})


def success(status: int) -> int:
    """The judge of what must succeed."""
    if not 200 <= status < 300:
        raise bad_status(status)
    return status


def acceptance(status: int) -> int:
    """The judge of the answer to a good record."""
    if status in REFUSALS:
        raise WronglyRefused
    return success(status)


def refusal(status: int) -> int:
    """The judge of the answer to a record with something wrong: refusing it is what was asked for."""
    if status in REFUSALS:
        return status
    success(status)
    raise WronglyAccepted
