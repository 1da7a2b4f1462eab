"""
Requests for Node0: the operations of this suite and of its components as tools, and what people ask of them.

Requests are made from wordings by a seed: a wording has places for values, and a phrase of courtesy around it. They are
split by wording: none of `HELD_OUT`, and none of the phrases and names that go with it, was looked at while a planner
was made. Requests of one wording are alike, so the number of wordings limits what a suite says, not that of requests.

Categories: `plain`, only what the tool needs is said; `options`, more than that; `nothing_fits`, no tool does it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bizra_lab.components._planner_cases import MAY_BE_LEFT_OUT, AcceptedCall, Case, Tool
from bizra_lab.components._planner_wordings import HELD_OUT, TUNING, Wordings

Split = Literal["tuning", "held_out"]

SEED = 20_251_019  # the suite is the same for every study, whatever the study's own seed

REQUESTS_A_WORDING: Mapping[Split, int] = {"tuning": 5, "held_out": 4}

DRAWS_MAX = 200  # for one request that is not there yet; a wording with fewer values than requests runs dry

_PLACE = re.compile(r"\{(\w+)\}")

_RUN = {"type": "string", "description": "Id of the run", "pattern": r"^\d{8}T\d{6}Z-[a-z]+-[0-9a-f]{8}$"}
_FILE = {"type": "string", "description": "Path of the file", "pattern": r"^[\w./-]+\.\w+$"}
_BREAKER = {"type": "string", "description": "Name of the circuit breaker"}
_KEY = {"type": "string", "description": "Key of the entry, like user:42", "pattern": r"^\w+(:\w+)+$"}
_BLOCK = {"type": "string", "description": "Id of the block, in hexadecimal", "pattern": r"^[0-9a-f]{12}$"}
_RELEASE = {"type": "string", "description": "Version of the release", "pattern": r"^v\d+\.\d+\.\d+$"}


def _whole(description: str, minimum: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "description": description, "minimum": minimum, **more}


def _tool(name: str, description: str, required: str = "", **properties: Mapping[str, Any]) -> Tool:
    return Tool(
        name,
        description,
        {
            "type": "object",
            "properties": properties,
            "required": required.split(),
            "additionalProperties": False,
        },
    )


TOOLS = (
    _tool(
        "run_study",
        "Run a study: execute its notebook and measure its component under a profile.",
        "study",
        study={
            "type": "string",
            "description": "Name of the study",
            "enum": ["circuit_breaker", "cache", "validation", "planner", "consensus", "attestation", "http_service"],
        },
        profile={
            "type": "string",
            "description": "How long, and by which clock",
            "enum": ["replay", "smoke", "standard", "audit"],
            "default": "smoke",
        },
    ),
    _tool(
        "audit_file",
        "Audit the results file of any load generator: may its figures be believed? Check its claims for doubt.",
        "path",
        path=_FILE,
        workers=_whole("Number of workers or connections, where the file does not say"),
    ),
    _tool("judge_gates", "Judge the gates of a run: which targets pass, fail or stay open?", "run", run=_RUN),
    _tool(
        "compare_runs",
        "Compare two runs: what changed between them, what became slower or faster?",
        "before after",
        before={**_RUN, "description": "Id of the earlier run, from which"},
        after={**_RUN, "description": "Id of the later run, to which"},
    ),
    _tool(
        "show_history",
        "Show the history of one result over past runs: its trend, and when it changed.",
        "result",
        result={"type": "string", "description": "Name of the result", "pattern": r"^[a-z_]+(\.[a-z0-9_]+)+$"},
        last=_whole("How many past runs"),
    ),
    _tool("write_report", "Write the report of a run as an HTML page to read or print.", "run", run=_RUN),
    _tool("check_machine", "Doctor: is this machine, this host, fit and quiet enough to measure on?"),
    _tool(
        "list_names",
        "List the names of everything there is of one kind.",
        "kind",
        kind={
            "type": "string",
            "description": "Which kind of thing",
            "enum": ["components", "rules", "gates", "importers", "studies", "runs"],
        },
    ),
    _tool(
        "measure_function",
        "Measure the latency of your own Python function: benchmark it, time its calls.",
        "function",
        function={"type": "string", "description": "The function, as module:name", "pattern": r"^[a-z_.]+:[a-z_]+$"},
        duration_s=_whole("How long to measure, in seconds"),
        workers=_whole("How many workers call it at the same time, threads", default=1),
        rate_per_s=_whole("Calls per second of an open load"),
    ),
    _tool("seal_run", "Seal a run: sign its evidence with an attestation of its record.", "run", run=_RUN),
    _tool(
        "verify_attestation",
        "Verify an attestation: is the seal, the signature, authentic and unaltered?",
        "path",
        path={**_FILE, "description": "Path of the attestation"},
        key={"type": "string", "description": "Path of the public key", "pattern": r"^[\w./-]+\.pub$"},
    ),
    _tool(
        "open_breaker",
        "Force a circuit breaker open by hand: trip it, so that it refuses and blocks calls to a service.",
        "breaker",
        breaker=_BREAKER,
    ),
    _tool(
        "close_breaker",
        "Close or reset a circuit breaker: let calls to a service through again.",
        "breaker",
        breaker=_BREAKER,
    ),
    _tool(
        "breaker_metrics",
        "Metrics of a circuit breaker: its state, failure rate, slow calls, and how many it refused.",
        "breaker",
        breaker=_BREAKER,
    ),
    _tool("cache_get", "Get, read or look up the value that the cache holds under a key.", "key", key=_KEY),
    _tool(
        "cache_put",
        "Put a value into the cache: store or save it under a key.",
        "key value",
        key=_KEY,
        value={"type": "string", "description": "Text to store, quoted"},
        ttl_s=_whole("Time to live, in seconds, after which it expires"),
    ),
    _tool(
        "cache_invalidate",
        "Invalidate the cache: drop, evict or clear all entries whose keys begin with a prefix.",
        "prefix",
        prefix={"type": "string", "description": "What the keys begin with", "pattern": r"^\w+:$"},
    ),
    _tool(
        "cache_hit_rate",
        "Hit rate of the cache: the share of hits and misses of one layer.",
        "layer",
        layer={"type": "string", "description": "Which layer of the cache", "enum": ["l1", "l2", "l3"]},
    ),
    _tool(
        "validate_record",
        "Validate a user's record: is the email address well formed and the age allowed?",
        "email age",
        email={"type": "string", "description": "Email address of the user", "format": "email"},
        age=_whole("Age in years", 0),
    ),
    _tool(
        "cast_vote",
        "Cast the vote of a validator for a block in an epoch of the consensus.",
        "validator block epoch",
        validator={"type": "string", "description": "Name of the validator", "pattern": r"^node-[a-z]+$"},
        block=_BLOCK,
        epoch=_whole("Number of the epoch", 0),
    ),
    _tool("chain_head", "Head of the chain: the block that the consensus agrees on now, the tip."),
    _tool(
        "block_finality",
        "Finality of a block: is it final or justified, has it reached the quorum?",
        "block",
        block=_BLOCK,
        threshold_bps={
            "type": "integer",
            "description": "Threshold of the quorum in basis points",
            "enum": [6700, 8000],
            "default": 6700,
        },
    ),
    _tool(
        "start_canary",
        "Start the canary of a release: roll it out to a percentage of the traffic for some minutes.",
        "release share_percent",
        release=_RELEASE,
        share_percent=_whole("Share of the traffic in percent", maximum=100),
        minutes=_whole("How long to watch it, in minutes"),
    ),
    _tool(
        "roll_back",
        "Roll back a release: withdraw it, undo the deployment and return to the one before.",
        "release",
        release=_RELEASE,
    ),
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A value, and how it is said."""

    value: Any
    words: str


def node0_cases(split: Split) -> tuple[Case, ...]:
    """The requests of one split, the same at every call: those of each tool, then those that no tool fits."""
    wordings = TUNING if split == "tuning" else HELD_OUT
    rng = np.random.default_rng([SEED, split == "held_out"])
    made = [*_requests(wordings, REQUESTS_A_WORDING[split], rng), *_nothing_fits(wordings, rng)]
    return tuple(
        Case(f"node0-{split}-{number:04d}", category, request, TOOLS, accepted)
        for number, (category, request, accepted) in enumerate(made)
    )


def _requests(
    wordings: Wordings, each_wording: int, rng: np.random.Generator
) -> Iterator[tuple[str, str, tuple[AcceptedCall, ...]]]:
    seen: set[str] = set()
    for tool in TOOLS:
        for wording in wordings.of_tools[tool.name]:
            for _ in range(each_wording):
                made = _new_request(tool, wording, wordings, rng, seen)
                if made is not None:
                    yield made


def _new_request(
    tool: Tool, wording: str, wordings: Wordings, rng: np.random.Generator, seen: set[str]
) -> tuple[str, str, tuple[AcceptedCall, ...]] | None:
    """A request that is not among those seen; None when the wording has no more."""
    for _ in range(DRAWS_MAX):
        said = {place: _VALUES[place](wordings, rng) for place in _PLACE.findall(wording)}
        request = _courteous(_PLACE.sub(lambda found: said[found[1]].words, wording), wordings, rng)  # noqa: B023 — called at once
        if request not in seen:
            seen.add(request)
            arguments = {_argument(place): each.value for place, each in said.items()}
            category = "plain" if set(arguments) <= set(tool.required) else "options"
            return category, request, (_accepted(tool, arguments),)
    return None


def _nothing_fits(wordings: Wordings, rng: np.random.Generator) -> Iterator[tuple[str, str, tuple[AcceptedCall, ...]]]:
    for request in wordings.nothing_fits:
        yield "nothing_fits", _courteous(request, wordings, rng), ()


def _accepted(tool: Tool, said: Mapping[str, Any]) -> AcceptedCall:
    """The call that says what was said; what has a default may be said too, where nobody said otherwise."""
    unsaid = {
        name: (schema["default"], MAY_BE_LEFT_OUT)
        for name, schema in tool.properties.items()
        if name not in said and "default" in schema
    }
    return AcceptedCall(tool.name, {name: (value,) for name, value in said.items()} | unsaid)


def _courteous(wording: str, wordings: Wordings, rng: np.random.Generator) -> str:
    """A wording that begins with a small letter is something to do: a phrase may stand before it, another behind."""
    if not wording[0].islower():
        return wording
    said = _one_of(wordings.openings, rng) + wording + _one_of(wordings.closings, rng)
    return said[0].upper() + said[1:]


def _one_of(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


# --- values, by the place in a wording where they stand


def _argument(place: str) -> str:
    """The argument that a place is for; some have several places, for each way in which it is said."""
    return _ARGUMENTS.get(place, place)


def _run(_: Wordings, rng: np.random.Generator) -> _Said:
    day, second, digest = rng.integers(1, 29), rng.integers(0, 60), rng.integers(16**8)
    profile = _one_of(("smoke", "standard", "audit"), rng)
    run = f"202510{day:02d}T{rng.integers(24):02d}{rng.integers(60):02d}{second:02d}Z-{profile}-{digest:08x}"
    return _Said(run, run)


def _block(_: Wordings, rng: np.random.Generator) -> _Said:
    block = f"{rng.integers(16**12):012x}"
    return _Said(block, block)


def _release(_: Wordings, rng: np.random.Generator) -> _Said:
    release = f"v{rng.integers(1, 9)}.{rng.integers(20)}.{rng.integers(10)}"
    return _Said(release, release)


def _key(wordings: Wordings, rng: np.random.Generator) -> _Said:
    key = f"{_one_of(wordings.things, rng)}:{rng.integers(1, 9999)}"
    return _Said(key, key)


def _prefix(wordings: Wordings, rng: np.random.Generator) -> _Said:
    prefix = f"{_one_of(wordings.things, rng)}:"
    return _Said(prefix, prefix)


def _quoted(wordings: Wordings, rng: np.random.Generator) -> _Said:
    text = f"{_one_of(wordings.words, rng)} {_one_of(wordings.words, rng)}"
    return _Said(text, f'"{text}"')


def _email(wordings: Wordings, rng: np.random.Generator) -> _Said:
    email = f"{_one_of(wordings.people, rng)}{rng.integers(100)}@{_one_of(wordings.things, rng)}.example"
    return _Said(email, email)


def _file(wordings: Wordings, rng: np.random.Generator) -> _Said:
    name = f"{_one_of(wordings.things, rng)}_{rng.integers(100)}.{_one_of(('json', 'csv', 'txt', 'parquet'), rng)}"
    path = f"{_one_of(wordings.folders, rng)}{name}"
    return _Said(path, path)


def _number(low: int, high: int) -> Callable[[Wordings, np.random.Generator], _Said]:
    def say(_: Wordings, rng: np.random.Generator) -> _Said:
        value = int(rng.integers(low, high))
        return _Said(value, str(value))

    return say


def _duration(_: Wordings, rng: np.random.Generator) -> _Said:
    """In seconds, said in seconds or minutes."""
    count = int(rng.integers(2, 60))
    if rng.integers(2):
        return _Said(count * 60, f"{count} minutes")
    return _Said(count, f"{count} {_one_of(('s', 'seconds'), rng)}")


def _percent(_: Wordings, rng: np.random.Generator) -> _Said:
    value = int(rng.integers(1, 100))
    return _Said(value, f"{value}{_one_of(('%', ' %', ' percent'), rng)}")


def _study(_: Wordings, rng: np.random.Generator) -> _Said:
    name = _one_of([*_schema_of("run_study", "study")["enum"]], rng)
    return _Said(name, name.replace("_", " ") if rng.integers(2) else name)


def _enumerated(tool: str, argument: str) -> Callable[[Wordings, np.random.Generator], _Said]:
    def say(_: Wordings, rng: np.random.Generator) -> _Said:
        value = _schema_of(tool, argument)["enum"][int(rng.integers(len(_schema_of(tool, argument)["enum"])))]
        return _Said(value, str(value))

    return say


def _schema_of(tool: str, argument: str) -> Mapping[str, Any]:
    return next(each for each in TOOLS if each.name == tool).properties[argument]


def _from_pool(pool: str, text: str = "{}") -> Callable[[Wordings, np.random.Generator], _Said]:
    def say(wordings: Wordings, rng: np.random.Generator) -> _Said:
        value = text.format(_one_of(getattr(wordings, pool), rng))
        return _Said(value, value)

    return say


def _layer(_: Wordings, rng: np.random.Generator) -> _Said:
    value = _one_of(("l1", "l2", "l3"), rng)
    return _Said(value, value.upper() if rng.integers(2) else value)


_VALUES: Mapping[str, Callable[[Wordings, np.random.Generator], _Said]] = {
    "age": _number(18, 100),
    "after": _run,
    "before": _run,
    "block": _block,
    "breaker": _from_pool("services"),
    "duration_s": _duration,
    "email": _email,
    "epoch": _number(1, 5000),
    "function": _from_pool("functions"),
    "key": _key,
    "kind": _enumerated("list_names", "kind"),
    "last": _number(2, 60),
    "layer": _layer,
    "minutes": _number(5, 240),
    "path": _file,
    "prefix": _prefix,
    "profile": _enumerated("run_study", "profile"),
    "public_key": _from_pool("things", "keys/{}.pub"),
    "rate_per_s": _number(10, 9000),
    "release": _release,
    "result": _from_pool("results"),
    "run": _run,
    "share_percent": _percent,
    "study": _study,
    "threshold_bps": _enumerated("block_finality", "threshold_bps"),
    "ttl_s": _duration,
    "validator": _from_pool("nodes", "node-{}"),
    "value": _quoted,
    "workers": _number(2, 64),
}
_ARGUMENTS = {"public_key": "key"}
