"""The commands, as a shell sees them: what they print, what they leave, and how they end."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bizra_lab import cli
from bizra_lab.errors import CannotMeasure
from bizra_lab.evidence.samples_file import file_digest, write_samples
from bizra_lab.harness.quiet import FOLDER_VARIABLE
from bizra_lab.model import Diagnosis, Fitness, Symptom
from bizra_lab.study import HOME_VARIABLE
from bizra_lab.testing import clean_samples, samples_from
from tests.suite.recorded import leave_run, process, record_of

HOME = Path(__file__).parents[1]


def lay_out(home: Path) -> Path:
    """A lab with the real params and notebooks, and outputs of its own."""
    home.mkdir()
    shutil.copytree(HOME / "params", home / "params")
    shutil.copytree(HOME / "notebooks", home / "notebooks")
    return home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "lab"))
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return lay_out(tmp_path / "lab")


def shell(home: Path, *words: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, HOME_VARIABLE: str(home), FOLDER_VARIABLE: str(home.parent)}
    return subprocess.run(
        [sys.executable, "-m", "bizra_lab", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
        **kwargs,
    )


# --- a run, made once and looked at from all sides


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    home = lay_out(tmp_path_factory.mktemp("cli") / "lab")
    return home, shell(home, "run", "circuit_breaker", "--profile", "smoke", "-p", "profile.duration_s=0.3")


def latest(home: Path) -> Path:
    return (home / "outputs" / "runs" / "latest").resolve()


def test_a_smoke_run_ends_well_though_its_gates_stay_open(
    smoke: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home, done = smoke
    assert 0 == done.returncode, done.stderr
    assert "Service levels: 1 pass, 0 fail, 6 open" in done.stdout
    assert str(latest(home)) in done.stdout
    assert ["  circuit_breaker: running", "  circuit_breaker: completed"] == done.stderr.splitlines()


def test_a_run_leaves_what_is_promised_and_nothing_half_written(
    smoke: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder = latest(smoke[0])
    assert [
        "01_circuit_breaker.ipynb",
        "SHA256SUMS",
        "STATUS.md",
        "VERIFY.sh",
        "attestation.json",
        "attestation.sigstore.json",
        "circuit_breaker.params.yaml",
        "circuit_breaker.record.json",
        "circuit_breaker.samples.parquet",
        "gates.json",
        "gates.yaml",
        "pub.pem",
        "report.html",
        "run.json",
        "smoke.profile.yaml",
        "statement.json",
    ] == sorted(path.name for path in folder.iterdir())
    state = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert {"profile", "params", "git", "lock_digest", "host", "started", "finished", "jobs"} <= set(state)
    assert {"commit", "dirty"} == set(state["git"])
    assert 0.3 == state["params"]["circuit_breaker"]["settings"]["profile"]["duration_s"]
    assert ["completed"] == [job["state"] for job in state["jobs"]]
    record = json.loads((folder / "circuit_breaker.record.json").read_text(encoding="utf-8"))
    assert file_digest(folder / "circuit_breaker.samples.parquet") == record["samples"]["file"]["sha256"]
    assert record["instrument"]["recorder"] in {"c", "python"}


def test_gates_of_a_run_are_one_json_document(smoke: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    done = shell(smoke[0], "gates", "latest", "--json")
    assert 3 == done.returncode
    document = json.loads(done.stdout)
    assert {"pass": 1, "fail": 0, "open": 6} == document["counts"]
    assert document == json.loads((latest(smoke[0]) / "gates.json").read_text(encoding="utf-8"))


def test_a_record_made_before_is_judged_by_another_gates_file(
    smoke: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    spec = tmp_path / "mine.yaml"
    line = "{{id: a, of: circuit_breaker.timer.floor_ns, kind: at_most, limit: {limit}, unit: s}}"
    for code, limit in ((3, 1), (3, 1e-12)):  # in doubt, as all of a smoke run is
        spec.write_text(f"gates: [{line.format(limit=limit)}]", encoding="utf-8")
        assert code == shell(smoke[0], "gates", "latest", "--spec", str(spec)).returncode
    spec.write_text("gates: [{id: a, of: the_lab.throughput_per_s, kind: at_least, limit: 1, unit: /s}]")
    assert 0 == shell(smoke[0], "gates", "latest", "--spec", str(spec)).returncode  # that study was not run


def test_a_report_of_a_sealed_run_is_written_again_outside_of_it(
    smoke: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    done = shell(smoke[0], "report", "latest")
    page = smoke[0] / "outputs" / "reports" / f"{latest(smoke[0]).name}.html"
    assert (0, f"{page}\n") == (done.returncode, done.stdout)
    assert "data:image/png;base64," in page.read_text(encoding="utf-8")


def test_a_run_is_sealed_and_in_the_ledger(smoke: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    done = shell(smoke[0], "verify", "latest")
    assert 0 == done.returncode, done.stdout
    assert "ledger: entry 1 of 1" in done.stdout


def test_a_run_that_is_whole_has_nothing_to_resume(smoke: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    done = shell(smoke[0], "run", "--resume", "latest")
    assert 0 == done.returncode, done.stderr
    assert "" == done.stderr


def test_runs_are_listed(smoke: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert latest(smoke[0]).name in shell(smoke[0], "list", "runs").stdout.splitlines()


# --- what cannot be run


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("no study named 'circuit_braker'; did you mean 'circuit_breaker'?", ["run", "circuit_braker"]),
        ("no profile named 'smok'; did you mean 'smoke'?", ["run", "--profile", "smok"]),
        ("load.wrkers: unknown setting; did you mean 'workers'?", ["run", "-p", "load.wrkers=2"]),
        ("duration_s must be above 0, got -1", ["run", "-p", "profile.duration_s=-1"]),
        ("load.workers: expected int, got 'two'", ["run", "-p", "load.workers=two"]),
        ("-p load.workers: expected KEY=VALUE", ["run", "-p", "load.workers"]),
        ("-p load.workers: line 1", ["run", "-p", "load.workers=[1"]),
        ("no component named 'cicuit'", ["run", "circuit_breaker", "-p", "component.name=cicuit"]),
        ("No such file or directory; expected a YAML file", ["run", "the_lab", "--params", "nowhere.yaml"]),
        ("--params: expected one study beside it", ["run", "--params", "nowhere.yaml"]),
        ("no run of that name", ["gates", "20200101T000000Z-smoke-00000000"]),
        ("no run of that name", ["run", "--resume", "latest"]),
        ("no run of that name", ["report", "latest"]),
        ("expected a result file", ["audit", "nowhere.parquet"]),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    sentence: str, words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == cli.main(words)
    said = capsys.readouterr()
    assert "" == said.out
    (line,) = said.err.splitlines()
    assert line.startswith("bizra-lab: ")
    assert sentence in line
    assert not (home / "outputs").exists()


@pytest.mark.parametrize(
    ("sentence", "content"),
    [
        ("missing", "seed: 1\ncomponent: {name: known_cost}\n"),
        ("line 3, column 1", "question: a\nseed: [1\n"),
        ("expected keys and values, got None", ""),
        ("seed: expected int, got 'one'", "question: a\nseed: one\n"),
        ("not text", b"\xff\xfe\x00"),
    ],
)
def test_a_broken_params_file_is_one_line(
    sentence: str, content: str | bytes, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert 2 == cli.main(["run", "the_lab", "--params", str(path)])
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line
    assert sentence in line


def test_no_place_for_outputs_is_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "outputs").write_text("in the way", encoding="utf-8")
    assert 2 == cli.main(["run", "the_lab"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected a folder for runs" in line


def test_a_disk_without_room_fails_the_notebook_with_one_line_and_leaves_nothing_half_written(home: Path) -> None:
    """The room for one file is limited to 300 kB, which run.json fits into and the samples do not."""

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    done = shell(home, "run", "circuit_breaker", "-p", "profile.duration_s=0.5", preexec_fn=little_room)
    assert 2 == done.returncode
    line = done.stderr.splitlines()[-1]
    assert "01_circuit_breaker.ipynb, cell 11 (record = lab.record(" in line
    assert "Unwritable:" in line and "circuit_breaker.samples.parquet: " in line
    assert "Traceback" not in done.stderr + done.stdout
    left = sorted(path.name for path in latest(home).iterdir())
    assert ["01_circuit_breaker.failed.ipynb", "STATUS.md", "gates.json", "report.html", "run.json"] == left


def test_control_c_is_one_line_and_leaves_what_was_done(home: Path) -> None:
    command = [sys.executable, "-m", "bizra_lab", "run", "circuit_breaker", "-p", "profile.duration_s=60"]
    environment = {**os.environ, HOME_VARIABLE: str(home), FOLDER_VARIABLE: str(home.parent)}
    partial = ".01_circuit_breaker.running.ipynb"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        for _ in range(600):
            if (home / "outputs" / "runs" / "latest" / partial).exists():
                break
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert (130, "") == (run.returncode, out)
    assert "bizra-lab: interrupted; nothing half-written is left" == err.splitlines()[-1]
    assert "Traceback" not in err
    assert ["01_circuit_breaker.failed.ipynb", "run.json"] == sorted(path.name for path in latest(home).iterdir())
    (job,) = json.loads((latest(home) / "run.json").read_text(encoding="utf-8"))["jobs"]
    assert "interrupted" == job["state"]


def test_outside_the_lab_the_commands_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    done = subprocess.run(
        [sys.executable, "-m", "bizra_lab", "run"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert 2 == done.returncode
    assert "expected the lab's folder" in done.stderr


def test_a_reader_who_has_seen_enough_is_no_error(home: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m bizra_lab list rules | head -n 0; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


# --- what there is


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("circuit_breaker", "components"),
        ("clock_step", "rules"),
        ("evidence.circuit_breaker.p99", "gates"),
        ("the_lab", "studies"),
    ],
)
def test_what_there_is_is_listed_with_what_it_is(
    word: str, what: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == cli.main(["list", what])
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.split()[0] == word]
    assert len(line.split()) > 3


# --- the audit of a file


def audited(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = cli.main(["audit", str(path), "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


def test_the_audit_of_an_honest_file_is_validated_and_its_document_as_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "theirs.parquet"
    write_samples(clean_samples(1, workers=4), path)
    code, document = audited(path, capsys)
    assert (0, "validated") == (code, document["verdict"])
    assert {"source", "format", "verdict", "claims"} == set(document)
    assert (str(path), "samples") == (document["source"], document["format"])
    (claim,) = document["claims"]
    keys = {"name", "verdict", "results", "declared", "littles_law", "findings", "not_checked"}
    assert keys == set(claim)
    assert {"value", "low", "high", "unit", "n"} == set(claim["results"]["latency_ns.p50"])
    assert {"unavailable"} == set(claim["results"]["latency_ns.p99.99"])
    assert {"throughput_per_s", "mean_ns", "l", "workers", "ratio"} == set(claim["littles_law"])
    assert 1.0 == pytest.approx(claim["littles_law"]["ratio"], rel=5e-3)
    assert 4 == claim["declared"]["workers"] == claim["littles_law"]["workers"]
    assert [] == claim["findings"]


def test_a_refuted_file_ends_with_1_and_one_in_doubt_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = clean_samples(1, workers=2)
    one = dataclasses.replace(two.measurement, load=dataclasses.replace(two.measurement.load, workers=1))
    write_samples(dataclasses.replace(two, measurement=one), tmp_path / "hidden_worker.parquet")
    code, document = audited(tmp_path / "hidden_worker.parquet", capsys)
    assert (1, "refuted") == (code, document["verdict"])
    found = document["claims"][0]["findings"]
    assert {"littles_law"} <= {each["rule"] for each in found if each["weight"] == "refutes"}
    assert {"rule", "weight", "message", "touches"} == set(found[0])

    write_samples(samples_from(np.full(500, 1_000_000)), tmp_path / "too_short.parquet")
    code, document = audited(tmp_path / "too_short.parquet", capsys)
    assert (3, "under_audit") == (code, document["verdict"])


def test_an_audit_for_people_says_the_verdict_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_samples(clean_samples(1), tmp_path / "theirs.parquet")
    assert 0 == cli.main(["audit", str(tmp_path / "theirs.parquet")])
    assert capsys.readouterr().out.rstrip().endswith("theirs.parquet: VALIDATED")


THREE_CLAIMS = """
source: here
claims:
  - name: sound
    says: "ten at a time, a second each"
    scope: inproc
    kind: closed
    workers: 10
    throughput_per_s: "9.990"
    latency: {p50: "1.0000 s", mean: "1.0000 s"}
    operations: 1200
    duration: "120.1 s"
    warmup: "30 s"
    clock_step: "1 ns"
    hardware: a machine
  - name: too_many
    says: "a hundred of ten"
    kind: closed
    workers: 10
    throughput_per_s: "99.90"
    latency: {mean: "1.0000 s"}
  - {name: silent, throughput_per_s: 5}
"""


@pytest.fixture
def of_three_claims(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """What `audit` prints of a file of three claims, with some options, in lines."""
    (tmp_path / "three.yaml").write_text(THREE_CLAIMS)
    monkeypatch.chdir(tmp_path)

    def printed(*options: str) -> list[str]:
        assert 1 == cli.main(["audit", "three.yaml", *options])
        return capsys.readouterr().out.splitlines()

    return printed


def test_an_audit_of_several_claims_begins_with_how_each_of_them_fares(
    of_three_claims: Callable[..., list[str]],
) -> None:
    lines = of_three_claims()
    assert "three.yaml: 3 claims: 1 validated, 1 under audit, 1 refuted" == lines[0]
    assert ["claim", "sound", "too_many", "silent"] == [line.split()[0] for line in (lines[1], *lines[3:6])]
    assert ["too_many", "REFUTED", "littles_law:"] == lines[4].split()[:3]
    assert "three.yaml: REFUTED" == lines[-1]
    assert all(len(line) <= 110 for line in lines)


def test_an_audit_of_several_claims_details_those_that_are_not_validated(
    of_three_claims: Callable[..., list[str]],
) -> None:
    said = "\n".join(of_three_claims())
    assert "too_many (scope undisclosed): REFUTED\n“a hundred of ten”\n  refutes      littles_law: λ·W" in said
    assert "silent (scope undisclosed): UNDER_AUDIT" in said
    assert "sound (inproc)" not in said
    assert "Results" not in said


def test_an_audit_in_full_lists_every_claim_with_its_results_and_every_rule(
    of_three_claims: Callable[..., list[str]],
) -> None:
    said = "\n".join(of_three_claims("--full"))
    assert "sound (inproc): VALIDATED\n“ten at a time, a second each”" in said
    assert 3 == said.count("\nResults\n")
    assert 3 == said.count("\nratio_arithmetic")


def test_what_is_said_in_the_document_of_an_audit_does_not_change_with_what_is_printed(
    of_three_claims: Callable[..., list[str]],
) -> None:
    assert of_three_claims("--json") == of_three_claims("--json", "--full")


def test_an_audit_of_one_claim_shows_its_results_and_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_samples(samples_from(np.full(500, 1_000_000)), tmp_path / "short.parquet")
    assert 3 == cli.main(["audit", str(tmp_path / "short.parquet")])
    brief = capsys.readouterr().out
    assert "\nResults\n" in brief and "  doubt        too_short: " in brief
    assert "rules found nothing" in brief and "found nothing\n" not in brief
    cli.main(["audit", str(tmp_path / "short.parquet"), "--full"])
    assert "bandwidth" in capsys.readouterr().out


# --- the lab itself


def test_the_lab_opens_on_its_first_notebook_on_loopback_with_its_token(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun: list[list[str]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execv", lambda program, words: begun.append([program, *words]))
    cli.main(["lab", "--no-browser"])
    ((program, *words),) = begun
    assert sys.executable == program == words[0]
    assert "--ip=127.0.0.1" in words
    assert "--LabApp.default_url=/lab/tree/notebooks/00_the_lab.ipynb" in words
    assert not any("token" in word or "password" in word for word in words)
    assert "--no-browser" == words[-1]
    assert home == Path.cwd()


# --- the machine


@pytest.mark.parametrize(
    ("code", "verdict"), [(0, Fitness.FIT), (1, Fitness.UNFIT), (3, Fitness.CAREFUL), (2, Fitness.UNKNOWN)]
)
def test_a_machine_is_told_as_a_table_or_as_one_document_and_by_the_exit_code(
    code: int, verdict: Fitness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    symptom = Symptom("governor", "powersave", verdict, "Set it to performance.")
    monkeypatch.setattr("bizra_lab.harness.doctor.examine", lambda: Diagnosis(verdict, (symptom,)))
    assert code == cli.main(["doctor"])
    first, *_, last = capsys.readouterr().out.splitlines()
    assert f"This machine: {verdict.value.upper()}" == first
    assert ["governor", verdict.value, "powersave", "Set", "it", "to", "performance."] == last.split()

    assert code == cli.main(["doctor", "--json"])
    assert {
        "word": verdict.value,
        "symptoms": [
            {"name": "governor", "found": "powersave", "verdict": verdict.value, "advice": "Set it to performance."}
        ],
    } == json.loads(capsys.readouterr().out)


def test_a_machine_that_could_not_be_looked_at_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def examine() -> Diagnosis:
        raise CannotMeasure("the clock did not advance in 20000 readings")

    monkeypatch.setattr("bizra_lab.harness.doctor.examine", examine)
    assert 2 == cli.main(["doctor", "--json"])
    assert ("", "bizra-lab: the clock did not advance in 20000 readings\n") == capsys.readouterr()


def test_a_run_says_what_its_machine_was_like_at_a_glance(
    smoke: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    told = json.loads((latest(smoke[0]) / "run.json").read_text(encoding="utf-8"))["doctor"]
    assert told["word"] in {"fit", "careful", "unfit"}
    names = {each["name"] for each in told["symptoms"]}
    assert {"governor", "load average", "lab's locks"} <= names
    assert "canary" not in names


# --- a function of one's own


def test_a_function_is_measured_audited_and_left_in_a_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def half(n): return n / 2\ndef numbers(): return range(9)\n", encoding="utf-8")
    words = [
        "mine:half",
        "--arguments",
        "mine:numbers",
        "--warmup",
        "0.05",
        "--duration",
        "0.1",
        "--out",
        "half.parquet",
    ]
    done = shell(home, "measure", *words, "--json", cwd=tmp_path)
    assert 3 == done.returncode, done.stderr
    document = json.loads(done.stdout)
    assert ("mine:half", "measured", "under_audit") == (document["source"], document["format"], document["verdict"])
    assert 1.0 == document["claims"][0]["results"]["share.ok"]["value"]
    again = shell(home, "audit", "half.parquet", "--json", cwd=tmp_path)
    assert document["claims"][0]["results"] == json.loads(again.stdout)["claims"][0]["results"]


def test_what_a_measured_function_prints_is_not_in_the_way(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def talk(): print('x' * 1_000_000)\n", encoding="utf-8")
    done = shell(home, "measure", "mine:talk", "--warmup", "0", "--duration", "0.1", cwd=tmp_path)
    assert 3 == done.returncode, done.stderr
    assert len(done.stdout) < 10_000
    assert "mine:talk: UNDER_AUDIT" == done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["json:dmps"], "json:dmps: json has no dmps; did you mean 'dumps'?"),
        (["time:sleep", "--arrivals", "poisson"], "--arrivals: a closed load has none; expected --rate too"),
        (["asyncio:sleep", "--as", "threads"], "asyncio:sleep: is a coroutine function; expected workers_as tasks"),
        (["json:dumps", "--rate", "9", "--as", "processes"], "json:dumps: an open load is made by threads or tasks"),
    ],
)
def test_what_cannot_be_measured_is_one_line(home: Path, words: list[str], message: str) -> None:
    done = shell(home, "measure", *words, "--warmup", "0", "--duration", "0.1")
    assert 2 == done.returncode
    assert "" == done.stdout
    assert done.stderr.startswith(f"bizra-lab: {message}")
    assert 1 == len(done.stderr.splitlines())


@pytest.mark.parametrize("words", [["--workers", "0"], ["--rate", "0"], ["--warmup", "-1"], ["--duration", "nan"]])
def test_options_of_a_measurement_are_checked_at_the_door(home: Path, words: list[str]) -> None:
    done = shell(home, "measure", "json:dumps", *words)
    assert 2 == done.returncode
    assert f"argument {words[0]}: expected a number" in done.stderr


# --- runs against runs, and over time


def leave_levels(home: Path, letter: str, levels_ns: list[float]) -> None:
    for each, level_ns in enumerate(levels_ns):
        leave_run(home, f"2026010{each + 1}-{letter}", record_of(process(level_ns, ord(letter) + each)))


@pytest.mark.parametrize(
    ("code", "word", "level_ns"), [(0, "EQUIVALENT", 1e6), (0, "BETTER", 0.8e6), (1, "WORSE", 1.3e6)]
)
def test_a_comparison_ends_by_its_worst_answer(code: int, word: str, level_ns: float, home: Path) -> None:
    leave_levels(home, "a", [1e6] * 5)
    leave_levels(home, "b", [level_ns] * 5)
    done = shell(home, "compare", "*-a", "*-b", "--of", "latency_ns.mean", "--of", "throughput_per_s", "--margin", "6%")
    assert code == done.returncode, done.stderr
    assert done.stdout.endswith(f": {word}\n")


def test_one_run_against_one_cannot_be_told_and_is_one_json_document(home: Path) -> None:
    leave_levels(home, "a", [1e6, 2e6])
    done = shell(home, "compare", "20260101-a", "20260102-a", "--json", "--margin", "0.1", "--confidence", "90%")
    assert 3 == done.returncode, done.stderr
    document = json.loads(done.stdout)
    assert ("open", 0.1, 0.9) == (document["verdict"], document["margin"], document["confidence"])
    assert ["20260101-a"] == document["old"]


def test_samples_files_are_compared_outside_a_lab_once_their_host_is_vouched_for(tmp_path: Path) -> None:
    for level_ns in (1_000_000, 2_000_000):
        write_samples(process(level_ns, 1, name="mine"), tmp_path / f"{level_ns}.parquet")
    words = ["compare", "1000000.parquet", "2000000.parquet"]
    refused = shell(tmp_path / "no lab", *words, cwd=tmp_path)
    assert (2, "") == (refused.returncode, refused.stdout)
    assert "expected the same, or to be told to compare across host" in refused.stderr
    assert 1 == len(refused.stderr.splitlines())
    told = shell(tmp_path / "no lab", *words, "--across", "host", cwd=tmp_path)
    assert 3 == told.returncode, told.stderr
    assert "1 and 1 processes cannot be compared; it needs 3 on each side" in told.stdout


@pytest.mark.parametrize("margin", ["0", "100%", "-1", "five"])
def test_a_margin_is_checked_at_the_door(margin: str, home: Path) -> None:
    done = shell(home, "compare", "a", "b", f"--margin={margin}")
    assert 2 == done.returncode
    assert "argument --margin: expected a" in done.stderr


def test_a_history_shows_where_a_result_changed_and_names_what_it_leaves_out(home: Path) -> None:
    leave_levels(home, "a", [1e6] * 4 + [1.5e6] * 4)
    leave_run(home, "20251231-broken")
    done = shell(home, "history", "half.latency_ns.mean")
    assert 0 == done.returncode
    assert "bizra-lab: 20251231-broken: left out: " in done.stderr
    (changed,) = [line for line in done.stdout.splitlines() if "(p = " in line]
    assert changed.startswith("20260105-a")
    document = json.loads(shell(home, "history", "half.latency_ns.mean", "--last", "3", "--json").stdout)
    assert ["20260106-a", "20260107-a", "20260108-a"] == [each["run"] for each in document["runs"]]


def test_a_history_without_a_name_lists_the_names_there_are(home: Path) -> None:
    leave_levels(home, "a", [1e6, 1e6])
    done = shell(home, "history")
    assert 0 == done.returncode
    assert ["half.latency_ns.mean", "in", "2"] in [line.split() for line in done.stdout.splitlines()]
    document = json.loads(shell(home, "history", "--json").stdout)
    assert (2, []) == (document["names"]["half.latency_ns.mean"], document["left_out"])
    unknown = shell(home, "history", "half.latency_ns.meen")
    assert 2 == unknown.returncode
    assert "did you mean 'half.latency_ns.mean'?" in unknown.stderr


# --- the findings of an audit, left in files

PRINTED = HOME / "tests" / "data" / "results" / "hyperfine_true.json"


def test_findings_and_sarif_are_left_beside_the_audit_and_name_the_file_as_seen_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results").mkdir()
    shutil.copy(PRINTED, tmp_path / "results" / "theirs.json")
    monkeypatch.chdir(tmp_path)
    words = ["audit", str(tmp_path / "results" / "theirs.json"), "--findings", "findings.md", "--sarif", "theirs.sarif"]
    assert 3 == cli.main([*words, "--json"])
    assert "under_audit" == json.loads(capsys.readouterr().out)["verdict"]
    findings = (tmp_path / "findings.md").read_text(encoding="utf-8")
    assert "`results/theirs.json`, read as `hyperfine`: 0 to ship, 1 not to ship." in findings
    assert "**Settled by:** it takes 20, so 40 operations." in findings
    log = (tmp_path / "theirs.sarif").read_text(encoding="utf-8")
    run = json.loads(log)["runs"][0]
    assert importlib.metadata.version("bizra-lab") == run["tool"]["driver"]["version"]
    assert "results/theirs.json" == run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= {each["ruleId"] for each in run["results"]}
    assert str(tmp_path) not in findings + log
    assert ["findings.md", "results", "theirs.sarif"] == sorted(path.name for path in tmp_path.iterdir())


def test_files_of_findings_change_neither_what_is_printed_nor_how_it_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 3 == cli.main(["audit", str(PRINTED)])
    alone = capsys.readouterr()
    assert 3 == cli.main(["audit", str(PRINTED), "--sarif", str(tmp_path / "a.sarif")])
    assert alone == capsys.readouterr()


@pytest.mark.parametrize("option", ["--findings", "--sarif"])
def test_findings_never_replace_what_is_audited(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = Path(shutil.copy(PRINTED, tmp_path / "theirs.json"))
    (tmp_path / "link.json").symlink_to(theirs)
    for file in (theirs, tmp_path / "link.json"):
        assert 2 == cli.main(["audit", str(theirs), option, str(file)])
        said = capsys.readouterr()
        assert ("", f"bizra-lab: {option}: {file} is what is audited; expected another file\n") == (said.out, said.err)
    assert PRINTED.read_bytes() == theirs.read_bytes()


def test_two_kinds_of_findings_do_not_fit_into_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "a")
    assert 2 == cli.main(["audit", str(PRINTED), "--findings", file, "--sarif", file])
    assert f"bizra-lab: --sarif: {file} is for --findings; expected another file\n" == capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_findings_that_cannot_be_left_are_one_line_and_nothing_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == cli.main(["audit", str(PRINTED), "--sarif", str(tmp_path / "nowhere" / "a.sarif")])
    said = capsys.readouterr()
    assert "" == said.out
    (line,) = said.err.splitlines()
    assert line.endswith("expected a place that takes files")


def test_runs_of_several_machines_are_merged_into_a_summary_that_audit_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"{seed}.parquet" for seed in (1, 2)]
    for seed, file in enumerate(files):
        write_samples(clean_samples(seed, n=5_000), file)
    out = tmp_path / "both.summary"
    assert 0 == cli.main(["merge", *map(str, files), "--out", str(out), "--json"])
    merged = json.loads(capsys.readouterr().out)
    assert 10_000 == merged["results"]["throughput_per_s"]["n"]
    assert 3 == cli.main(["audit", str(out)])
    assert 2 == cli.main(["merge", str(files[0]), str(files[0]), "--out", str(tmp_path / "twice.summary")])
    assert not (tmp_path / "twice.summary").exists()
