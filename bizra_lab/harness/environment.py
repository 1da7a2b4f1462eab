"""
What the machine and the code were when a measurement was made.

A figure belongs to a machine. Every fact that cannot be read is null, never guessed; nothing here names a user, a host
or a path.
"""

from __future__ import annotations

import datetime
import gc
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import psutil

# What a result may depend on and a reader may want to install again.
PACKAGES = ("bizra-lab", "numpy", "scipy", "pandas", "pyarrow", "altair", "papermill", "ipykernel", "jupyterlab")

GIT_PATIENCE_S = 10.0  # git answers in milliseconds, or the disk is in trouble


@dataclass(frozen=True, slots=True)
class Host:
    """The machine: what stays the same between runs on it, then what it was doing."""

    cpu: str | None
    architecture: str
    cores: int | None
    threads: int | None
    usable_threads: int | None  # what this process may run on
    cgroup_cpus: float | None  # None where no limit is set
    governor: str | None
    turbo: bool | None
    virtual: bool | None  # a hypervisor announces itself
    container: bool
    memory_bytes: int
    memory_available_bytes: int
    swap_used_bytes: int
    kernel: str
    clock_source: str | None
    load_average: tuple[float, ...]  # over 1, 5 and 15 minutes
    steal_ticks: int | None  # of all cores since boot: time the hypervisor gave to others

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits for what stays the same: two runs with unequal ones are not comparable."""
        same = (
            self.cpu,
            self.architecture,
            self.cores,
            self.threads,
            self.cgroup_cpus,
            self.virtual,
            self.memory_bytes,
        )
        return hashlib.sha256(repr(same).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Python:
    """The interpreter: version, how it was built, and the switches that change what code costs."""

    version: str
    implementation: str
    compiler: str
    optimised_build: bool | None  # profile-guided: worth up to half of a pure-Python figure
    gil: bool
    gc_enabled: bool
    gc_thresholds: tuple[int, ...]
    hash_seed: str | None


@dataclass(frozen=True, slots=True)
class Code:
    """Which code ran: the commit, whether the tree differed from it, and the digest of the locked dependencies."""

    commit: str | None
    dirty: bool | None
    lock_digest: str | None
    packages: dict[str, str]


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything above, and the moment it was read (UTC, ISO 8601)."""

    read_at: str
    host: Host
    python: Python
    code: Code


def read_environment(home: Path) -> Environment:
    """The environment of this process, with the code's state as git tells it of `home`."""
    return Environment(now_utc(), read_host(), read_python(), read_code(home))


def now_utc() -> str:
    """The date and time now, UTC, as 2026-01-31T12:34:56Z."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_host() -> Host:
    """The machine as it is now."""
    memory = psutil.virtual_memory()
    return Host(
        cpu=_cpu(),
        architecture=platform.machine(),
        cores=psutil.cpu_count(logical=False),
        threads=psutil.cpu_count(logical=True),
        usable_threads=usable_threads(),
        cgroup_cpus=_cgroup_cpus(),
        governor=_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        turbo=_turbo(),
        virtual=_virtual(),
        container=Path("/.dockerenv").exists() or Path("/run/.containerenv").exists(),
        memory_bytes=int(memory.total),
        memory_available_bytes=int(memory.available),
        swap_used_bytes=int(psutil.swap_memory().used),
        kernel=f"{platform.system()} {platform.release()}",
        clock_source=_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        load_average=tuple(round(each, 2) for each in os.getloadavg()),
        steal_ticks=_steal_ticks(),
    )


def usable_threads() -> int | None:
    """How many hardware threads this process may run on; None where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def read_python() -> Python:
    """The interpreter that runs this."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS")
    return Python(
        version=platform.python_version(),
        implementation=platform.python_implementation(),
        compiler=platform.python_compiler(),
        optimised_build=None if arguments is None else "--enable-optimizations" in arguments,
        gil=bool(getattr(sys, "_is_gil_enabled", lambda: True)()),
        gc_enabled=gc.isenabled(),
        gc_thresholds=gc.get_threshold(),
        hash_seed=os.environ.get("PYTHONHASHSEED"),
    )


def read_code(home: Path) -> Code:
    """The commit of `home` and whether its tree differs; the digest of its lock file; the packages installed."""
    status = _git(home, "status", "--porcelain")
    lock = home / "requirements.lock"
    return Code(
        commit=_git(home, "rev-parse", "HEAD"),
        dirty=None if status is None else bool(status),
        lock_digest=hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None,
        packages={name: version for name in PACKAGES if (version := _version(name)) is not None},
    )


def _git(home: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(home), *words], capture_output=True, text=True, timeout=GIT_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _line(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _cpu_info() -> dict[str, str]:
    text = _line("/proc/cpuinfo") or ""
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _cpu() -> str | None:
    return _cpu_info().get("model name") or platform.processor() or None


def _virtual() -> bool | None:
    flags = _cpu_info().get("flags")
    return None if flags is None else "hypervisor" in flags.split()


def _turbo() -> bool | None:
    off = _line("/sys/devices/system/cpu/intel_pstate/no_turbo")
    if off is not None:
        return off == "0"
    boost = _line("/sys/devices/system/cpu/cpufreq/boost")
    return None if boost is None else boost == "1"


def _cgroup_cpus() -> float | None:
    quota, _, period = (_line("/sys/fs/cgroup/cpu.max") or "max").partition(" ")
    return None if quota == "max" or not period else int(quota) / int(period)


def _steal_ticks() -> int | None:
    # The eighth number of the first line; see proc(5).
    words = (_line("/proc/stat") or "").partition("\n")[0].split()
    return int(words[8]) if len(words) > 8 else None
