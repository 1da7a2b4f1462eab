"""
Papermill's engine with two differences: a kernel starts in the host's quiet, and a measuring notebook waits its turn.

The next notebook's kernel is started and made ready while the present one runs, so its start costs nothing; it only
never starts while somebody's timed window is open.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from bizra_lab.harness.quiet import measuring, quiet

# Imported in the kernel while it waits for its turn, so that the first cell need not.
WARM_UP = "import bizra_lab.study, bizra_lab.reporting.table, bizra_lab.reporting.charts.exceedance"


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """A notebook's kernel and cells, told about as they come."""

    def __init__(self, *args: Any, turn: contextlib.AbstractContextManager[None], **kwargs: Any) -> None:
        self._turn = turn
        self.on_kernel: Callable[[int], None] = kwargs.pop("on_kernel")
        self.on_cell: Callable[[nbformat.NotebookNode, int], None] = kwargs.pop("on_cell")
        super().__init__(*args, **kwargs)
        self.on_cell_start = lambda cell_index, **_: self.on_cell(self.nb, cell_index)

    @contextlib.contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        # The kernel ends before the turn does: the next notebook may measure in its first cells.
        with contextlib.ExitStack() as turn, contextlib.ExitStack() as kernel:
            with quiet():
                kernel.enter_context(super().setup_kernel(**kwargs))
                pid = int(self.km.provisioner.pid)
                kernel.callback(_kill_group, pid)
                self.on_kernel(pid)
                self.wait_for_reply(self.kc.execute(WARM_UP, silent=True))
            turn.enter_context(self._turn)
            yield


def _kill_group(pid: int) -> None:
    """Kill a kernel with what it started; a kernel that died by itself has left that running."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # Darwin's word for a group of zombies
        os.killpg(pid, signal.SIGKILL)


class _Engine(NBClientEngine):  # type: ignore[misc]
    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, execution_timeout: float, start_timeout: int, **kwargs: Any
    ) -> Any:
        # Papermill notes absolute paths; a notebook that is evidence names no folder of the machine it ran on.
        name = Path(kwargs["input_path"]).name
        nb_man.nb.metadata["papermill"].update(input_path=f"notebooks/{name}", output_path=name)
        client = _Client(
            nb_man,
            turn=measuring() if kwargs["measuring"] else contextlib.nullcontext(),
            on_kernel=kwargs["on_kernel"],
            on_cell=kwargs["on_cell"],
            kernel_name=kernel_name,
            timeout=math.ceil(execution_timeout),
            # A cell has ended when its last output is here; on a busy host that takes more than the usual 4 s.
            iopub_timeout=math.ceil(execution_timeout),
            startup_timeout=start_timeout,
            # A graceful end waits up to three seconds for a kernel that has nothing left to do.
            shutdown_kernel="immediate",
            # It warns at every start that it listens on loopback without encryption; its errors are still told.
            extra_arguments=["--log-level=ERROR"],
        )
        return client.execute()


def register(name: str) -> None:
    """Make papermill know this engine by `name`."""
    papermill_engines.register(name, _Engine)
