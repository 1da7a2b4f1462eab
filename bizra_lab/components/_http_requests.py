"""What the client asks: requests made beforehand, the order in which they are sent, and what is right to answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bizra_lab.components._http_outcomes import Judge, acceptance, refusal, success
from bizra_lab.components._validation_corpus import as_text
from bizra_lab.components.cache import zipf_requests
from bizra_lab.components.circuit_breaker import PLAN_LENGTH
from bizra_lab.components.validation import draw

# Of requests for items: so many that in a long measurement no worker begins again, prime as the other plan's.
ITEMS_LENGTH = 100_003

OF_EACH_KIND = 50  # records of each kind of damage: 800 with something wrong, 800 good ones

# The fractions of multiples of the golden ratio lie far apart, however many there are (Steinhaus).
GOLDEN_SHARE = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and the judge of its answer; without a body it is a GET. `target` is the path and its query."""

    target: str
    body: bytes | None = None
    judge: Judge = success

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests, and the order in which they are sent, as places in `requests`, over and over."""

    requests: tuple[Request, ...]
    order: tuple[int, ...] = (0,)

    def of_worker(self, worker: int) -> Iterator[int]:
        """The order for one worker, without end; each begins somewhere else."""
        first = int(worker * GOLDEN_SHARE % 1 * len(self.order))
        yield from itertools.islice(self.order, first, None)
        while True:
            yield from self.order


def record_requests(invalid_share: float, rng: np.random.Generator) -> Plan:
    """Records for /records, so many of them, to one in 10,007, with one thing wrong; well mixed."""
    corpus = draw(rng, OF_EACH_KIND)
    invalid = [record for records in corpus.invalid.values() for record in records]
    requests = [Request("/records", as_text(record), acceptance) for record in corpus.valid]
    requests += [Request("/records", as_text(record), refusal) for record in invalid]
    wrong = rng.permutation(PLAN_LENGTH) < round(invalid_share * PLAN_LENGTH)
    good_ones, bad_ones = (
        rng.integers(len(corpus.valid), size=PLAN_LENGTH),
        rng.integers(len(invalid), size=PLAN_LENGTH),
    )
    order = np.where(wrong, len(corpus.valid) + bad_ones, good_ones)
    return Plan(tuple(requests), tuple(order.tolist()))


def item_requests(keys: int, alpha: float, rng: np.random.Generator) -> Plan:
    """Requests for items by Zipf's law."""
    numbers, order = np.unique(zipf_requests(keys, alpha, ITEMS_LENGTH, rng), return_inverse=True)
    return Plan(tuple(Request(f"/items/{number}") for number in numbers.tolist()), tuple(order.tolist()))
