"""
What is measured: a study's component or anybody's function, alone, against another, or again in fresh processes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypedDict, Unpack

import numpy as np

from bizra_lab.components import COMPONENTS
from bizra_lab.errors import CannotMeasure, SettingsError
from bizra_lab.harness import measure as harness
from bizra_lab.harness import pair as harness_pair
from bizra_lab.harness import replicate as harness_replicate
from bizra_lab.harness.clock import StepClock
from bizra_lab.harness.processes import READY_S, Process
from bizra_lab.harness.recorder import Recorder, choose
from bizra_lab.harness.span import PATIENCE_S, Span
from bizra_lab.harness.virtual import measure_virtually
from bizra_lab.model import Arrivals, Load, Pair, Samples, WorkersAs, Workload
from bizra_lab.own_code import find, is_asynchronous, workload_of
from bizra_lab.study import Study, workload

__all__ = ["Named", "Options", "measure", "measure_named", "measure_pair", "replicate"]

# How many operations of an open load may be under way together, where nobody says: enough that a stall of half a second
# at a hundred a second keeps none from starting.
OPEN_WORKERS = 64

WARMUP_S = 1.0  # where nobody says
DURATION_S = 5.0


class Options(TypedDict, total=False):
    """
    How a function of one's own is measured; what is left out is as in `measure`.

    `setup`, `teardown` and `arguments` are explained in `bizra_lab.own_code`.
    """

    name: str
    warmup_s: float
    duration_s: float
    patience_s: float
    workers: int
    workers_as: WorkersAs
    rate_per_s: float
    arrivals: Arrivals
    setup: Callable[[], object]
    teardown: Callable[[Any], object]
    arguments: Callable[[], Iterable[object]]
    recorder: Literal["auto", "c", "python"]
    seed: int


@dataclass(frozen=True, slots=True)
class _Measurable:
    workload: Workload
    load: Load
    span: Span
    recorder: Recorder
    seed: int


def measure(what: Study | Callable[..., object], **options: Unpack[Options]) -> Samples:
    """
    What the harness saw of a study's component, or of your own function: one row per operation.

    A function is measured by one worker for 5 s after 1 s of warm-up, calling again when done, unless told otherwise:
    `workers` of them, as `workers_as` threads, tasks (a coroutine function always is) or processes; `rate_per_s` makes
    the load open, with `arrivals` constant or poisson. What it raises becomes the outcome of the call.

    Under a study's virtual clock the component really runs, in simulated time; the scope is then "simulated".
    Raises CannotMeasure with one line when the machine cannot do what is asked.
    """
    if isinstance(what, Study) and what.profile.clock == "virtual":
        return _measure_virtually(what)
    with _measurable(what, options) as given:
        return harness.measure(given.workload, given.load, given.span, given.recorder, given.seed)


def measure_pair(
    a: Study | Callable[..., object], b: Study | Callable[..., object], **options: Unpack[Options]
) -> Pair:
    """
    Two of them measured in turns, block by block, in one thread: what differs between them is not what the host did.

    Options are those of `measure` and hold for both; the load is always one worker. Raises CannotMeasure with one line.
    """
    name = options.pop("name", None)
    if name is not None:
        raise SettingsError(f"name: each of a pair has its own, got {name!r}")
    with _measurable(a, options) as first, _measurable(b, options) as second:
        if first.load != Load() or second.load != Load():
            raise CannotMeasure("a pair is measured by one worker in a closed load; expected no other workers or rate")
        return harness_pair.measure_pair(first.workload, second.workload, first.span, first.recorder, first.seed)


def replicate(what: Study | Callable[..., object], processes: int, **options: Unpack[Options]) -> tuple[Samples, ...]:
    """
    The same measurement in so many fresh processes, one after the other: the unit that comparisons count.

    Options are those of `measure`. Raises CannotMeasure with one line.
    """
    with _measurable(what, options) as given:
        return harness_replicate.replicate(
            given.workload, given.load, given.span, given.recorder, processes, given.seed
        )


@contextlib.contextmanager
def _measurable(what: Study | Callable[..., object], options: Options) -> Iterator[_Measurable]:
    """All that a measurement on a real clock needs; the workload is closed at the end of the block."""
    if isinstance(what, Study):
        if options:
            raise SettingsError(f"{what.stem}: a study says itself how it is measured, got {', '.join(options)}")
        if what.profile.clock == "virtual":
            raise CannotMeasure(f"{what.stem}: profile {what.profile_name} has a virtual clock; expected a real one")
        made, load, seed, recorder = workload(what), what.load, what.seed, what.recorder
        span = Span(what.profile.warmup_s, what.profile.duration_s)
    else:
        workers_as = options.get("workers_as", "tasks" if is_asynchronous(what) else "threads")
        made = workload_of(
            what,
            name=options.get("name"),
            workers_as=workers_as,
            setup=options.get("setup"),
            teardown=options.get("teardown"),
            arguments=options.get("arguments"),
        )
        rate_per_s = options.get("rate_per_s")
        load = Load(
            kind="closed" if rate_per_s is None else "open",
            workers=options.get("workers", 1 if rate_per_s is None else OPEN_WORKERS),
            rate_per_s=rate_per_s,
            arrivals=options.get("arrivals", "constant"),
            workers_as=workers_as,
        )
        span = _span(options)
        seed, recorder = options.get("seed", 0), options.get("recorder", "auto")
    with contextlib.closing(made):
        yield _Measurable(made, load, span, choose(recorder), seed)


def _span(options: Options) -> Span:
    return Span(
        options.get("warmup_s", WARMUP_S),
        options.get("duration_s", DURATION_S),
        options.get("patience_s", PATIENCE_S),
    )


def _measure_virtually(study: Study) -> Samples:
    rng = np.random.default_rng(study.seed)
    clock = StepClock()
    span = Span(study.profile.warmup_s, study.profile.duration_s)
    made = COMPONENTS.get(study.component).prepare_simulated(study.component_settings, rng, clock.now_ns)
    with contextlib.closing(made):
        return measure_virtually(made, study.load, span, clock, study.simulated, rng)


@dataclass(frozen=True, slots=True)
class Named:
    """A function and what belongs to it, each named as `module:name`."""

    function: str
    setup: str | None = None
    teardown: str | None = None
    arguments: str | None = None


def measure_named(named: Named, options: Options) -> Samples:
    """
    `measure` for a function that is named, in a process of its own, whose output is thrown away.

    So whatever the function does, the caller goes on: it may print, exit, crash the interpreter or never return.
    Raises CannotMeasure or UnknownName with one line.
    """
    span = _span(options)
    seconds = READY_S + span.warmup_s + span.duration_s + 3 * span.patience_s
    with Process(named.function, partial(_measure_named, named, options)) as process:
        samples: Samples = process.receive(seconds)
    return samples


def _measure_named(named: Named, options: Options, _: object) -> Samples:
    given: Options = {"name": named.function, **options}
    function = find(named.function)
    if named.setup:
        given["setup"] = find(named.setup)
    if named.teardown:
        given["teardown"] = find(named.teardown)
    if named.arguments:
        given["arguments"] = find(named.arguments)
    return measure(function, **given)
