"""
Is this machine fit to measure on? What is wrong with it, and what to do.

Facts are read first and judged afterwards: a check is given what was read, and reads nothing itself. What cannot be
read is told, and is neither good nor bad. Nothing here names a user, a path or another program.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from bizra_lab.errors import CannotMeasure, one_line
from bizra_lab.harness.calibrate import Calibration, calibrate, canary_ns
from bizra_lab.harness.clock import Clock, MonotonicClock
from bizra_lab.harness.environment import Host, Python, read_host, read_python
from bizra_lab.harness.quiet import LockState, lock_state, quiet
from bizra_lab.harness.recorder import Recorder, choose
from bizra_lab.model import Diagnosis, Fitness, Symptom
from bizra_lab.units import SECOND_NS, say

BURSTS = 20  # of the canary: enough to meet a change of speed that comes twice in the time they are spread over
BURST_EVERY_S = 0.1  # seconds from one burst to the next: two seconds in all, which a person waits for
QUIET_PATIENCE_S = 0.5  # seconds: a kernel that starts beside us has ended by then, a measurement has not

THREADS_FIT_MIN = 2  # threads: with one, all else on the host takes turns with the operation
CGROUP_CPUS_MIN = 1.0  # CPUs: with less, one busy thread is stopped in each period of the scheduler

GOVERNOR_FIT = "performance"  # every other governor chooses the speed by what was done before

# Read by the processor without asking the kernel, at nanoseconds' step.
CLOCK_SOURCES_FIT = ("tsc", "arch_sys_counter", "riscv_clocksource", "timebase", "tod")
# Read over the bus in a microsecond, or advanced by the timer's interrupt in milliseconds.
CLOCK_SOURCES_UNFIT = ("hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies")

# An operation worth measuring takes a microsecond or more; its median must be ten steps of the clock to be more than
# rounding.
CLOCK_STEP_FIT_MAX_NS = 100.0  # ns: a tenth of a microsecond
CLOCK_STEP_CAREFUL_MAX_NS = 1000.0  # ns: operations of ten microseconds still can be told from it

CLOCK_COST_FIT_MAX_NS = 100.0  # ns a reading: a counter takes 20 to 50, and Python some more around it
CLOCK_COST_CAREFUL_MAX_NS = 500.0  # ns a reading: beyond it the kernel or a device is asked each time

CANARY_FIT_MAX = 1.05  # slowest over fastest burst: a gate has to tell differences of five percent
CANARY_CAREFUL_MAX = 1.25  # the same: beyond it the host decides which of two programs is the faster

STEAL_FIT_MAX = 0.005  # share of all CPUs: one or two ticks of 10 ms in two seconds, which is the step it comes in
STEAL_CAREFUL_MAX = 0.02  # share of all CPUs: beyond it a 99th percentile is made of stolen time

NEIGHBOURS_FIT_MAX = 0.05  # share of all CPUs: what an idle system does for itself
NEIGHBOURS_CAREFUL_MAX = 0.25  # share of all CPUs: beyond it caches, memory and turbo are shared all the time

LOAD_FIT_MAX = 0.25  # runnable tasks a thread, over a minute: three of four threads found idle
LOAD_CAREFUL_MAX = 1.0  # runnable tasks a thread: beyond it somebody always waits for a turn

MEMORY_FIT_MAX = 0.75  # share of memory in use: under the audit profile, stamps take gigabytes of the rest
MEMORY_CAREFUL_MAX = 0.9  # share of memory in use: beyond it the kernel reclaims pages meanwhile

SWAP_FIT_MAX = 0.01  # of memory: pages put away long ago and not missed
SWAP_CAREFUL_MAX = 0.1  # of memory: beyond it the host has needed more than it has


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be read at a glance: the machine, the interpreter, the recorder's name, and both of the lab's locks."""

    host: Host
    python: Python
    recorder: str
    measuring: LockState
    quiet: LockState


@dataclass(frozen=True, slots=True)
class Watch:
    """
    What two seconds in the host's quiet have shown.

    `canary_ns` is the time of each burst; the shares are of all CPUs' time. None where the system does not count it.
    """

    calibration: Calibration
    canary_ns: tuple[float, ...]
    steal_share: float | None
    neighbours_share: float


def examine() -> Diagnosis:
    """
    Everything that can be told of this machine, in about two seconds, most of them slept through.

    Where another measurement has the host's quiet it is not disturbed: then this is what `glance` tells.
    Raises CannotMeasure with one line for a clock that stands still.
    """
    facts = _read_facts(read_host(), read_python())
    symptoms = _judged(facts)
    if facts.quiet == "free":
        with quiet(QUIET_PATIENCE_S):
            watch = _watch(choose(), MonotonicClock())
        symptoms += tuple(check(watch) for check in WATCH_CHECKS)
    return _diagnosis(symptoms)


def glance(host: Host, python: Python) -> Diagnosis:
    """What can be told of a machine from facts alone, without timing anything: a few milliseconds."""
    return _diagnosis(_judged(_read_facts(host, python)))


def _read_facts(host: Host, python: Python) -> Facts:
    return Facts(host, python, choose().name, lock_state("measuring"), lock_state("quiet"))


def _watch(recorder: Recorder, clock: Clock) -> Watch:
    try:
        calibration = calibrate(recorder)
    except ValueError as error:
        raise CannotMeasure(f"{one_line(error)}; expected one that advances every few microseconds") from None
    before, began_ns = _Spent.read(), clock.now_ns()
    bursts_ns = []
    for _ in range(BURSTS):
        clock.sleep(BURST_EVERY_S)
        bursts_ns.append(canary_ns(recorder))
    after, ended_ns = _Spent.read(), clock.now_ns()
    all_s = (psutil.cpu_count() or 1) * (ended_ns - began_ns) / SECOND_NS
    return Watch(calibration, tuple(bursts_ns), *after.shares_since(before, all_s))


@dataclass(frozen=True, slots=True)
class _Spent:
    """Seconds of CPU time since boot: at work for anybody, at work for us, and given by the hypervisor to others."""

    busy_s: float
    own_s: float
    steal_s: float | None

    @classmethod
    def read(cls) -> _Spent:
        # Of the whole system: it holds programs that we may not see, and those that came and went.
        times = psutil.cpu_times()
        busy_s = sum(getattr(times, kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq"))
        own = os.times()
        return cls(busy_s, own.user + own.system, getattr(times, "steal", None))

    def shares_since(self, before: _Spent, all_s: float) -> tuple[float | None, float]:
        """Of `all_s` seconds that all CPUs had: the share stolen, and the share that others were at work."""
        stolen = None
        if self.steal_s is not None and before.steal_s is not None:
            stolen = _share(self.steal_s - before.steal_s, all_s)
        others_s = (self.busy_s - before.busy_s) - (self.own_s - before.own_s)
        return stolen, _share(others_s, all_s)


def _share(spent_s: float, all_s: float) -> float:
    """In [0, 1], to a thousandth: time is counted in ticks, and ours on an idle host may exceed all there was."""
    return round(max(0.0, spent_s) / all_s, 3)


def _judged(facts: Facts) -> tuple[Symptom, ...]:
    return tuple(check(facts) for check in CHECKS)


def _diagnosis(symptoms: tuple[Symptom, ...]) -> Diagnosis:
    """The symptoms under the word of the worst; one that could not be looked at is no bad news."""
    order = tuple(Fitness)
    return Diagnosis(max((each.verdict for each in symptoms), key=order.index), symptoms)


def check_cpus(facts: Facts) -> Symptom:
    host = facts.host
    threads = host.usable_threads or host.threads
    if threads is None:
        return _unreadable("cpus", "Count the machine's threads yourself and leave one of them idle.")
    limit = "no limit set" if host.cgroup_cpus is None else f"limited to {say(host.cgroup_cpus, 'CPUs')}"
    found = f"{threads} of {host.threads or threads} threads usable, {limit}"
    if host.cgroup_cpus is not None and host.cgroup_cpus < CGROUP_CPUS_MIN:
        advice = "Raise the container's CPU limit to 1 at least, or remove it: below it every worker is stopped."
        return Symptom("cpus", found, Fitness.UNFIT, advice)
    if threads < THREADS_FIT_MIN:
        advice = "Give it a second thread, so that the rest of the system need not take turns with the operation."
        return Symptom("cpus", found, Fitness.CAREFUL, advice)
    if host.cgroup_cpus is not None and host.cgroup_cpus < threads:
        advice = "Use fewer workers than the limit has CPUs, or remove the limit: above it all workers are stopped."
        return Symptom("cpus", found, Fitness.CAREFUL, advice)
    return Symptom("cpus", found, Fitness.FIT)


def check_governor(facts: Facts) -> Symptom:
    governor = facts.host.governor
    if governor is None:
        return _unreadable("governor", "Ask whoever runs the host for a fixed frequency, and watch the canary.")
    verdict = Fitness.FIT if governor == GOVERNOR_FIT else Fitness.CAREFUL
    return _symptom(
        "governor", governor, verdict, "Set the governor to performance: cpupower frequency-set -g performance."
    )


def check_turbo(facts: Facts) -> Symptom:
    turbo = facts.host.turbo
    if turbo is None:
        return _unreadable("turbo", "Ask whoever runs the host whether turbo is off, and watch the canary.")
    verdict = Fitness.CAREFUL if turbo else Fitness.FIT
    return _symptom(
        "turbo",
        "on" if turbo else "off",
        verdict,
        "Turn it off in the firmware or by the driver's no_turbo or boost: speed then depends on heat no longer.",
    )


def check_hypervisor(facts: Facts) -> Symptom:
    virtual = facts.host.virtual
    if virtual is None:
        return _unreadable("hypervisor", "Find out whether this is a virtual machine before comparing it with others.")
    verdict = Fitness.CAREFUL if virtual else Fitness.FIT
    return _symptom(
        "hypervisor",
        "a virtual machine" if virtual else "none announces itself",
        verdict,
        "Measure on the metal where you can; otherwise compare only what ran side by side on this machine.",
    )


def check_container(facts: Facts) -> Symptom:
    container = facts.host.container
    verdict = Fitness.CAREFUL if container else Fitness.FIT
    return _symptom(
        "container",
        "inside one" if container else "none seen",
        verdict,
        "Compare only with runs inside the same container: its filters and limits are part of what is measured.",
    )


def check_clock_source(facts: Facts) -> Symptom:
    source = facts.host.clock_source
    if source is None:
        return _unreadable("clock source", "Go by the step and the cost of the clock, which are found by timing it.")
    verdict = Fitness.CAREFUL
    if source in CLOCK_SOURCES_FIT:
        verdict = Fitness.FIT
    elif source in CLOCK_SOURCES_UNFIT:
        verdict = Fitness.UNFIT
    return _symptom(
        "clock source",
        source,
        verdict,
        "Choose the processor's own counter, such as tsc, as current_clocksource, if the kernel finds it stable.",
    )


def check_load(facts: Facts) -> Symptom:
    load, threads = facts.host.load_average[0], facts.host.threads or 1
    return _symptom(
        "load average",
        f"{load:.2f} over a minute on {threads} threads",
        _at_most(load / threads, LOAD_FIT_MAX, LOAD_CAREFUL_MAX),
        "Wait a minute or two, or end what else is running, and look again.",
    )


def check_memory(facts: Facts) -> Symptom:
    available, total = facts.host.memory_available_bytes, facts.host.memory_bytes
    return _symptom(
        "memory",
        f"{say(available / 1e9, 'GB')} of {say(total / 1e9, 'GB')} available",
        _at_most(1 - available / total, MEMORY_FIT_MAX, MEMORY_CAREFUL_MAX),
        "End what holds memory, or measure for a shorter time, since every operation's stamps are kept.",
    )


def check_swap(facts: Facts) -> Symptom:
    used = facts.host.swap_used_bytes
    return _symptom(
        "swap",
        f"{say(used / 1e9, 'GB')} in use",
        _at_most(used / facts.host.memory_bytes, SWAP_FIT_MAX, SWAP_CAREFUL_MAX),
        "End what does not fit and empty the swap: swapoff -a, then swapon -a.",
    )


def check_recorder(facts: Facts) -> Symptom:
    return _symptom(
        "recorder",
        facts.recorder,
        Fitness.FIT if facts.recorder == "c" else Fitness.CAREFUL,
        "Install a C compiler and set the lab up again: in Python recording costs several times as much.",
    )


def check_build(facts: Facts) -> Symptom:
    optimised = facts.python.optimised_build
    if optimised is None:
        return _unreadable("python build", "Compare only with runs of the very same interpreter.")
    verdict = Fitness.FIT if optimised else Fitness.CAREFUL
    return _symptom(
        "python build",
        "optimised" if optimised else "not optimised",
        verdict,
        "Use a Python built with --enable-optimizations: without it, pure Python takes up to half as long again.",
    )


def check_gil(facts: Facts) -> Symptom:
    return _symptom(
        "gil",
        "on" if facts.python.gil else "off",
        Fitness.FIT if facts.python.gil else Fitness.CAREFUL,
        "Compare only with other runs without the lock: one worker alone is slower, several run at once.",
    )


def check_locks(facts: Facts) -> Symptom:
    states = {facts.measuring, facts.quiet}
    if "unusable" in states:
        advice = "Set BIZRA_LAB_LOCK_DIR to a folder in which this user may write, the same for all of this host."
        return Symptom("lab's locks", "this user may not open them", Fitness.UNFIT, advice)
    if "held" in states:
        untimed = "" if facts.quiet == "free" else ", so nothing was timed here"
        advice = "Wait for it to end: a measurement that is begun now waits for its turn."
        return Symptom("lab's locks", f"held by a measurement{untimed}", Fitness.CAREFUL, advice)
    return Symptom("lab's locks", "free", Fitness.FIT)


def check_clock_step(watch: Watch) -> Symptom:
    step_ns = watch.calibration.clock_step_ns
    return _symptom(
        "clock step",
        say(step_ns, "ns"),
        _at_most(step_ns, CLOCK_STEP_FIT_MAX_NS, CLOCK_STEP_CAREFUL_MAX_NS),
        "Measure only operations that take ten steps or more, or change the clock source.",
    )


def check_clock_cost(watch: Watch) -> Symptom:
    cost_ns = watch.calibration.clock_cost_ns
    return _symptom(
        "clock cost",
        f"{say(cost_ns, 'ns')} a reading",
        _at_most(cost_ns, CLOCK_COST_FIT_MAX_NS, CLOCK_COST_CAREFUL_MAX_NS),
        "Change the clock source, or measure only operations that take ten times as long as a reading.",
    )


def check_canary(watch: Watch) -> Symptom:
    fastest_ns, slowest_ns = min(watch.canary_ns), max(watch.canary_ns)
    ratio = slowest_ns / fastest_ns
    return _symptom(
        "canary",
        f"{say(fastest_ns, 'ns')} to {say(slowest_ns, 'ns')}, ×{ratio:.3f}",
        _at_most(ratio, CANARY_FIT_MAX, CANARY_CAREFUL_MAX),
        "Fix the frequency or take another host: this one changes its speed, whatever its load and steal time say.",
    )


def check_steal(watch: Watch) -> Symptom:
    if watch.steal_share is None:
        return _unreadable("steal", "Go by the canary, which also sees what the system does not count.")
    return _symptom(
        "steal",
        say(watch.steal_share, "share"),
        _at_most(watch.steal_share, STEAL_FIT_MAX, STEAL_CAREFUL_MAX),
        "Take a machine with CPUs of its own, or measure when the host's other guests sleep.",
    )


def check_neighbours(watch: Watch) -> Symptom:
    return _symptom(
        "neighbours",
        f"{say(watch.neighbours_share, 'share')} of all CPUs used by others",
        _at_most(watch.neighbours_share, NEIGHBOURS_FIT_MAX, NEIGHBOURS_CAREFUL_MAX),
        "End what else is running: it shares caches, memory and frequency with the measurement.",
    )


def _at_most(value: float, fit: float, careful: float) -> Fitness:
    """Fit up to the first limit, careful up to the second, unfit beyond."""
    if value <= fit:
        return Fitness.FIT
    return Fitness.CAREFUL if value <= careful else Fitness.UNFIT


def _symptom(name: str, found: str, verdict: Fitness, advice: str) -> Symptom:
    """A symptom with its advice, which nobody needs where all is well."""
    return Symptom(name, found, verdict, "" if verdict is Fitness.FIT else advice)


def _unreadable(name: str, advice: str) -> Symptom:
    return Symptom(name, "not readable", Fitness.UNKNOWN, advice)


CHECKS: tuple[Callable[[Facts], Symptom], ...] = (
    check_cpus,
    check_governor,
    check_turbo,
    check_hypervisor,
    check_container,
    check_clock_source,
    check_load,
    check_memory,
    check_swap,
    check_recorder,
    check_build,
    check_gil,
    check_locks,
)

WATCH_CHECKS: tuple[Callable[[Watch], Symptom], ...] = (
    check_clock_step,
    check_clock_cost,
    check_canary,
    check_steal,
    check_neighbours,
)
