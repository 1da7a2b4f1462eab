"""What must be the same: the policy, in words, and the host."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.errors import LabError
from bizra_lab.model import Load, Record
from bizra_lab.suite.comparable import UNDISCLOSED, host_of_record, policy_of_record, policy_of_samples
from tests.suite.recorded import HOST, process, record_of


def test_a_policy_says_how_samples_were_made() -> None:
    expected = "scope=inproc load=closed workers=1 workers_as=threads warmup_s=30 recorder=c policy=1"
    assert expected == policy_of_samples(process(1e6, 1))


def test_a_policy_of_an_open_load_says_its_plan() -> None:
    samples = process(1e6, 1)
    planned = dataclasses.replace(samples.measurement, load=Load("open", 8, 500.0, "poisson", "tasks"))
    said = policy_of_samples(dataclasses.replace(samples, measurement=planned))
    assert "load=open workers=8 workers_as=tasks rate_per_s=500 arrivals=poisson" in said


def test_a_policy_of_a_record_says_the_planned_window_and_not_the_measured_one() -> None:
    assert policy_of_record(record_of(process(1e6, 1))) == policy_of_record(record_of(process(2e6, 2)))
    assert " duration_s=20 " in policy_of_record(record_of(process(1e6, 1)))
    assert " duration_s=1 " in policy_of_record(record_of(process(1e6, 1), duration_s=1.0))


def test_a_policy_is_undisclosed_where_nothing_says_which_recorder_was_used() -> None:
    samples = dataclasses.replace(process(1e6, 1), instrument=None)
    assert UNDISCLOSED == policy_of_samples(samples) == policy_of_record(record_of(samples))


def test_a_record_without_a_measurement_that_we_know_is_refused() -> None:
    content = {**record_of(process(1e6, 1)).content, "measurement": {"name": "half"}}
    with pytest.raises(LabError, match=r"half\.measurement\.scope: missing"):
        policy_of_record(Record(content, ""))


def test_a_host_is_its_fingerprint_and_not_what_it_was_doing() -> None:
    busy = dataclasses.replace(HOST, load_average=(9.0, 9.0, 9.0))
    assert HOST.fingerprint == host_of_record(record_of(process(1e6, 1), host=busy))
    other = dataclasses.replace(HOST, cpu="Skylake")
    assert HOST.fingerprint != host_of_record(record_of(process(1e6, 1), host=other))


def test_a_host_that_is_not_described_is_undisclosed() -> None:
    content = {**record_of(process(1e6, 1)).content, "environment": {"cpu": "Zen"}}
    assert UNDISCLOSED == host_of_record(Record(content, ""))
