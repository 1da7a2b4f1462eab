"""
The same service asked by other people's load generators in the same run: do rate and mean wait agree with ours?

Each is a closed load over as many connections, one after the other, since they would take each other's CPU. In a closed
load that keeps N in flight, λ·W = N whoever measures; so where two of them differ in λ and W but both keep N in flight,
answers themselves took longer for one of them, and where λ·W falls short of N, time is missing from a mean.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import get_args

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.errors import CannotMeasure, LabError, one_line
from bizra_lab.harness import measure as harness
from bizra_lab.harness.peers import Peer, Printed, run_peer
from bizra_lab.harness.recorder import choose
from bizra_lab.harness.span import Span
from bizra_lab.importers import read
from bizra_lab.measuring import measure
from bizra_lab.model import Estimate, Load, Result, Results, Unavailable, Witness
from bizra_lab.study import Study, workload

KEPT_BUSY_MIN = 0.97  # of N in flight: what a client needs between two requests leaves it a little below
OURS = "ours"


def cross_check(study: Study) -> tuple[Witness, ...]:
    """
    What we, wrk and hey say of the study's service under a closed load of `load.workers` connections; ours first.

    A load generator that is not installed is there with its reason, and all are under a virtual clock.
    Raises CannotMeasure when the study's component cannot be reached by others.
    """
    load = Load("closed", study.load.workers)
    if study.profile.clock == "virtual":
        none = Unavailable("simulated time has no sockets")
        return (
            _witness(OURS, estimate(measure(study), study.analysis), load.workers, None),
            *(_absent(peer, none) for peer in get_args(Peer)),
        )
    with contextlib.closing(workload(study)) as made:
        if made.address is None:
            raise CannotMeasure(f"{study.stem}: nobody else can reach it; expected a component with an address")
        span = Span(study.profile.warmup_s, study.profile.duration_s)
        samples = harness.measure(made, load, span, choose(study.recorder), study.seed)
        # wrk counts whole seconds, and warms nothing up.
        seconds = max(1, round(study.profile.duration_s))
        printed = {peer: run_peer(peer, made.address, load.workers, seconds) for peer in get_args(Peer)}
    ours = estimate(samples, AnalysisSettings((0.5, 0.99), study.analysis.confidence))
    return (
        _witness(OURS, ours, load.workers, None),
        *(_their_witness(peer, said, load.workers, ours) for peer, said in printed.items()),
    )


def _their_witness(peer: str, said: Printed | Unavailable, workers: int, ours: Results) -> Witness:
    if isinstance(said, Unavailable):
        return _absent(peer, said)
    with tempfile.TemporaryDirectory(prefix="bizra-lab-") as folder:
        place = Path(folder) / f"{peer}.txt"
        place.write_text(said.text, encoding="utf-8")
        try:
            [claim] = read(place, peer, workers).claims
        except LabError as error:
            return _absent(peer, Unavailable(one_line(error).removeprefix(str(place))))
    return _witness(peer, claim.results, workers, ours)


def _absent(name: str, reason: Unavailable) -> Witness:
    return Witness(name, reason, reason, reason, reason, "")


def _witness(name: str, results: Results, workers: int, ours: Results | None) -> Witness:
    rate, wait = _given(results, "throughput_per_s"), _given(results, "latency_ns.mean")
    busy = _busy(rate, wait, workers)
    answer = "" if ours is None else _agreement(rate, wait, busy, ours)
    return Witness(name, rate, wait, busy, _given(results, "latency_ns.p99"), answer)


def _given(results: Results, name: str) -> Result:
    return results.get(name, Unavailable("not printed"))


def _busy(rate: Result, wait: Result, workers: int) -> Result:
    """λ·W over N: the share of the connections that were waiting for an answer, on average."""
    if not (isinstance(rate, Estimate) and isinstance(wait, Estimate)):
        return Unavailable("it takes a rate and a mean")
    value = rate.value * wait.value / 1e9 / workers
    # Rate and mean come from the same requests, so their errors cancel; the wider of the two remains.
    spread = max(_relative(rate), _relative(wait))
    return Estimate(value, value * (1 - spread), value * (1 + spread), "ratio", rate.n)


def _relative(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / 2 / estimate.value if estimate.value else 0.0


def _agreement(rate: Result, wait: Result, busy: Result, ours: Results) -> str:
    """A sentence: whether the two agree within their intervals, and where not, what that leaves to explain it."""
    our_rate, our_wait = ours["throughput_per_s"], ours["latency_ns.mean"]
    pairs = ((rate, our_rate), (wait, our_wait))
    if not all(isinstance(each, Estimate) for pair in pairs for each in pair):
        return "not comparable"
    assert isinstance(rate, Estimate) and isinstance(wait, Estimate) and isinstance(busy, Estimate)
    assert isinstance(our_rate, Estimate) and isinstance(our_wait, Estimate)
    if _overlap(rate, our_rate) and _overlap(wait, our_wait):
        return "agrees within the intervals"
    ratios = f"λ is {rate.value / our_rate.value:.2f} and W {wait.value / our_wait.value:.2f} of ours"
    if busy.high < KEPT_BUSY_MIN:
        return f"{ratios}; λ·W falls short of N: time is missing from its mean, or its connections rested"
    return f"{ratios}; both keep N in flight, so answers took another time: clients share the CPUs with the server"


def _overlap(theirs: Estimate, ours: Estimate) -> bool:
    """
    Whether the two intervals meet.

    Theirs is only that of the digits printed; how far their requests scatter is not told. About as many requests to the
    same service scatter about as far as ours, so our relative width is added to it.
    """
    width = theirs.value * _relative(ours)
    return theirs.low - width <= ours.high and ours.low <= theirs.high + width
