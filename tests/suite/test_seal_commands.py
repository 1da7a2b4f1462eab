"""The commands on seals: what they print, and the code they end with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bizra_lab import cli
from bizra_lab.components.attestation import SigningKey
from bizra_lab.evidence.keys import public_pem
from bizra_lab.study import HOME_VARIABLE
from bizra_lab.suite.keyring import ledger_path, own_public_path
from bizra_lab.suite.run_folder import runs_folder
from bizra_lab.suite.verify import intact_ledger
from tests.evidence.sealing import flip
from tests.suite.concluded import ended_run

RUN = "20260131T123456Z-replay-0123abcd"


@pytest.fixture
def lab(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab with one run that has ended, and is sealed by the command."""
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    ended_run(home, RUN)
    assert 0 == cli.main(["seal", RUN])
    return home


def test_a_sealed_run_is_authentic_and_it_is_said_by_which_key(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(["verify", RUN])
    said = capsys.readouterr().out
    assert f"{RUN}: AUTHENTIC" in said
    assert "signed with: this machine's own key" in said
    assert f"others check it with {own_public_path(lab)}" in said
    assert "ledger: entry 1 of 1" in said


def test_a_changed_run_is_not_and_the_file_is_named(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(runs_folder(lab) / RUN / "run.json", 99)
    assert 1 == cli.main(["verify", RUN])
    said = capsys.readouterr().out
    assert "run.json: changed" in said
    assert f"{RUN}: NOT AUTHENTIC" in said


def test_another_key_is_not_the_one(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lab / "other.pem").write_bytes(public_pem(SigningKey(bytes(32)).public))
    assert 1 == cli.main(["verify", RUN, "--key", str(lab / "other.pem")])
    assert "signed with: no key that is trusted" in capsys.readouterr().out


def test_a_stranger_needs_no_lab(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(runs_folder(lab) / RUN, tmp_path / "elsewhere" / RUN)
    monkeypatch.delenv(HOME_VARIABLE)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert 0 == cli.main(["verify", RUN, "--key", str(own_public_path(None))])
    assert "ledger: not looked at" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["nowhere"], [RUN, "--key", "nowhere.pem"], [RUN, "--key", f"{RUN}/pub.pem"]])
def test_what_cannot_be_read_ends_with_2(words: list[str], lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs_folder(lab))
    assert 2 == cli.main(["verify", *words])


def test_a_run_without_an_envelope_ends_with_2(lab: Path) -> None:
    (runs_folder(lab) / RUN / "attestation.json").unlink()
    assert 2 == cli.main(["verify", RUN])


def test_the_ledger_tells_of_a_run_that_is_gone(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(["verify", "ledger"])
    assert f"1 entries, root {intact_ledger(lab).mark.root}, 1 runs kept" in capsys.readouterr().out
    shutil.rmtree(runs_folder(lab) / RUN)
    assert 1 == cli.main(["verify", "ledger"])
    assert f"{RUN}: gone, or its seal is" in capsys.readouterr().out
    flip(ledger_path(lab), 400)
    assert 2 == cli.main(["verify", "ledger"])


def test_a_run_is_sealed_once(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == cli.main(["seal", RUN])
    assert "sealed at" in capsys.readouterr().err


def test_retaining_says_what_becomes_of_each_and_removes_nothing_before_its_time(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--dry-run"], []):
        assert 0 == cli.main(["retain", *words])
        assert f"{RUN}: kept, its time ends at" in capsys.readouterr().out
    assert (runs_folder(lab) / RUN).is_dir()


def test_a_hold_has_its_reason_in_the_ledger(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == cli.main(["retain", "--hold", RUN])
    assert 0 == cli.main(["retain", "--hold", RUN, "--because", "a dispute"])
    assert f"{RUN}: kept, on hold: a dispute" in capsys.readouterr().out
    assert 0 == cli.main(["retain", "--release", RUN, "--because", "settled"])
    assert intact_ledger(lab).held(RUN) is None


def test_no_command_says_the_secret(lab: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secret = (own_public_path(lab).parent / "signing_key.pem").read_text(encoding="ascii").splitlines()[1]
    for words in (["verify", RUN], ["verify", "ledger"], ["seal", RUN], ["retain", "--dry-run"], ["report", RUN]):
        cli.main(words)
    said = capfd.readouterr()
    assert secret not in said.out + said.err
    left = [path for path in lab.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert [] == left
