"""A sealed run: one bit changed anywhere is refused and named, and nothing is read that was not verified."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable, Unwritable
from bizra_lab.evidence.canonical import canonical_json
from bizra_lab.evidence.dsse import ENVELOPE_BYTES_MAX, sign, write_envelope
from bizra_lab.evidence.seal import SEAL_FILES, check, is_sealed, seal, unseal
from bizra_lab.evidence.statement import PAYLOAD_TYPE, Judged, Statement
from tests.evidence.sealing import FILES, KEY, MARK, OTHER, TESTS, TRUSTED, flip, sealed_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    sealed_run(tmp_path / "run")
    return tmp_path / "run"


def named(run: Path) -> list[str]:
    """The files that something is wrong with."""
    return [problem.file for problem in check(run, TRUSTED).problems]


def named_or_unreadable(run: Path) -> list[str]:
    """The same; an envelope that is none any more is the one file that keeps all others from being looked at."""
    try:
        return named(run)
    except Unreadable as error:
        return [Path(str(error).partition(": ")[0]).name]


def test_a_sealed_run_is_authentic_and_says_what_was_sealed(run: Path) -> None:
    sealed = check(run, TRUSTED)
    assert sealed.authentic
    assert "the key" == sealed.signed_by
    assert sealed.statement is not None
    assert set(FILES) == set(sealed.statement.subjects)
    assert (TESTS, MARK) == (sealed.statement.tests, sealed.statement.ledger)
    assert len(FILES) == sealed.intact


def test_a_seal_is_six_files_and_follows_from_the_evidence_and_the_key(run: Path, tmp_path: Path) -> None:
    assert set(FILES) | SEAL_FILES == {path.name for path in run.iterdir()}
    sealed_run(tmp_path / "again")
    for name in SEAL_FILES:
        assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.parametrize("name", sorted({*FILES, *SEAL_FILES}))
def test_one_bit_changed_is_refused_and_named(name: str, run: Path) -> None:
    bits = 8 * (run / name).stat().st_size
    for position in range(0, bits, max(1, bits // 256) | 1):  # some 256, all over the file
        flip(run / name, position)
        assert [name] == named_or_unreadable(run)
        flip(run / name, position)
    assert [] == named(run)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(name: str, run: Path) -> None:
    (run / name).unlink()
    sealed = check(run, TRUSTED)
    assert [f"{name}: missing"] == [str(problem) for problem in sealed.problems]
    assert len(FILES) - 1 == sealed.intact


def test_what_was_added_is_named_whatever_it_is(run: Path) -> None:
    (run / "more.csv").touch()
    (run / ".hidden").touch()
    (run / "folder").mkdir()
    (run / "link").symlink_to(run / "gates.yaml")
    (run / "two\nlines").touch()
    os.mkfifo(run / "pipe")
    assert [".hidden", "folder", "link", "more.csv", "pipe", "two\\nlines"] == named(run)
    assert len(FILES) == check(run, TRUSTED).intact


@pytest.mark.parametrize("name", ["gates.yaml", "SHA256SUMS"])
def test_a_link_a_folder_or_a_pipe_is_not_the_file(name: str, run: Path, tmp_path: Path) -> None:
    data = (run / name).read_bytes()
    (run / name).unlink()
    (tmp_path / "copy").write_bytes(data)
    (run / name).symlink_to(tmp_path / "copy")
    assert [f"{name}: no file of its own any more"] == [str(problem) for problem in check(run, TRUSTED).problems]
    (run / name).unlink()
    (run / name).mkdir()
    assert [name] == named(run)
    (run / name).rmdir()
    os.mkfifo(run / name)  # to open one for reading could wait for ever
    assert [name] == named(run)


def test_a_key_that_the_run_brings_is_not_trusted_for_that(run: Path) -> None:
    flip(run / "gates.json", 0)
    seal(run, OTHER, TESTS, ("a.params.yaml", "gates.yaml"), MARK)
    sealed = check(run, TRUSTED)
    assert sealed.signed_by is None
    assert sealed.statement is None
    assert 0 == sealed.intact
    assert ["attestation.json"] == [problem.file for problem in sealed.problems]


def test_an_envelope_with_another_name_of_the_key_is_not_the_one_that_was_written(run: Path) -> None:
    envelope = json.loads((run / "attestation.json").read_bytes())
    envelope["signatures"][0]["keyid"] = OTHER.key_id
    (run / "attestation.json").write_bytes(canonical_json(envelope) + b"\n")
    assert ["attestation.json"] == named(run)


def test_what_the_key_signed_otherwise_is_no_statement_about_a_run(run: Path) -> None:
    for kind, payload in (("text/plain", b"{}"), (PAYLOAD_TYPE, b"{}"), (PAYLOAD_TYPE, b"not JSON")):
        (run / "attestation.json").write_bytes(write_envelope(sign(kind, payload, KEY)))
        sealed = check(run, TRUSTED)
        assert ["attestation.json"] == [problem.file for problem in sealed.problems]
        assert sealed.statement is None


def test_a_signed_name_that_leaves_the_folder_is_never_followed(run: Path) -> None:
    statement = Statement({"../secret": "aa" * 32}, Judged(), {})
    (run / "attestation.json").write_bytes(write_envelope(sign(PAYLOAD_TYPE, statement.payload(), KEY)))
    (problem,) = check(run, TRUSTED).problems
    assert "'../secret' is no plain file name" in problem.sentence


def test_an_envelope_that_is_missing_huge_or_a_link_cannot_be_read(run: Path, tmp_path: Path) -> None:
    envelope = (run / "attestation.json").read_bytes()
    (run / "attestation.json").write_bytes(envelope.rstrip() + b" " * ENVELOPE_BYTES_MAX)
    with pytest.raises(Unreadable, match="expected an envelope of at most"):
        check(run, TRUSTED)
    (run / "attestation.json").unlink()
    with pytest.raises(Unreadable, match="No such file"):
        check(run, TRUSTED)
    (tmp_path / "copy").write_bytes(envelope)
    (run / "attestation.json").symlink_to(tmp_path / "copy")
    with pytest.raises(Unreadable):
        check(run, TRUSTED)


class TestReading:
    def test_gives_what_was_verified(self, run: Path) -> None:
        assert FILES["gates.yaml"] == check(run, TRUSTED).read("gates.yaml")

    def test_gives_nothing_that_changed_after_it_was_verified(self, run: Path) -> None:
        sealed = check(run, TRUSTED)
        flip(run / "gates.yaml", 3)
        with pytest.raises(Unreadable, match="changed since it was sealed"):
            sealed.read("gates.yaml")

    @pytest.mark.parametrize("name", ["pub.pem", "../run/gates.yaml", "nothing"])
    def test_gives_nothing_that_is_no_subject(self, name: str, run: Path) -> None:
        with pytest.raises(Unreadable, match="not a file that was verified"):
            check(run, TRUSTED).read(name)

    def test_gives_nothing_of_a_run_by_nobody(self, run: Path) -> None:
        with pytest.raises(Unreadable, match="not a file that was verified"):
            check(run, {}).read("gates.yaml")


@pytest.mark.parametrize("name", ["with a space", "-rf", "é"])
def test_what_has_no_plain_name_is_not_sealed(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(Unwritable, match="expected plain files with plain names"):
        seal(tmp_path, KEY, TESTS)
    assert not is_sealed(tmp_path)


def test_links_and_folders_are_not_sealed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path)
    with pytest.raises(Unwritable, match="link: cannot be sealed"):
        seal(tmp_path / "run", KEY, TESTS)


def test_what_a_killed_writer_left_is_removed_and_not_sealed(tmp_path: Path) -> None:
    (tmp_path / ".a.json.1-1.part").touch()
    (tmp_path / "a.json").touch()
    assert ["a.json"] == list(seal(tmp_path, KEY, TESTS).subjects)


def test_a_seal_comes_off_without_a_trace(run: Path) -> None:
    assert is_sealed(run)
    unseal(run)
    assert not is_sealed(run)
    assert set(FILES) == {path.name for path in run.iterdir()}


def test_the_bundle_is_the_same_envelope_with_one_signature(run: Path) -> None:
    bundle = json.loads((run / "attestation.sigstore.json").read_bytes())
    assert "application/vnd.dev.sigstore.bundle.v0.3+json" == bundle["mediaType"]
    assert {"publicKey": {"hint": KEY.key_id}, "tlogEntries": []} == bundle["verificationMaterial"]
    assert json.loads((run / "attestation.json").read_bytes()) == bundle["dsseEnvelope"]
    assert 1 == len(bundle["dsseEnvelope"]["signatures"])
    assert (run / "statement.json").read_bytes() == base64.b64decode(bundle["dsseEnvelope"]["payload"])
