"""Looking at a sealed run later: whose key counts, what the ledger says, and nothing drawn of what is not authentic."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bizra_lab.components.attestation import SigningKey
from bizra_lab.errors import SettingsError, Unreadable
from bizra_lab.evidence.keys import KEYS_VARIABLE, public_pem
from bizra_lab.evidence.seal import seal
from bizra_lab.evidence.statement import Judged
from bizra_lab.suite.keyring import OWN, ledger_path, own_public_path, own_signer, trusted_keys
from bizra_lab.suite.run_folder import runs_folder
from bizra_lab.suite.seal import conclude
from bizra_lab.suite.verify import find_sealed, intact_ledger, judge_again, missing_runs, report_again, verify
from tests.evidence.sealing import flip
from tests.suite.concluded import concluded, ended_run, gates_of

OTHER = SigningKey(bytes(32))


@pytest.fixture
def run(home: Path) -> Path:
    """The folder of a sealed run in its lab."""
    made = ended_run(home)
    assert "" == concluded(made, home).unsealed
    return made.folder.resolve()


def files(run: Path, home: Path | None, key: Path | None = None) -> list[str]:
    return [problem.file for problem in verify(run, home, key).problems]


def test_ones_own_run_is_authentic_by_ones_own_key_and_in_the_ledger(run: Path, home: Path) -> None:
    found = verify(run, home)
    assert found.authentic
    assert OWN == found.sealed.signed_by
    assert found.ledger.startswith("entry 1 of 1; the run is kept until ")


def test_the_key_that_lies_in_the_run_is_refused_whoever_names_it(run: Path, home: Path) -> None:
    with pytest.raises(SettingsError, match="lies in the run itself"):
        verify(run, home, run / "pub.pem")
    (run.parent.parent / "harmless.pem").symlink_to(run / "pub.pem")
    with pytest.raises(SettingsError, match="lies in the run itself"):
        verify(run, home, run.parent.parent / "harmless.pem")


class TestAStranger:
    """Has the run in another place, and a key from its maker; no key of their own."""

    @pytest.fixture
    def copy(self, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        shutil.copytree(run, tmp_path / "copy")
        shutil.copy(own_public_path(None), tmp_path / "maker.pem")
        monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "no keys"))
        return tmp_path / "copy"

    def test_verifies_with_the_makers_key(self, copy: Path) -> None:
        found = verify(copy, None, copy.parent / "maker.pem")
        assert found.authentic
        assert str(copy.parent / "maker.pem") == found.sealed.signed_by
        assert "not looked at: the run is not in its lab" == found.ledger

    def test_is_refused_with_another_key(self, copy: Path) -> None:
        (copy.parent / "other.pem").write_bytes(public_pem(OTHER.public))
        assert ["attestation.json"] == files(copy, None, copy.parent / "other.pem")

    def test_is_told_that_no_key_is_trusted(self, copy: Path) -> None:
        with pytest.raises(SettingsError, match="no key is trusted here"):
            verify(copy, None)

    def test_may_pin_the_makers_key_in_a_lab(self, copy: Path, home: Path) -> None:
        pinned = home / "params" / "trusted_keys"
        pinned.mkdir()
        shutil.copy(copy.parent / "maker.pem", pinned)
        assert "params/trusted_keys/maker.pem" == verify(copy, home).sealed.signed_by
        assert verify(copy, home).authentic


def test_a_run_sealed_elsewhere_by_a_trusted_key_need_not_be_in_our_ledger(run: Path, home: Path) -> None:
    pinned = home / "params" / "trusted_keys"
    pinned.mkdir()
    (pinned / "other.pem").write_bytes(public_pem(OTHER.public))
    foreign = runs_folder(home).resolve() / "foreign"
    foreign.mkdir()
    (foreign / "a.csv").touch()
    seal(foreign, OTHER, Judged())
    found = verify(foreign, home)
    assert found.authentic
    assert "without this run, which was sealed elsewhere" == found.ledger
    # Under the name of a run of ours it is not that run.
    shutil.rmtree(run)
    foreign.rename(run)
    assert ["attestation.json"] == files(run, home)


def test_one_bit_of_the_ledger_is_refused_and_named(run: Path, home: Path) -> None:
    flip(ledger_path(home), 999)
    assert ["ledger.json"] == files(run, home)


def test_a_ledger_that_is_gone_is_missed(run: Path, home: Path) -> None:
    ledger_path(home).unlink()
    (problem,) = verify(run, home).problems
    assert "ledger.json: gone; it had 1 entries" == str(problem)


def test_a_ledger_that_was_cut_back_is_missed_by_the_run_that_remembers_it(run: Path, home: Path) -> None:
    before = ledger_path(home).read_bytes()
    later = ended_run(home, "20260201T000000Z-replay-b")
    concluded(later, home)
    ledger_path(home).write_bytes(before)
    (problem,) = verify(later.folder.resolve(), home).problems
    assert "its 2 entries of before are not the beginning of its 1" in str(problem)


def test_a_run_sealed_again_with_the_same_key_is_not_the_one_in_the_ledger(run: Path, home: Path) -> None:
    flip(run / "circuit_breaker.samples.parquet", 12345)
    seal(run, own_signer(home), Judged())
    assert ["attestation.json"] == files(run, home)


def test_a_run_that_was_never_entered_is_told(run: Path, home: Path) -> None:
    folder = runs_folder(home).resolve() / "unknown"
    folder.mkdir()
    seal(folder, own_signer(home), Judged())
    assert ["ledger.json: has no entry for unknown"] == [str(problem) for problem in verify(folder, home).problems]


def test_a_missing_run_and_one_with_another_seal_are_told_by_the_ledger(run: Path, home: Path) -> None:
    later = ended_run(home, "20260201T000000Z-replay-b")
    concluded(later, home)
    assert () == missing_runs(intact_ledger(home), home)
    seal(later.folder, OTHER, Judged())
    shutil.rmtree(run)
    problems = missing_runs(intact_ledger(home), home)
    assert [run.name, later.id] == [problem.file for problem in problems]
    assert "gone, or its seal is" in problems[0].sentence
    assert "its seal is not the one" in problems[1].sentence


def test_a_run_is_found_by_its_id_by_latest_and_by_its_path(run: Path, home: Path) -> None:
    (run.parent / "latest").symlink_to(run.name)
    (run / "run.json").unlink()  # whoever removed it is told so by verifying
    assert [run] * 3 == [find_sealed(name, home) for name in (run.name, "latest", str(run))]
    assert run == find_sealed(str(run), None)
    with pytest.raises(Unreadable, match="no such folder"):
        find_sealed("nowhere", home)


def test_a_run_without_a_seal_cannot_be_verified(home: Path) -> None:
    concluded(ended_run(home, "20260101T000000Z-replay-a"), home)
    with pytest.raises(Unreadable, match=r"attestation\.json: No such file"):
        verify(ended_run(home).folder.resolve(), home)


def test_keys_are_named_after_why_they_are_trusted(run: Path, home: Path) -> None:
    assert [OWN] == list(trusted_keys(home, None, run))
    assert [str(own_public_path(home))] == list(trusted_keys(home, own_public_path(home), run))


class TestWhatIsDrawnLater:
    def test_of_a_sealed_run_is_drawn_elsewhere_and_the_run_left_as_it_is(self, run: Path, home: Path) -> None:
        page = report_again(run, home)
        assert home / "outputs" / "reports" / f"{run.name}.html" == page
        assert run.name in page.read_text(encoding="utf-8")
        assert verify(run, home).authentic

    def test_of_an_open_run_is_drawn_in_it(self, home: Path) -> None:
        made = ended_run(home)
        page = made.folder / "report.html"
        conclude(made, home, gates_of(home), "left open")
        page.unlink()
        assert page == report_again(made.folder, home)

    def test_of_a_run_that_is_not_authentic_is_not_drawn_nor_judged(self, run: Path, home: Path) -> None:
        flip(run / "circuit_breaker.record.json", 4000)
        with pytest.raises(Unreadable, match=r"not authentic.*circuit_breaker\.record\.json: changed"):
            report_again(run, home)
        with pytest.raises(Unreadable, match="not authentic"):
            judge_again(run, home, gates_of(home))

    def test_verdicts_are_those_that_were_sealed(self, run: Path, home: Path) -> None:
        again = judge_again(run, home, gates_of(home))
        assert "pass" == {each.gate: each.answer for each in again.verdicts}["evidence.attestation.verifies"]

    def test_the_gate_of_an_open_run_stays_open(self, home: Path) -> None:
        again = judge_again(ended_run(home).folder, home, gates_of(home))
        assert "open" == {each.gate: each.answer for each in again.verdicts}["evidence.attestation.verifies"]
