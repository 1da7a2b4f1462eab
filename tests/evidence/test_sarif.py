"""Findings as SARIF: what the standard and a code host ask of it, and nothing of the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bizra_lab.audit import RULES
from bizra_lab.errors import Unwritable
from bizra_lab.evidence.audit_document import AuditedSource
from bizra_lab.evidence.sarif import name_inside, sarif_document, write_sarif
from bizra_lab.model import Audit, Claim, Declared, Finding, NotChecked, Weight
from bizra_lab.study import audit_source

RESULTS = Path(__file__).parents[1] / "data" / "results"
PAGES = {name: each.page for name, each in RULES.items()}


def exactly(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these properties and no other: the standard allows none that it does not name."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def several(each: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": each}


WORDS = {"type": "string", "minLength": 1}  # a host takes no empty ones
BAG = {"type": "object"}
MESSAGE = exactly({"text": WORDS})
DESCRIPTION = exactly({"text": {**WORDS, "maxLength": 1024}})  # as long as a host shows it

# What SARIF 2.1.0 requires and allows of the objects used here (sections 3.13, 3.14, 3.19, 3.27, 3.28, 3.29, 3.30,
# 3.49), and what GitHub requires beyond it.
STANDARD = exactly(
    {
        "$schema": {"type": "string", "pattern": r"^https://.*sarif-schema-2\.1\.0\.json$"},
        "version": {"const": "2.1.0"},
        "runs": several(
            exactly(
                {
                    "tool": exactly(
                        {
                            "driver": exactly(
                                {
                                    "name": WORDS,
                                    "version": WORDS,
                                    "rules": {
                                        **several(
                                            exactly(
                                                {
                                                    "id": WORDS,
                                                    "shortDescription": DESCRIPTION,
                                                    "fullDescription": DESCRIPTION,
                                                    "help": MESSAGE,
                                                }
                                            )
                                        ),
                                        "uniqueItems": True,
                                    },
                                }
                            )
                        }
                    ),
                    "results": several(
                        exactly(
                            {
                                "ruleId": WORDS,
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": MESSAGE,
                                "locations": {
                                    **several(
                                        exactly(
                                            {
                                                "physicalLocation": exactly(
                                                    {
                                                        "artifactLocation": exactly({"uri": WORDS}),
                                                        "region": exactly(
                                                            {"startLine": {"type": "integer", "minimum": 1}}
                                                        ),
                                                    }
                                                )
                                            }
                                        )
                                    ),
                                    "minItems": 1,
                                },
                                "partialFingerprints": {"type": "object", "additionalProperties": WORDS},
                            },
                            properties=BAG,
                        )
                    ),
                },
                automationDetails=exactly({"id": WORDS}),
                properties=BAG,
            )
        ),
    }
)

NOTED = Audit({"multimodal": (Finding(Weight.NOTE, "two humps"),)})
DOUBTED = Audit(
    {"too_short": (Finding(Weight.DOUBT, "19 ms"), Finding(Weight.VOID, "0 ns of warm-up")), "overlap": ()},
    {"drift": NotChecked("only a summary", False), "littles_law": NotChecked("workers undisclosed", True)},
)
REFUTED = Audit({"littles_law": (Finding(Weight.REFUTES, "98 of 50", ("latency_ns.*",)),)})


def audited(*audits: tuple[str, Audit]) -> AuditedSource:
    return AuditedSource("theirs.json", "wrk", [(Claim(name, {}, Declared()), audit) for name, audit in audits])


def run_of(source: AuditedSource, name: str = "theirs.json") -> dict[str, Any]:
    document = sarif_document(source, name, PAGES, "1.2.3")
    jsonschema.validate(document, STANDARD)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


@pytest.mark.parametrize("file", sorted(path.name for path in RESULTS.iterdir()))
def test_the_log_of_a_real_file_is_as_the_standard_and_a_host_want_it(file: str) -> None:
    run = run_of(audit_source(RESULTS / file), f"results/{file}")
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert set(rules) == set(RULES.names())
    assert {result["ruleId"] for result in run["results"]} <= set(rules)
    assert {f"results/{file}"} == {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]
    }


def test_each_finding_is_a_result_as_grave_as_it_weighs() -> None:
    run = run_of(audited(("a", NOTED), ("b", DOUBTED), ("c", REFUTED)))
    assert [
        ("multimodal", "note", "a: two humps", "validated"),
        ("too_short", "warning", "b: 19 ms", "under_audit"),
        ("too_short", "warning", "b: 0 ns of warm-up", "under_audit"),
        ("littles_law", "warning", "b: not checked: workers undisclosed", "under_audit"),
        ("littles_law", "error", "c: 98 of 50", "refuted"),
    ] == [
        (each["ruleId"], each["level"], each["message"]["text"], each["properties"]["verdict"])
        for each in run["results"]
    ]
    assert ["latency_ns.*"] == run["results"][-1]["properties"]["touches"]


def test_a_claim_is_quoted_beside_what_is_found_of_it() -> None:
    quoted = AuditedSource("a.yaml", "claims", [(Claim("a", {}, Declared(), says="13 M/s\n\x1b[31m!"), REFUTED)])
    assert {"13 M/s \N{REPLACEMENT CHARACTER}[31m!"} == {
        each["properties"]["says"] for each in run_of(quoted)["results"]
    }
    assert "says" not in run_of(audited(("a", REFUTED)))["results"][0]["properties"]


def test_the_log_says_what_made_it_of_what_and_to_what_end() -> None:
    run = run_of(audited(("c", REFUTED)), "results/theirs.json")
    assert ("bizra-lab", "1.2.3") == (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"])
    assert {"verdict": "refuted", "format": "wrk"} == run["properties"]
    assert "results/theirs.json/" == run["automationDetails"]["id"]


def test_a_rule_is_described_by_its_page() -> None:
    rules = {rule["id"]: rule for rule in run_of(audited())["tool"]["driver"]["rules"]}
    too_short = rules["too_short"]
    assert "A short run shows the machine's mood, not the component's habit." == too_short["shortDescription"]["text"]
    assert too_short["fullDescription"]["text"].startswith("Claim: the figures describe how the component runs. Reason")
    assert PAGES["too_short"] == too_short["help"]["text"]


def test_a_host_recognises_a_finding_though_its_figures_change_and_tells_alike_ones_apart() -> None:
    def fingerprints(*messages: str, name: str = "a") -> list[str]:
        audit = Audit({"too_short": tuple(Finding(Weight.DOUBT, message) for message in messages)})
        return [
            each["partialFingerprints"]["primaryLocationLineHash"] for each in run_of(audited((name, audit)))["results"]
        ]

    assert fingerprints("19 ms", "0 ns") == fingerprints("20 ms", "1 ns")
    assert 2 == len(set(fingerprints("19 ms", "19 ms")))
    assert fingerprints("19 ms") != fingerprints("19 ms", name="b")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("{{0}} of {{{{x}}}}", "{0} of {{x}}"),
        ("[here] (https://example.com)", "[here](https://example.com)"),
        ("one two", "one\n\ttwo"),
        ("red �[31m", "red \x1b[31m"),
    ],
)
def test_words_of_others_are_neither_places_nor_links_nor_lines(message: str, sentence: str) -> None:
    (result,) = run_of(audited(("a", Audit({"drift": (Finding(Weight.DOUBT, sentence),)}))))["results"]
    assert f"a: {message}" == result["message"]["text"]


def test_the_file_is_utf_8_whatever_a_claim_is_called(tmp_path: Path) -> None:
    audit = Audit({"drift": (Finding(Weight.DOUBT, "λ \ud800", ("\udfff",)),)})
    write_sarif(sarif_document(audited(("\ud800 µ", audit)), "a.json", PAGES, "1"), tmp_path / "a.sarif")
    read = json.loads((tmp_path / "a.sarif").read_bytes().decode("utf-8"))
    assert "� µ: λ �" == read["runs"][0]["results"][0]["message"]["text"]
    assert ["�"] == read["runs"][0]["results"][0]["properties"]["touches"]


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("a%20b/%C2%B5.json", "a b/µ.json"),
        ("http%3A/x%23y%3Fz%25", "http:/x#y?z%"),
        ("%FF.json", "\udcff.json"),
    ],
)
def test_the_name_of_the_file_is_a_relative_reference(uri: str, name: str) -> None:
    (result,) = run_of(audited(("a", NOTED)), name)["results"]
    assert uri == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_a_file_is_named_as_seen_from_the_folder_and_outside_of_it_by_its_name(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "results").mkdir(parents=True)
    (tmp_path / "outside.json").touch()
    (root / "results" / "real.json").touch()
    (root / "link.json").symlink_to(root / "results" / "real.json")
    (root / "out.json").symlink_to(tmp_path / "outside.json")
    assert "results/real.json" == name_inside(str(root / "results" / "real.json"), root)
    assert "results/real.json" == name_inside(str(root / "results" / ".." / "results" / "real.json"), root)
    assert "results/real.json" == name_inside(str(root / "link.json"), root)
    assert "outside.json" == name_inside(str(tmp_path / "outside.json"), root)
    assert "outside.json" == name_inside(str(root / "out.json"), root)


def test_a_relative_name_is_seen_from_where_the_audit_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "results/a.json" == name_inside("./results/a.json", tmp_path)


def test_a_place_that_takes_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match="expected a place that takes files"):
        write_sarif({}, tmp_path / "nowhere" / "a.sarif")
    assert [] == list(tmp_path.iterdir())
