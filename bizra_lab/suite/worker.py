"""
The process that notebooks are executed in: told what to do through a pipe, it tells back what happens.

What happened is decided by what was raised here; papermill itself records success for a killed kernel and for a cell
that ran out of time.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import nbformat
import psutil

from bizra_lab.errors import one_line
from bizra_lab.suite.run_folder import State

ENGINE = "bizra_lab"  # our engine's name among papermill's


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is told of a job: plain values, since it goes through a pipe."""

    notebook: str
    output: str
    home: str
    parameters: dict[str, Any]
    measuring: bool
    patience_s: float


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel was started."""

    pid: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell was entered: its number from 1, how many there are, the heading it is under, its first line."""

    cell: int
    cells: int
    heading: str
    first_line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The notebook is done with; `error` is one line."""

    state: State
    error: str | None


def work(pipe: Connection) -> None:
    """Execute what comes through the pipe until nothing more comes, or the process that sends it is gone."""
    # A session of its own: Control-C reaches the one who waits for us, and he decides.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.dup2(2, 1)  # what a cell writes past Python, and what it starts, would land in the lab's own output
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one a user has installed
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or every kernel prints a warning about its own debugger
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while (order := pipe.recv()) is not None:
            pipe.send(_carry_out(order, pipe))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has a parent"
    multiprocessing.connection.wait([parent.sentinel])
    for child in psutil.Process().children():
        kill_family(child.pid)
    os._exit(1)


def kill_family(pid: int) -> None:
    """
    Kill a worker or a kernel and everything it started.

    Both lead a process group of their own, by which those are found whose parent has died before them.
    """
    family = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # Darwin's word for a group of zombies
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(psutil.NoSuchProcess):
        family.append(psutil.Process(pid))
    for each in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()


def _carry_out(order: Order, pipe: Connection) -> Ended:
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    last: list[Cell] = []

    def report(event: Kernel | Cell) -> None:
        if isinstance(event, Cell):
            last[:] = [event]
        pipe.send(event)

    name = Path(order.notebook).name

    def ended(state: State, sentence: str) -> Ended:
        where = f"{name}, cell {last[0].cell} ({last[0].first_line})" if last else name
        return Ended(state, f"{where}: {sentence}")

    try:
        executed = _run_notebook(order, report)
    except PapermillExecutionError as error:
        return ended(State.FAILED, one_line(Exception(f"{error.ename}: {error.evalue}")))
    except DeadKernelError:
        return ended(State.KERNEL_DIED, "the kernel died")
    except CellTimeoutError:
        return ended(State.TIMED_OUT, f"no end within {order.patience_s:g} s")
    except NoSuchKernel as error:
        return ended(State.FAILED, one_line(error))
    except Exception as error:
        return ended(State.FAILED, f"{type(error).__name__}: {one_line(error)}")
    # A cell that ends its notebook by SystemExit with 0 stops it, and papermill raises nothing.
    if executed.metadata["papermill"]["exception"]:
        return ended(State.FAILED, "SystemExit before the notebook's end")
    return Ended(State.COMPLETED, None)


def _run_notebook(order: Order, report: Callable[[Kernel | Cell], None]) -> nbformat.NotebookNode:
    import papermill

    from bizra_lab.suite import _engine

    _engine.register(ENGINE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tools about each other; what matters is raised
        executed: nbformat.NotebookNode = papermill.execute_notebook(
            order.notebook,
            order.output,
            parameters=order.parameters,
            engine_name=ENGINE,
            cwd=order.home,
            progress_bar=False,
            log_output=False,
            execution_timeout=order.patience_s,
            measuring=order.measuring,
            on_kernel=lambda pid: report(Kernel(pid)),
            on_cell=_cells(report),
        )
    return executed


def _cells(report: Callable[[Kernel | Cell], None]) -> Callable[[nbformat.NotebookNode, int], None]:
    """What tells of each cell as it starts: its number among the code cells, and the last heading above it."""

    def entered(notebook: nbformat.NotebookNode, index: int) -> None:
        cells = notebook.cells
        codes = [place for place, cell in enumerate(cells) if cell.cell_type == "code"]
        if index not in codes:
            return
        heading = next(_headings(cells[: index + 1]), "")
        first_line = cells[index].source.strip().partition("\n")[0]
        report(Cell(codes.index(index) + 1, len(codes), heading, first_line))

    return entered


def _headings(cells: Sequence[nbformat.NotebookNode]) -> Iterator[str]:
    for cell in reversed(cells):
        if cell.cell_type == "markdown":
            for line in reversed(cell.source.splitlines()):
                if line.startswith("#"):
                    yield line.lstrip("# ")
