"""Validation as it is used, and as the lab measures it."""

from __future__ import annotations

import json
import pickle
import threading
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from bizra_lab.components import COMPONENTS
from bizra_lab.components._validation_corpus import DAMAGES, as_columns, as_text
from bizra_lab.components.validation import (
    PERSON,
    PLAN_LENGTH,
    Code,
    Corpus,
    Fault,
    Form,
    Integer,
    Invalid,
    Limits,
    Record,
    Settings,
    Validator,
    accepted,
    contains_at,
    draw,
    prepare,
)
from bizra_lab.errors import SettingsError
from bizra_lab.harness.clock import StepClock
from bizra_lab.model import Tally, Workload
from bizra_lab.settings import build
from tests.components.declared import ANYTHING

ANA = {"email": "ana@example.com", "age": 30, "active": True, "name": "Ana"}
FORMS: tuple[Form, ...] = ("dict", "json", "columns")


def workload(seed: int = 1, **settings: Any) -> Workload:
    return prepare(Settings(**settings), np.random.default_rng(seed), StepClock().now_ns)


def corpus(seed: int = 1) -> Corpus:
    return draw(np.random.default_rng(seed), 40)


# --- as it is used


def test_a_good_record_has_no_fault() -> None:
    assert Validator(PERSON).accepts(ANA)
    assert () == Validator(PERSON).faults(ANA)


def test_every_field_that_is_wrong_is_listed_with_its_place_its_code_and_a_sentence() -> None:
    wrong = {"email": "ana@localhost", "age": True, "active": "yes", "nick/name": "A"}
    assert not Validator(PERSON).accepts(wrong)
    assert (
        Fault(("email",), Code.MAILBOX, "expected a domain of two labels or more"),
        Fault(("age",), Code.TYPE, "expected a whole number, got true or false"),
        Fault(("active",), Code.TYPE, "expected true or false, got a text"),
        Fault(("name",), Code.MISSING, "expected a value"),
        Fault(("nick/name",), Code.UNKNOWN, "expected no field of this name"),
    ) == Validator(PERSON).faults(wrong)


@pytest.mark.parametrize(
    ("path", "pointer"),
    [((), ""), (("a", 3), "/a/3"), (("a/b", "m~n"), "/a~1b/m~0n"), (("",), "/")],
)
def test_a_place_is_a_json_pointer(path: tuple[str | int, ...], pointer: str) -> None:
    assert pointer == Fault(path, Code.TYPE, "").pointer


def test_a_json_text_is_read_as_its_record() -> None:
    assert ANA == Validator(PERSON).read(json.dumps(ANA))
    assert ANA == Validator(PERSON).read(json.dumps(ANA).encode())


def test_a_json_text_with_a_wrong_record_is_refused_with_every_fault() -> None:
    with pytest.raises(Invalid) as caught:
        Validator(PERSON).read(b'{"email": "ana@example.com", "age": 42.0, "active": 1, "name": ""}')
    assert [("/age", Code.TYPE), ("/active", Code.TYPE), ("/name", Code.LENGTH)] == [
        (fault.pointer, fault.code) for fault in caught.value.faults
    ]


@pytest.mark.parametrize("text", [b"[]", b"null", b"1", b'"x"'])
def test_a_json_text_that_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(Invalid, match=r"^record: expected an object, got"):
        Validator(PERSON).read(text)


def test_limits_of_json_texts_are_the_validators() -> None:
    with pytest.raises(Invalid, match="expected at most 20 bytes"):
        Validator(PERSON, Limits(bytes_max=20)).read(json.dumps(ANA))
    with pytest.raises(Invalid, match="expected at most 1 objects and lists inside each other"):
        Validator(PERSON, Limits(depth_max=1)).read(b'{"a": {}}')


def test_a_refusal_says_the_first_faults_and_counts_the_others() -> None:
    with pytest.raises(Invalid) as caught:
        Validator(PERSON).read(b'{"a": 1}')
    assert 5 == len(caught.value.faults)
    assert "/email: expected a value; /age: expected a value; /active: expected a value; and 2 more" == str(
        caught.value
    )


def test_no_message_repeats_a_value() -> None:
    secret = "s3cret"
    for wrong in (
        {**ANA, "email": secret},
        {**ANA, "age": secret},
        {**ANA, "active": secret},
        {**ANA, "name": [secret]},
    ):
        assert secret not in "".join(map(str, Validator(PERSON).faults(wrong)))


def test_a_polars_frame_is_columns() -> None:
    frame = pl.DataFrame([ANA, {**ANA, "age": 17}, {**ANA, "email": "ana@localhost"}])
    checked = Validator(PERSON).check(frame)
    assert [True, False, False] == checked.good.to_pylist()
    assert {1: [Code.RANGE], 2: [Code.MAILBOX]} == {
        row: [fault.code for fault in faults] for row, faults in checked.faults()
    }


def test_a_validator_and_its_refusal_can_be_sent_to_another_process() -> None:
    sent = pickle.loads(pickle.dumps(Validator(PERSON, Limits(bytes_max=20))))
    assert sent.accepts(ANA)
    assert 20 == sent.limits.bytes_max
    refusal = Invalid(Validator(PERSON).faults({}))
    assert refusal.faults == pickle.loads(pickle.dumps(refusal)).faults


def test_threads_may_share_a_validator() -> None:
    validator = Validator(PERSON)
    records = [(record, True) for record in corpus().valid] + [
        (record, False) for records in corpus().invalid.values() for record in records
    ]
    wrong: list[object] = []

    def judge() -> None:
        wrong.extend(record for record, good in records if validator.accepts(record) is not good)

    threads = [threading.Thread(target=judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == wrong


@given(ANYTHING)
def test_nothing_is_raised_of_any_value(value: object) -> None:
    validator = Validator(PERSON)
    assert validator.accepts(value) == (validator.faults(value) == ())


# --- the corpus


def test_records_of_a_corpus_are_distinct() -> None:
    drawn = corpus()
    records = [*drawn.valid, *(record for records in drawn.invalid.values() for record in records)]
    assert 2 * 16 * 40 == len({as_text(record) for record in records}) == len(records)


def test_a_damaged_record_has_one_thing_wrong() -> None:
    # A name that is missing, or one field that is not as declared.
    assert {kind: {1} for kind in DAMAGES} == {
        kind: {len(Validator(PERSON).faults(record)) for record in records}
        for kind, records in corpus().invalid.items()
    }


def test_good_records_reach_the_limits() -> None:
    valid = draw(np.random.default_rng(1)).valid
    lengths = [len(record["email"]) for record in valid]
    local_parts = [len(record["email"].partition("@")[0]) for record in valid]
    labels = [len(label) for record in valid for label in record["email"].partition("@")[2].split(".")]
    assert (254, 64, 63) == (max(lengths), max(local_parts), max(labels))
    assert {18, 120} <= {record["age"] for record in valid}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_every_form_no_damaged_record_is_accepted_and_no_good_one_refused(form: Form, seed: int) -> None:
    tallies = corpus(seed).tallies(lambda records: accepted(Validator(PERSON), form, records))
    assert Tally(0, 640) == tallies["accepted_bad"]
    assert Tally(0, 640) == tallies["rejected_good"]
    assert {Tally(0, 40)} == {tallies[f"accepted_bad.{kind}"] for kind in DAMAGES}


def test_the_reports_check_accepts_whatever_has_an_at_and_an_age() -> None:
    tallies = corpus().tallies(lambda records: map(contains_at, records))
    let_through = {kind for kind in DAMAGES if tallies[f"accepted_bad.{kind}"] == Tally(40, 40)}
    assert {
        "blank_or_control",
        "hyphen_at_edge",
        "line_feed_at_end",
        "local_part_too_long",
        "no_local_part",
        "one_label",
        "stray_dot",
        "too_old",
        "two_ats",
    } == let_through
    assert Tally(9 * 40, 640) == tallies["accepted_bad"]


def test_a_rule_that_refuses_everything_is_told_by_the_other_share() -> None:
    tallies = corpus().tallies(lambda records: [False for _ in records])
    assert (Tally(0, 640), Tally(640, 640)) == (tallies["accepted_bad"], tallies["rejected_good"])


def test_what_no_column_of_the_type_can_hold_is_null_in_it() -> None:
    table = as_columns([ANA, {**ANA, "age": "30"}, {**ANA, "age": True}, {"email": "x"}])
    assert [30, None, None, None] == table["age"].to_pylist()
    assert [True, True, True, None] == table["active"].to_pylist()


# --- as the lab measures it


def _judged(made: Workload, count: int) -> list[object]:
    return [made.operate() for _ in range(count)]


@pytest.mark.parametrize("form", ["dict", "json"])
def test_one_operation_judges_one_record_and_a_refusal_is_no_failure(form: Form) -> None:
    made = workload(form=form, invalid_share=0.25)
    refused = sum(faults != () for faults in _judged(made, PLAN_LENGTH))
    assert round(0.25 * PLAN_LENGTH) == refused
    assert made.count is not None
    assert PLAN_LENGTH == made.count()


def test_the_records_come_round_again() -> None:
    made = workload(invalid_share=0.5)
    first = _judged(made, PLAN_LENGTH)
    assert first == _judged(made, PLAN_LENGTH)
    assert any(one != other for one, other in pairwise(first))


def test_all_records_may_be_good_or_none() -> None:
    assert [()] * 50 == _judged(workload(invalid_share=0), 50)
    assert () not in _judged(workload(invalid_share=1), 50)


def test_an_operation_on_columns_judges_a_batch() -> None:
    made = workload(form="columns", batch_rows=3_000, invalid_share=0.1)
    batches = [made.operate() for _ in range(4)]
    assert [3_000] * 4 == [len(batch.good) for batch in batches]  # type: ignore[attr-defined]
    assert 1_200 == pytest.approx(sum(batch.refused for batch in batches), rel=0.02)  # type: ignore[attr-defined]
    assert "validation.columns" == made.name


def _verdicts(made: Workload, form: Form, count: int) -> list[object]:
    judged: list[Any] = _judged(made, count)
    return [each.good.to_pylist() for each in judged] if form == "columns" else judged


@pytest.mark.parametrize("form", FORMS)
def test_two_workloads_of_one_seed_judge_alike(form: Form) -> None:
    one, same, other = (_verdicts(workload(seed, form=form, batch_rows=500), form, 200) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_the_account_is_of_the_whole_corpus_whatever_was_measured() -> None:
    made = workload()
    assert made.tallies is not None
    before = made.tallies()
    _judged(made, 10)
    assert before == made.tallies()
    assert Tally(0, 8_000) == before["accepted_bad"]
    assert Tally(0, 8_000) == before["rejected_good"]
    assert 18 == len(before)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"form": "xml"}, "expected one of dict, json, columns, got 'xml'"),
        ({"invalid_share": 1.5}, "invalid_share must be a share in 0..1, got 1.5"),
        ({"batch_rows": 0}, "batch_rows must be at least 1, got 0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        build(COMPONENTS.get("validation").settings, settings, "component")


def test_a_record_may_be_declared_of_nothing() -> None:
    assert Validator(Record({})).accepts({})
    assert not Validator(Record({})).accepts({"a": 1})
    assert Validator(Record({"a": Integer()}, optional=("a",))).accepts({})
