"""How a run ends: evidence sealed, verified, judged, and all of it sealed; once, and for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bizra_lab.errors import SettingsError
from bizra_lab.evidence.keys import KEYS_VARIABLE
from bizra_lab.evidence.seal import SEAL_FILES, Problem, Sealed, check, is_sealed, seal
from bizra_lab.evidence.statement import Judged, Statement
from bizra_lab.gates import Gate, Gates
from bizra_lab.model import Answer, Estimate, Unavailable
from bizra_lab.suite import seal as module
from bizra_lab.suite.keyring import ledger_path, memory_of, own_public, own_signer
from bizra_lab.suite.seal import (
    CONCLUSIONS,
    conclude,
    days_after,
    run_claim,
    sealed_at,
    verified_copy,
    verified_share,
)
from bizra_lab.suite.verdicts import judge_run
from bizra_lab.suite.verify import intact_ledger
from tests.evidence.sealing import flip
from tests.suite.concluded import NOTEBOOK, SAMPLES, concluded, ended_run, gates_of

GATE = "evidence.attestation.verifies"


def checked(folder: Path, home: Path) -> Sealed:
    key = own_public(home)
    assert key is not None
    return check(folder, {"own": key})


def test_a_run_that_ended_is_judged_and_sealed_whole(home: Path) -> None:
    run = ended_run(home)
    result = concluded(run, home)
    assert "" == result.unsealed
    sealed = checked(run.folder, home)
    assert sealed.authentic
    assert sealed.statement is not None
    copies = {"circuit_breaker.params.yaml", "gates.yaml", "replay.profile.yaml"}
    left = {NOTEBOOK, SAMPLES, "circuit_breaker.record.json", "run.json"}
    assert {*left, *copies, *CONCLUSIONS} == set(sealed.statement.subjects)
    assert copies == set(sealed.statement.configuration)
    assert (home / "params" / "gates.yaml").read_bytes() == sealed.read("gates.yaml")


def test_the_gate_on_the_attestation_is_judged_by_verifying(home: Path) -> None:
    run = ended_run(home)
    (verdict,) = [each for each in concluded(run, home).judged.verdicts if each.gate == GATE]
    assert Answer.PASS is verdict.answer
    (left,) = [
        each for each in json.loads((run.folder / "gates.json").read_bytes())["verdicts"] if each["gate"] == GATE
    ]
    assert "pass" == left["answer"]


def test_what_was_signed_says_which_audits_and_gates_passed_and_which_stayed_open(home: Path) -> None:
    run = ended_run(home)
    concluded(run, home)
    statement = checked(run.folder, home).statement
    assert statement is not None
    assert GATE in statement.tests.passed
    assert "audit.circuit_breaker" in statement.tests.warned
    assert "WARNED" == statement.tests.result


def test_a_run_is_entered_in_the_ledger_which_later_runs_remember(home: Path) -> None:
    first, second = ended_run(home, "20260101T000000Z-replay-a"), ended_run(home, "20260102T000000Z-replay-b")
    concluded(first, home)
    mark = intact_ledger(home).mark
    concluded(second, home)
    ledger = intact_ledger(home)
    assert [first.id, second.id] == [entry.run for entry in ledger.entries]
    statement = checked(second.folder, home).statement
    assert statement is not None
    assert mark == statement.ledger
    assert ledger.begins_with(mark)
    entry = ledger.sealed(second.id)
    assert entry is not None
    assert checked(second.folder, home).envelope_digest == entry.envelope
    assert days_after(entry.at, 180) == entry.keep_until


@pytest.mark.parametrize(
    ("moment", "days", "later"),
    [
        ("2026-01-31T12:34:56Z", 180, "2026-07-30T12:34:56Z"),
        ("2028-02-28T00:00:00Z", 1, "2028-02-29T00:00:00Z"),
        ("2026-12-31T23:59:59Z", 1, "2027-01-01T23:59:59Z"),
    ],
)
def test_days_are_those_of_the_calendar(moment: str, days: int, later: str) -> None:
    assert later == days_after(moment, days)


def test_a_sealed_run_is_not_concluded_again(home: Path) -> None:
    run = ended_run(home)
    concluded(run, home)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(SettingsError, match=r"sealed at .*, and not to be changed"):
        concluded(run, home)
    assert before == {path.name: path.read_bytes() for path in run.folder.iterdir()}


def test_a_run_is_sealed_for_good_once_the_ledger_has_it(home: Path) -> None:
    run = ended_run(home)
    assert sealed_at(run.folder, home) is None
    concluded(run, home)
    entry = intact_ledger(home).sealed(run.id)
    assert entry is not None
    assert entry.at == sealed_at(run.folder, home)


def test_a_run_that_was_killed_between_its_seals_is_concluded_anew(home: Path) -> None:
    run = ended_run(home)
    concluded(run, home)
    ledger_path(home).unlink()  # as if it had not come to that
    memory_of(ledger_path(home)).unlink()
    (run.folder / "gates.json").write_text("{", encoding="utf-8")
    assert "" == concluded(run, home).unsealed
    assert checked(run.folder, home).authentic


def test_a_run_that_is_left_open_has_no_seal_and_its_gate_says_why(home: Path) -> None:
    run = ended_run(home)
    result = conclude(run, home, gates_of(home), "a notebook did not run to its end")
    assert "a notebook did not run to its end" == result.unsealed
    (verdict,) = [each for each in result.judged.verdicts if each.gate == GATE]
    assert Answer.OPEN is verdict.answer
    assert "not sealed: a notebook did not run to its end" in verdict.sentence
    assert not SEAL_FILES & {path.name for path in run.folder.iterdir()}
    assert not ledger_path(home).exists()


def test_a_machine_without_a_place_for_a_key_judges_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").touch()
    monkeypatch.setenv(KEYS_VARIABLE, str(home.parent / "file" / "keys"))
    (home.parent / "file").touch()
    run = ended_run(home)
    assert "expected a place for the own key" in concluded(run, home).unsealed
    assert (run.folder / "report.html").is_file()
    assert not is_sealed(run.folder)


def test_a_run_is_not_entered_in_a_broken_ledger(home: Path) -> None:
    concluded(ended_run(home, "20260101T000000Z-replay-a"), home)
    ledger_path(home).write_bytes(ledger_path(home).read_bytes().replace(b"replay-a", b"replay-b"))
    run = ended_run(home, "20260102T000000Z-replay-b")
    assert "its entries are not those that its head was signed for" in concluded(run, home).unsealed
    assert not is_sealed(run.folder)


def test_limits_that_were_changed_after_a_run_began_are_not_sealed_with_it(home: Path) -> None:
    run = ended_run(home)
    gates = home / "params" / "gates.yaml"
    gates.write_text(gates.read_text(encoding="utf-8").replace("300000", "300"), encoding="utf-8")
    assert "limits are fixed before a run" in concluded(run, home).unsealed


def test_evidence_that_changes_between_the_seals_is_not_sealed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ended_run(home)
    judge = module._judge

    def meddling(folder: Path, *rest: object) -> object:
        flip(run.folder / SAMPLES, 8 * 100)
        return judge(folder, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_judge", meddling)
    assert f"{SAMPLES} changed while the run was sealed" in concluded(run, home).unsealed
    assert not is_sealed(run.folder)


def test_what_is_judged_and_drawn_is_the_copy_that_was_verified(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []
    judge = module._judge

    def watching(folder: Path, *rest: object) -> object:
        seen.append(folder)
        return judge(folder, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_judge", watching)
    run = ended_run(home)
    concluded(run, home)
    (folder,) = seen
    assert run.id == folder.name
    assert run.folder != folder
    assert not folder.exists()


def test_a_verified_copy_has_all_but_the_columns(home: Path) -> None:
    run = ended_run(home)
    concluded(run, home)
    sealed = checked(run.folder, home)
    assert sealed.statement is not None
    with verified_copy(sealed) as copy:
        assert set(sealed.statement.subjects) - {path.name for path in copy.iterdir()} == {SAMPLES}
        assert (run.folder / "run.json").read_bytes() == (copy / "run.json").read_bytes()


# --- what the gate is told


def found(subjects: int, intact: int, *problems: str) -> Sealed:
    statement = Statement({str(number): "" for number in range(subjects)}, Judged(), {})
    return Sealed(Path("run"), "", "own", statement, intact, tuple(Problem(each, "changed") for each in problems))


@pytest.mark.parametrize(
    ("sealed", "share", "of"),
    [
        (found(4, 4), 1.0, 4),
        (found(4, 3, "one"), 0.75, 4),
        (found(4, 4, "added"), 0.8, 5),
        (found(4, 3, "one", "pub.pem"), 0.6, 5),
        (Sealed(Path("run"), "", None, None, 0, (Problem("attestation.json", "signed with none"),)), 0.0, 1),
    ],
)
def test_the_share_that_verifies_is_exact_and_of_all_there_is(sealed: Sealed, share: float, of: int) -> None:
    assert Estimate(share, share, share, "share", of) == verified_share(sealed)


def test_a_gate_of_the_run_itself_fails_where_one_file_does_not_verify() -> None:
    gates = Gates((Gate("poi", "run.share.verified", "equals", 100, "%"),))
    answers = [
        judge_run("a run", {}, gates, run_claim(verified)).verdicts[0].answer
        for verified in (verified_share(found(4, 4)), verified_share(found(4, 3, "one")), Unavailable("not sealed"))
    ]
    assert [Answer.PASS, Answer.FAIL, Answer.OPEN] == answers


def test_a_seal_of_a_folder_that_is_no_runs_is_one_too(tmp_path: Path, home: Path) -> None:
    run = ended_run(home)
    concluded(run, home)
    key = own_signer(home)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.csv").touch()
    assert ["a.csv"] == list(seal(tmp_path / "figures", key, Judged()).subjects)
