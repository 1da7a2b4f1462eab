"""
Strict YAML to frozen dataclasses, and the one canonical form that digests are taken of.

Strictness is at the door: an unknown key, a missing one, a wrong type stops the run before it starts, with the file,
the path inside it and the nearest valid name. Behind the door nothing is checked again.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import math
import re
import reprlib
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from bizra_lab.errors import SettingsError, Unreadable, nearest, one_line

T = TypeVar("T")

# A hand-written file is a few KB; beyond this it is not a settings file, and YAML is slow and greedy to parse.
SETTINGS_BYTES_MAX = 4_000_000


class _StrictLoader(yaml.SafeLoader):
    """
    The safe loader, with three of YAML 1.1's traps removed.

    A key written twice is refused, where the last would silently hold; 1e6 is a number, where it would be text; and a
    whole number is one as people write it, where 010 would be 8 and 1:30 would be 90.
    """


def _mapping_without_duplicates(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int | float | bool):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} is written twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_INT = "tag:yaml.org,2002:int"
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _INT]
    for first, resolvers in _StrictLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)
_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)


def read_yaml(path: Path) -> dict[str, Any]:
    """
    The mapping a YAML file holds, keys as strings.

    Raises Unreadable for a file that is missing, too large, not text, not YAML, or not a mapping; the line says where.
    """
    try:
        size = path.stat().st_size
        if not (path.is_file() or path.is_dir()):  # a folder says so itself, when it is read
            raise Unreadable(f"{path}: no regular file; expected a YAML file")
        if size > SETTINGS_BYTES_MAX:
            raise Unreadable(f"{path}: {size} bytes; expected a settings file of at most {SETTINGS_BYTES_MAX}")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not text ({one_line(error)}); expected UTF-8 YAML") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}; expected a YAML file") from None
    return mapping_of(parse_yaml(text, str(path)), str(path))


def parse_yaml(text: str, where: str) -> Any:
    """What a YAML text holds, by the safe loader only. Raises Unreadable with the line that does not parse."""
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Unreadable(f"{where}: {at}{one_line(Exception(error.problem or error.context or 'not YAML'))}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"{where}: not YAML ({one_line(error)})") from None


def mapping_of(value: Any, where: str) -> dict[str, Any]:
    """`value` when it is a mapping with words as keys; raises SettingsError otherwise."""
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where}: expected keys and values, got {_say(value)}")
    for key in value:
        if not isinstance(key, str):
            raise SettingsError(f"{where}: expected words as keys, got {_say(key)}")
    return dict(value)


def build(cls: type[T], raw: Any, where: str) -> T:
    """
    `raw` (what YAML gave) as a frozen dataclass of type `cls`, nested ones included.

    A field without a default must be there; a key without a field must not. An int is accepted where a float is
    expected, a bool never where a number is. `__post_init__` may raise ValueError; its sentence is passed on.

    Raises SettingsError that names `where`, the path inside, what was found and what was expected.
    """
    given = mapping_of(raw, where)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    for key in given:
        if key not in fields:
            hint = nearest(key, fields) or f"; expected one of {', '.join(fields)}"
            raise SettingsError(f"{where}.{key}: unknown setting{hint}")
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in given:
            values[name] = _convert(given[name], hints[name], f"{where}.{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SettingsError(f"{where}.{name}: missing; expected {_say_type(hints[name])}")
    try:
        return cls(**values)
    except ValueError as error:
        raise SettingsError(f"{where}: {one_line(error)}") from None


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, hint, where)
    if origin is typing.Literal:
        choices = typing.get_args(hint)
        if isinstance(value, bool) or value not in choices:
            raise SettingsError(
                f"{where}: expected one of {', '.join(map(str, choices))}, got {_say(value)}"
                f"{nearest(str(value), map(str, choices))}"
            )
        return value
    if origin is tuple:
        return _convert_tuple(value, hint, where)
    if origin in (dict, Mapping, typing.get_origin(Mapping[str, Any])):
        of = typing.get_args(hint)[1]
        return {key: _convert(each, of, f"{where}.{key}") for key, each in mapping_of(value, where).items()}
    if dataclasses.is_dataclass(hint):
        return build(typing.cast("type[Any]", hint), value, where)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        choices = tuple(each.value for each in hint)
        return hint(_convert(value, Literal[choices], where))
    return _convert_plain(value, hint, where)


def _convert_union(value: Any, hint: Any, where: str) -> Any:
    choices = typing.get_args(hint)
    if value is None and type(None) in choices:
        return None
    others = [each for each in choices if each is not type(None)]
    if len(others) == 1:
        return _convert(value, others[0], where)
    for each in others:
        try:
            return _convert(value, each, where)
        except SettingsError:
            continue
    raise SettingsError(f"{where}: expected {_say_type(hint)}, got {_say(value)}")


def _convert_tuple(value: Any, hint: Any, where: str) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SettingsError(f"{where}: expected a list, got {_say(value)}")
    of = typing.get_args(hint)[0]
    return tuple(_convert(each, of, f"{where}[{position}]") for position, each in enumerate(value))


def _convert_plain(value: Any, hint: Any, where: str) -> Any:
    wrong = SettingsError(f"{where}: expected {_say_type(hint)}, got {_say(value)}")
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise wrong
        return float(value)
    if hint is int and isinstance(value, bool):
        raise wrong
    if not isinstance(value, hint):
        raise wrong
    return value


_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxdict, _SHORT.maxlist, _SHORT.maxstring, _SHORT.maxlong, _SHORT.maxother = 3, 6, 6, 80, 80, 80


def _say(value: Any) -> str:
    # Not all of it first: a few lines of YAML aliases stand for gigabytes.
    text = _SHORT.repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _say_type(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_say_type(each) for each in typing.get_args(hint))
    if origin is typing.Literal:
        return "one of " + ", ".join(map(str, typing.get_args(hint)))
    if origin is tuple:
        return "a list"
    if hint is type(None):
        return "null"
    names = {int: "int", float: "a number", str: "text", bool: "true or false"}
    return names.get(hint, getattr(hint, "__name__", str(hint)))


def override(raw: Mapping[str, Any], assignments: Mapping[str, Any]) -> dict[str, Any]:
    """
    `raw` with dotted paths replaced: `{"load.workers": 2}` changes `raw["load"]["workers"]`.

    Whether the path exists is not asked here: `build` refuses what it does not know, with the nearest name.
    """
    changed = json.loads(json.dumps(raw, default=str)) if raw else {}
    for path, value in assignments.items():
        *parents, last = path.split(".")
        place = changed
        for parent in parents:
            child = place.get(parent)
            if not isinstance(child, dict):
                child = place[parent] = {}
            place = child
        place[last] = value
    return typing.cast("dict[str, Any]", changed)


def plain(value: Any) -> Any:
    """Dataclasses, tuples and mappings as the dicts and lists that JSON knows; field order is kept."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        return value.item()  # a numpy scalar
    return value


def canonical(value: Any) -> bytes:
    """The one byte form of a value: JSON, keys sorted, no spaces, UTF-8. Raises ValueError for NaN and infinities."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
