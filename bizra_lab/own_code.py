"""
Anybody's function as a workload: what has to be there first, with which arguments it is called, what comes after.

    setup       called once by each worker, in its own thread, task or process; what it returns, unless that is None, is
                the function's first argument
    arguments   makes an iterable; its items are the arguments of one call after the other, a tuple being several, and
                are used again from the first when all were
    teardown    called with what `setup` returned when the worker is done with
"""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from bizra_lab.errors import CannotMeasure, UnknownName, nearest, one_line
from bizra_lab.model import WorkersAs, Workload

# Made before the first call, so that making them is not measured; a longer cycle would not fit into the caches that
# real calls find warm.
ARGUMENTS_MAX = 10_000


def is_asynchronous(function: Callable[..., object]) -> bool:
    """Whether a call gives something that has to be awaited."""
    inner = function.func if isinstance(function, partial) else function
    # Calling a class makes an instance, whatever calling that would do.
    call = inner if isinstance(inner, type) else getattr(inner, "__call__", inner)  # noqa: B004 — the method is wanted
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(call)


def workload_of(
    function: Callable[..., object],
    *,
    name: str | None = None,
    workers_as: WorkersAs = "threads",
    setup: Callable[[], object] | None = None,
    teardown: Callable[[Any], object] | None = None,
    arguments: Callable[[], Iterable[object]] | None = None,
) -> Workload:
    """
    The workload whose operation is one call of `function`.

    Raises CannotMeasure with one line when tasks are asked for and the function is not asynchronous, or the reverse:
    a coroutine that nobody awaits takes no time at all.
    """
    name = name or str(getattr(function, "__qualname__", type(function).__qualname__))
    if is_asynchronous(function) != (workers_as == "tasks"):
        is_one = "is" if is_asynchronous(function) else "is not"
        expected = "workers_as tasks" if is_asynchronous(function) else "threads or processes"
        raise CannotMeasure(f"{name}: {is_one} a coroutine function; expected {expected}")
    if not (setup or teardown or arguments):
        return Workload(name, function)
    prepared: dict[int, object] = {}

    def operation(worker: int, value: object) -> Callable[[], object]:
        prepared[worker] = value
        call = function if value is None else partial(function, value)
        return _with_arguments(name, call, arguments) if arguments else call

    def of_worker(worker: int) -> Any:
        value = setup() if setup else None
        return _when_awaited(worker, value, operation) if isinstance(value, Awaitable) else operation(worker, value)

    def leave(worker: int) -> object:
        return teardown(prepared.pop(worker)) if teardown and worker in prepared else None

    return Workload(name, function, of_worker=of_worker, leave=leave)


async def _when_awaited(
    worker: int, value: Awaitable[object], operation: Callable[[int, object], Callable[[], object]]
) -> Callable[[], object]:
    return operation(worker, await value)


def _with_arguments(
    name: str, call: Callable[..., object], arguments: Callable[[], Iterable[object]]
) -> Callable[[], object]:
    """One call after the other, each with the next arguments; in C, which adds some ns where Python would add 100."""
    values = list(itertools.islice(arguments(), ARGUMENTS_MAX))
    if not values:
        raise CannotMeasure(f"{name}: its arguments are none; expected at least one")
    tuples = [each if isinstance(each, tuple) else (each,) for each in values]
    return itertools.starmap(call, itertools.cycle(tuples)).__next__


def find(spec: str) -> Any:
    """
    What `module:name` names; the name may have dots.

    Raises UnknownName when there is none such, and CannotMeasure when the module cannot be imported.
    """
    module_name, colon, path = spec.partition(":")
    if not (module_name and colon and path):
        raise UnknownName(f"{spec}: expected module:function, as in json:dumps")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise CannotMeasure(
            f"{spec}: {module_name} cannot be imported: {type(error).__name__}: {one_line(error)}"
        ) from None
    for part in path.split("."):
        if not hasattr(found, part):
            raise UnknownName(f"{spec}: {module_name} has no {path}{nearest(part, dir(found))}")
        found = getattr(found, part)
    if not callable(found):
        raise CannotMeasure(f"{spec}: is {type(found).__name__}; expected something to call")
    return found
