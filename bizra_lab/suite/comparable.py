"""
What must be the same before two measurements are compared: the policy by which they were made, and the host.

A policy is a line of words and not a digest of them, so that a refusal says what differs. It holds what a samples file
and a record both say of the way of measuring: scope, load, warm-up and recorder; of a record also the window that was
planned, which a samples file does not know. What was measured, its settings among it, is no part of it: that is what
one compares.
"""

from __future__ import annotations

from typing import Any

from bizra_lab.errors import LabError
from bizra_lab.harness.environment import Host
from bizra_lab.model import Instrument, Measurement, Record, Samples
from bizra_lab.settings import build

UNDISCLOSED = ""  # nothing is comparable with it, unless one is told to compare across it


def policy_of_samples(samples: Samples) -> str:
    """How samples were made, in words; undisclosed where nothing says which recorder made them."""
    return _policy(samples.measurement, samples.instrument, None)


def policy_of_record(record: Record) -> str:
    """How the measurement of a record was made, in words. Raises SettingsError where the record does not say."""
    content = record.content
    study = content["study"]
    measurement = build(Measurement, content["measurement"], f"{study}.measurement")
    raw = content["instrument"]
    instrument = build(Instrument, raw, f"{study}.instrument") if raw else None
    return _policy(measurement, instrument, _planned_s(content["settings"]))


def host_of_record(record: Record) -> str:
    """The fingerprint of the host of a record; undisclosed where the record does not describe one."""
    environment = record.content["environment"]
    try:
        return build(Host, environment["host"], f"{record.content['study']}.environment.host").fingerprint
    except (KeyError, TypeError, LabError):
        return UNDISCLOSED


def _planned_s(settings: Any) -> float | None:
    """For how long a study was to be measured, where it was one."""
    try:
        return float(settings["settings"]["profile"]["duration_s"])
    except (KeyError, TypeError, ValueError):
        return None


def _policy(measurement: Measurement, instrument: Instrument | None, planned_s: float | None) -> str:
    if instrument is None:
        return UNDISCLOSED
    load = measurement.load
    words: dict[str, object] = {
        "scope": measurement.scope,
        "load": load.kind,
        "workers": load.workers,
        "workers_as": load.workers_as,
    }
    if load.rate_per_s is not None:
        words |= {"rate_per_s": f"{load.rate_per_s:g}", "arrivals": load.arrivals}
    words["warmup_s"] = f"{measurement.warmup_s:g}"
    if planned_s is not None:
        words["duration_s"] = f"{planned_s:g}"
    words |= {"recorder": instrument.recorder, "policy": instrument.policy}
    return " ".join(f"{name}={value}" for name, value in words.items())
