"""
Notebooks executed by papermill, each in a worker process of its own making, measuring ones one at a time.

What happened to a notebook is decided here, from what was raised; papermill itself records success for a killed
kernel and for a cell that ran out of time. Whoever is killed, nothing is left running and nothing half-written: a
notebook that did not run to its end is left as <name>.failed.ipynb, with what it had printed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import nbformat

from bizra_lab.errors import LabError, SettingsError, one_line
from bizra_lab.files import write_atomically
from bizra_lab.harness.environment import now_utc
from bizra_lab.suite.plan import Job
from bizra_lab.suite.run_folder import FAILED_SUFFIX, RUNNING_SUFFIX, Run, State
from bizra_lab.suite.worker import Cell, Ended, Kernel, Order, kill_family, work

PARAMETERS = ("study", "profile", "out_dir", "overrides")  # what every notebook is told

HEARTBEAT_S = 0.2  # how soon Control-C is noticed while nothing is reported


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something a job did: it changed its state, or entered a cell (`cell` of `cells` code cells, under `heading`)."""

    stem: str
    state: State
    cell: int = 0
    cells: int = 0
    heading: str = ""
    error: str | None = None


def check_notebook(path: Path) -> None:
    """Raise SettingsError with one line unless the notebook has one cell of parameters, with just the names we pass."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise SettingsError(f"{path}: {one_line(error)}; expected a notebook") from None
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise SettingsError(f"{path}: {len(cells)} cells are tagged parameters; expected one")
    named = {line.partition(":")[0].partition("=")[0].strip() for line in cells[0].source.splitlines()} - {""}
    if named != set(PARAMETERS):
        raise SettingsError(
            f"{path}: its parameters are {', '.join(sorted(named)) or 'none'}; expected {', '.join(PARAMETERS)}"
        )


def execute(
    run: Run,
    jobs: Sequence[Job],
    home: Path,
    workers: int,
    on_event: Callable[[JobEvent], None],
) -> None:
    """
    Execute `jobs` in up to `workers` processes and note in `run` what happened to each.

    A job that fails does not stop the others. KeyboardInterrupt stops all of them: kernels are ended, partial notebooks
    kept, the run's jobs marked interrupted, and it is raised again.
    """
    for job in jobs:
        check_notebook(job.notebook)
    crew = _Crew(run, home, on_event)
    waiting = list(reversed(jobs))
    try:
        for _ in range(min(workers, len(jobs))):
            crew.hire()
        while waiting or crew.busy:
            while waiting and (idle := crew.idle()) is not None:
                crew.assign(idle, waiting.pop())
            crew.listen()
    except BaseException:
        crew.interrupt()
        raise
    finally:
        crew.dismiss()


class _Worker:
    """One process, what it does at present, and the kernel it has running."""

    def __init__(self, process: multiprocessing.process.BaseProcess, pipe: Connection) -> None:
        self.process = process
        self.pipe = pipe
        self.job: Job | None = None
        self.kernel_pid: int | None = None
        self.at: Cell | None = None

    def end(self) -> None:
        """Kill the process and its kernel, with whatever they have started."""
        for pid in (self.process.pid, self.kernel_pid):
            if pid is not None:
                kill_family(pid)
        self.process.join()
        self.pipe.close()


class _Crew:
    """The workers of a run."""

    def __init__(self, run: Run, home: Path, on_event: Callable[[JobEvent], None]) -> None:
        self._run = run
        self._home = home
        self._on_event = on_event
        self._workers: list[_Worker] = []

    @property
    def busy(self) -> bool:
        return any(worker.job is not None for worker in self._workers)

    def idle(self) -> _Worker | None:
        return next((worker for worker in self._workers if worker.job is None), None)

    def hire(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs,), daemon=True)
        # Until it can tell Control-C that it is not meant, a worker must not hear it. Starting multiprocessing's own
        # tracker would unblock the signal again, so that is done first.
        multiprocessing.resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        process.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._workers.append(_Worker(process, ours))

    def assign(self, worker: _Worker, job: Job) -> None:
        worker.job, worker.at = job, None
        self._run.note(job.stem, state=State.RUNNING, started=now_utc(), finished=None, error=None)
        self._on_event(JobEvent(job.stem, State.RUNNING))
        order = Order(
            notebook=str(job.notebook),
            output=str(self._running(job)),
            home=str(self._home),
            parameters={
                "study": job.study,
                "profile": job.profile,
                "out_dir": self._out_dir(),
                "overrides": dict(job.overrides),
            },
            measuring=job.measuring,
            patience_s=job.patience_s,
        )
        with contextlib.suppress(BrokenPipeError):  # it died before it was told; its sentinel says so
            worker.pipe.send(order)

    def listen(self) -> None:
        """Wait for the workers to report, or to die, and note it."""
        pipes = [worker.pipe for worker in self._workers]
        sentinels = [worker.process.sentinel for worker in self._workers]
        ready = multiprocessing.connection.wait([*pipes, *sentinels], HEARTBEAT_S)
        for worker, pipe, sentinel in list(zip(self._workers, pipes, sentinels, strict=True)):
            if pipe in ready:
                self._hear(worker)
            if sentinel in ready:
                self._bury(worker)

    def _hear(self, worker: _Worker) -> bool:
        """Note one report; False when there will be no more, since the worker died, which its sentinel tells."""
        try:
            report = worker.pipe.recv()
        except (EOFError, OSError):
            return False
        job = worker.job
        assert job is not None, "only a worker with a job reports"
        match report:
            case Kernel(pid):
                worker.kernel_pid = pid
            case Cell(cell, cells, heading):
                worker.at = report
                self._on_event(JobEvent(job.stem, State.RUNNING, cell, cells, heading))
            case Ended(state, error):
                worker.job = worker.kernel_pid = None
                self._close(job, state, error)
        return True

    def _bury(self, worker: _Worker) -> None:
        """A worker that died by itself takes its kernel with it, and another takes its place."""
        while worker.job is not None and worker.pipe.poll() and self._hear(worker):
            pass  # what it still had to say
        self._workers.remove(worker)
        worker.process.join()
        job, code = worker.job, worker.process.exitcode
        worker.end()
        if job is not None:
            how = f"the worker was killed (signal {-code})" if code is not None and code < 0 else "the worker ended"
            self._close(job, State.FAILED, _where(job, worker.at) + how)
        self.hire()

    def _close(self, job: Job, state: State, error: str | None) -> None:
        """The notebook under the name it deserves, and the state in run.json."""
        running = self._running(job)
        outputs: list[str] = []
        if state is State.COMPLETED:
            running.replace(self._run.folder / job.notebook.name)
            outputs.append(job.notebook.name)
        else:
            failed = job.notebook.stem + FAILED_SUFFIX
            if _leave_partial(running, self._run.folder / failed, state, error):
                outputs.append(failed)
        names = (f"{job.stem}.samples.parquet", f"{job.stem}.record.json")
        outputs += [name for name in names if (self._run.folder / name).is_file()]
        self._run.note(job.stem, state=state, finished=now_utc(), error=error, outputs=tuple(outputs))
        self._on_event(JobEvent(job.stem, state, error=error))

    def interrupt(self) -> None:
        """End every worker now; what they were at is left as far as it came."""
        for worker in self._workers:
            job, worker.job = worker.job, None
            worker.end()
            if job is not None:
                with contextlib.suppress(LabError):
                    self._close(job, State.INTERRUPTED, _where(job, worker.at) + "interrupted")
        self._workers.clear()

    def dismiss(self) -> None:
        """Let idle workers go home."""
        for worker in self._workers:
            with contextlib.suppress(OSError):
                worker.pipe.send(None)
            worker.process.join(timeout=HEARTBEAT_S)
            worker.end()

    def _out_dir(self) -> str:
        """The run's folder as a notebook knows it, whose working directory is the lab's."""
        folder = self._run.folder
        return str(folder.relative_to(self._home) if folder.is_relative_to(self._home) else folder)

    def _running(self, job: Job) -> Path:
        # Hidden, and swept up by whoever resumes; papermill insists on the ending.
        return self._run.folder / f".{job.notebook.stem}{RUNNING_SUFFIX}"


def _where(job: Job, at: Cell | None) -> str:
    if at is None:
        return f"{job.notebook.name}: "
    return f"{job.notebook.name}, cell {at.cell} ({at.first_line}): "


def _leave_partial(running: Path, failed: Path, state: State, error: str | None) -> bool:
    """What there is of a notebook, with the truth about it in its metadata; False when there is nothing."""
    try:
        notebook = nbformat.read(running, as_version=4)
    except Exception:
        return False  # killed before, or while, its first cell was written
    finally:
        running.unlink(missing_ok=True)
    correct_metadata(notebook, state, error)
    write_atomically(failed, nbformat.writes(notebook).encode())
    return True


def correct_metadata(notebook: nbformat.NotebookNode, state: State, error: str | None) -> None:
    """Undo papermill's false success: the last cell that began failed, those after it are pending, and it says why."""
    codes = [cell for cell in notebook.cells if cell.cell_type == "code" and "papermill" in cell.metadata]
    last = None
    for cell in codes:
        if cell.metadata["papermill"].get("start_time") is None:
            cell.metadata["papermill"].update(status="pending", exception=None)
        else:
            last = cell
    if last is not None:
        last.metadata["papermill"].update(status="failed", exception=True)
    notebook.metadata["papermill"] = {**notebook.metadata.get("papermill", {}), "exception": True}
    notebook.metadata["bizra_lab"] = {"state": state.value, "error": error}
