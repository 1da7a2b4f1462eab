"""Anybody's function as a workload."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bizra_lab.errors import CannotMeasure, LabError, UnknownName
from bizra_lab.own_code import find, is_asynchronous, workload_of


def plain() -> int:
    return 1


async def coroutine() -> int:
    return 1


class Calls:
    async def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [(plain, False), (coroutine, True), (partial(coroutine), True), (Calls(), True), (len, False), (Calls, False)],
)
def test_a_coroutine_function_is_told_from_others(function: Callable[..., object], expected: bool) -> None:
    assert expected == is_asynchronous(function)


def test_a_function_without_anything_is_called_as_it_is() -> None:
    workload = workload_of(plain)
    assert ("plain", plain, None) == (workload.name, workload.operate, workload.of_worker)


@pytest.mark.parametrize(
    ("function", "workers_as", "message"),
    [
        (coroutine, "threads", r"^coroutine: is a coroutine function; expected workers_as tasks$"),
        (coroutine, "processes", r"^coroutine: is a coroutine function; expected workers_as tasks$"),
        (plain, "tasks", r"^plain: is not a coroutine function; expected threads or processes$"),
    ],
)
def test_a_coroutine_that_nobody_would_await_is_refused(function: Any, workers_as: Any, message: str) -> None:
    with pytest.raises(CannotMeasure, match=message):
        workload_of(function, workers_as=workers_as)


def test_what_setup_returns_is_the_first_argument_and_what_teardown_gets() -> None:
    numbers = itertools.count(1)
    closed: list[object] = []
    workload = workload_of(lambda n: n * 10, setup=lambda: next(numbers), teardown=closed.append)
    assert workload.of_worker is not None
    assert workload.leave is not None
    first, second = workload.of_worker(0), workload.of_worker(1)
    assert [10, 10, 20] == [first(), first(), second()]
    workload.leave(1)
    workload.leave(0)
    assert [2, 1] == closed
    workload.leave(0)
    assert [2, 1] == closed


def test_a_setup_that_returns_nothing_adds_no_argument() -> None:
    seen: list[int] = []
    workload = workload_of(plain, setup=lambda: seen.append(1))
    assert workload.of_worker is not None
    assert 1 == workload.of_worker(0)()
    assert [1] == seen


def test_arguments_are_used_one_after_the_other_and_then_again_by_each_worker() -> None:
    workload = workload_of(lambda *given: given, arguments=lambda: [1, (2, 3), (), [4]])
    assert workload.of_worker is not None
    one, other = workload.of_worker(0), workload.of_worker(1)
    assert [(1,), (2, 3), (), ([4],), (1,)] == [one() for _ in range(5)]
    assert (1,) == other()


def test_what_a_call_raises_does_not_end_the_arguments() -> None:
    workload = workload_of(lambda n: 1 // n, arguments=lambda: (0, 1))
    assert workload.of_worker is not None
    operate = workload.of_worker(0)
    with pytest.raises(ZeroDivisionError):
        operate()
    assert 1 == operate()


def test_arguments_without_end_are_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.own_code.ARGUMENTS_MAX", 3)
    workload = workload_of(lambda n: n, arguments=itertools.count)
    assert workload.of_worker is not None
    operate = workload.of_worker(0)
    assert [0, 1, 2, 0] == [operate() for _ in range(4)]


def test_no_arguments_at_all_are_refused() -> None:
    workload = workload_of(print, arguments=list)
    assert workload.of_worker is not None
    with pytest.raises(CannotMeasure, match=r"^print: its arguments are none; expected at least one$"):
        workload.of_worker(0)


def test_a_setup_of_a_coroutine_may_itself_be_one() -> None:
    async def connect() -> int:
        return 5

    async def ask(connection: int) -> int:
        return connection + 1

    async def use() -> object:
        workload = workload_of(ask, workers_as="tasks", setup=connect)
        assert workload.of_worker is not None
        made: Any = workload.of_worker(0)
        operate = await made
        return await operate()

    assert 6 == asyncio.run(use())


def test_a_name_finds_what_it_names() -> None:
    assert threading.Lock is find("threading:Lock")
    assert str.join == find("builtins:str.join")


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("json", UnknownName, "json: expected module:function, as in json:dumps"),
        (":dumps", UnknownName, ":dumps: expected module:function"),
        ("json:", UnknownName, "json:: expected module:function"),
        ("json:dmps", UnknownName, "json:dmps: json has no dmps; did you mean 'dumps'?"),
        ("json:dumps.x", UnknownName, "json:dumps.x: json has no dumps.x"),
        ("nowhere_at_all:x", CannotMeasure, "nowhere_at_all:x: nowhere_at_all cannot be imported: ModuleNotFoundError"),
        ("json:__name__", CannotMeasure, "json:__name__: is str; expected something to call"),
    ],
)
def test_what_a_name_does_not_find_is_told(spec: str, error: type[LabError], message: str) -> None:
    with pytest.raises(error) as raised:
        find(spec)
    assert str(raised.value).startswith(message)
