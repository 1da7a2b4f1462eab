"""Strict settings: what is wrong is named with its place; what is right has one canonical form."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.errors import LabError, SettingsError, Unreadable
from bizra_lab.settings import build, canonical, digest, override, parse_yaml, plain, read_yaml


@dataclass(frozen=True, slots=True)
class Inner:
    rate_per_s: float = 1.0
    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, got {self.workers}")


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    kind: Literal["closed", "open"] = "closed"
    load: Inner = field(default_factory=Inner)
    quantiles: tuple[float, ...] = (0.5,)
    limit: float | tuple[float, ...] = 0.0
    seed: int | None = None
    flags: dict[str, bool] = field(default_factory=dict)


def test_nested_settings_are_built_and_ints_serve_as_numbers() -> None:
    raw = {"name": "a", "load": {"rate_per_s": 5}, "quantiles": [1, 0.5], "limit": [1, 2], "flags": {"x": True}}
    built = build(Outer, raw, "a.yaml")
    assert Outer("a", load=Inner(5.0), quantiles=(1.0, 0.5), limit=(1.0, 2.0), flags={"x": True}) == built
    assert isinstance(built.load.rate_per_s, float)


@pytest.mark.parametrize(
    ("sentence", "raw"),
    [
        ("a.yaml.load.rate_pers: unknown setting; did you mean 'rate_per_s'?", {"name": "a", "load": {"rate_pers": 1}}),
        ("a.yaml.zzz: unknown setting; expected one of name, kind", {"name": "a", "zzz": 1}),
        ("a.yaml.name: missing; expected text", {}),
        ("a.yaml.name: expected text, got 3", {"name": 3}),
        ("a.yaml.kind: expected one of closed, open, got 'opn'; did you mean 'open'?", {"name": "a", "kind": "opn"}),
        ("a.yaml.load.workers: expected int, got 'many'", {"name": "a", "load": {"workers": "many"}}),
        ("a.yaml.load.workers: expected int, got 1.5", {"name": "a", "load": {"workers": 1.5}}),
        ("a.yaml.load.workers: expected int, got True", {"name": "a", "load": {"workers": True}}),
        ("a.yaml.load.rate_per_s: expected a number, got nan", {"name": "a", "load": {"rate_per_s": float("nan")}}),
        ("a.yaml.load.rate_per_s: expected a number, got False", {"name": "a", "load": {"rate_per_s": False}}),
        ("a.yaml.load: workers must be at least 1, got -2", {"name": "a", "load": {"workers": -2}}),
        ("a.yaml.load: expected keys and values, got [1]", {"name": "a", "load": [1]}),
        ("a.yaml.quantiles: expected a list, got 'p99'", {"name": "a", "quantiles": "p99"}),
        ("a.yaml.quantiles[1]: expected a number, got 'x'", {"name": "a", "quantiles": [0.5, "x"]}),
        ("a.yaml.limit: expected a number or a list, got 'x'", {"name": "a", "limit": "x"}),
        ("a.yaml.flags.x: expected true or false, got 1", {"name": "a", "flags": {"x": 1}}),
        ("a.yaml: expected keys and values, got None", None),
        ("a.yaml: expected words as keys, got 1", {1: 2}),
    ],
)
def test_what_is_wrong_is_said_on_one_line_with_its_place(sentence: str, raw: Any) -> None:
    with pytest.raises(SettingsError) as refused:
        build(Outer, raw, "a.yaml")
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("line 1, column 9", b"a: [1, 2"),
        ("'a' is written twice", b"a: 1\na: 2\n"),
        ("not text", b"a: \xff\xfe"),
        ("expected keys and values, got None", b""),
        ("expected keys and values, got [1]", b"- 1\n"),
        ("could not determine a constructor", b"a: !!python/object/apply:os.system [echo]\n"),
        ("a key must be a plain word", b"{[1]: 2}"),
    ],
)
def test_a_file_that_is_no_plain_yaml_mapping_is_refused(text: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(LabError) as refused:
        read_yaml(path)
    assert text in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("expected", "text"), [("010", "010"), ("1:30", "1:30"), ("1_0", "1_0"), (10, "10"), (0, "0")])
def test_a_whole_number_is_one_as_people_write_it(expected: object, text: str) -> None:
    assert {"a": expected} == parse_yaml(f"a: {text}", "here")


@pytest.mark.parametrize(("expected", "text"), [(1e6, "1e6"), (1e-12, "1e-12"), (2.5e3, "2.5E+3"), (-3e2, "-3e2")])
def test_a_number_may_be_written_with_an_exponent(expected: float, text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"limit: {text}\n", encoding="utf-8")
    assert {"limit": expected} == read_yaml(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(Unreadable, match="expected a YAML file"):
            read_yaml(path)


def test_a_file_far_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(Unreadable, match="expected a settings file of at most"):
        read_yaml(path)


def test_a_bomb_of_aliases_does_not_explode_in_a_digest(tmp_path: Path) -> None:
    """Nine levels of nine references: parsed as shared lists, refused because a list is not a number."""
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SettingsError, match="unknown setting"):
        build(Outer, read_yaml(path), "bomb.yaml")


def test_a_dotted_path_replaces_one_setting_and_leaves_the_original() -> None:
    raw = {"load": {"workers": 1, "rate_per_s": 2.0}, "name": "a"}
    assert {"load": {"workers": 3, "rate_per_s": 2.0}, "name": "a"} == override(raw, {"load.workers": 3})
    assert 1 == raw["load"]["workers"]  # type: ignore[index]
    assert {"new": {"path": 1}} == override({}, {"new.path": 1})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=5))
def test_the_order_of_keys_does_not_change_the_digest(value: dict[str, Any]) -> None:
    backwards = dict(reversed(list(value.items())))
    assert digest(value) == digest(backwards)
    assert canonical(value) == canonical(plain(value))


def test_what_json_cannot_hold_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("nan")})


def test_a_pipe_is_no_settings_file_and_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    with pytest.raises(LabError, match=r"pipe\.yaml: no regular file; expected a YAML file"):
        read_yaml(pipe)
