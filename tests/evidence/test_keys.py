"""Keys in files: made once, readable by their owner alone, and as openssl writes them."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from bizra_lab.components.attestation import SigningKey
from bizra_lab.errors import SettingsError, Unreadable, Unwritable
from bizra_lab.evidence.keys import (
    KEYS_VARIABLE,
    PUBLIC_FILE,
    SECRET_FILE,
    key_folder,
    leave_public,
    own_seed,
    public_pem,
    read_public,
    trusted_publics,
)

SEED, LATER = bytes(range(32)), bytes(32)
PUBLIC = SigningKey(SEED).public


class TestTheOwnKey:
    def test_is_made_when_it_is_first_needed_and_stays(self, tmp_path: Path) -> None:
        assert SEED == own_seed(tmp_path / "keys", SEED)
        assert SEED == own_seed(tmp_path / "keys", LATER)

    def test_may_be_read_by_its_owner_alone(self, tmp_path: Path) -> None:
        own_seed(tmp_path / "keys", SEED)
        assert 0o700 == stat.S_IMODE((tmp_path / "keys").stat().st_mode)
        assert 0o600 == stat.S_IMODE((tmp_path / "keys" / SECRET_FILE).stat().st_mode)

    def test_leaves_nothing_else_behind(self, tmp_path: Path) -> None:
        own_seed(tmp_path, SEED)
        assert [SECRET_FILE] == [path.name for path in tmp_path.iterdir()]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
    def test_is_refused_when_others_may_read_or_change_it(self, mode: int, tmp_path: Path) -> None:
        own_seed(tmp_path, SEED)
        (tmp_path / SECRET_FILE).chmod(mode)
        with pytest.raises(Unreadable, match="expected a file of mode 0600"):
            own_seed(tmp_path, LATER)

    def test_is_refused_when_it_is_a_link(self, tmp_path: Path) -> None:
        own_seed(tmp_path / "elsewhere", SEED)
        (tmp_path / SECRET_FILE).symlink_to(tmp_path / "elsewhere" / SECRET_FILE)
        with pytest.raises(Unreadable, match="mode 0600"):
            own_seed(tmp_path, LATER)

    def test_is_refused_when_it_is_cut_short_and_not_shown(self, tmp_path: Path) -> None:
        own_seed(tmp_path, SEED)
        text = (tmp_path / SECRET_FILE).read_text(encoding="ascii")
        (tmp_path / SECRET_FILE).write_text(text[:60], encoding="ascii")
        with pytest.raises(Unreadable, match="not an Ed25519 private key in PEM") as refused:
            own_seed(tmp_path, LATER)
        assert text[30:60] not in str(refused.value)

    def test_needs_a_place(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(Unwritable, match="expected a place for the own key"):
            own_seed(tmp_path / "file" / "keys", SEED)

    def test_is_one_that_openssl_reads(self, tmp_path: Path) -> None:
        own_seed(tmp_path, SEED)
        words = ["openssl", "pkey", "-in", str(tmp_path / SECRET_FILE), "-pubout"]
        theirs = subprocess.run(words, capture_output=True, check=True).stdout
        assert public_pem(PUBLIC) == theirs


def test_the_folder_is_the_one_that_is_named(tmp_path: Path) -> None:
    named = {KEYS_VARIABLE: str(tmp_path / "mine"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert tmp_path / "mine" == key_folder(named, None)
    assert tmp_path / "config" / "bizra-lab" == key_folder({"XDG_CONFIG_HOME": str(tmp_path / "config")}, None)
    assert Path("~/.config/bizra-lab").expanduser() == key_folder({}, None)


def test_no_key_is_kept_where_it_could_be_committed(tmp_path: Path) -> None:
    (tmp_path / "outside").symlink_to(tmp_path / "lab" / "keys")
    for folder in (tmp_path / "lab" / "keys", tmp_path / "outside"):
        with pytest.raises(SettingsError, match="inside the lab's folder"):
            key_folder({KEYS_VARIABLE: str(folder)}, tmp_path / "lab")


def test_a_public_key_is_written_once_and_read_again(tmp_path: Path) -> None:
    path = leave_public(tmp_path, PUBLIC)
    written = path.stat().st_ino
    assert PUBLIC_FILE == path.name
    assert PUBLIC == read_public(path)
    assert written == leave_public(tmp_path, PUBLIC).stat().st_ino


def test_pinned_keys_have_the_names_of_their_files(tmp_path: Path) -> None:
    leave_public(tmp_path, PUBLIC)
    (tmp_path / "README.md").touch()
    assert {PUBLIC_FILE: PUBLIC} == trusted_publics(tmp_path)
    assert {} == trusted_publics(tmp_path / "nowhere")


def test_a_key_with_words_around_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"from the maker, by telephone\n" + public_pem(PUBLIC) + b"\n")
    assert PUBLIC == read_public(tmp_path / "key.pem")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"-----BEGIN PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n",
        public_pem(PUBLIC[:31]),
        public_pem(PUBLIC + b"\0"),
        public_pem(PUBLIC).replace(b"MCow", b"MCox"),
        b" " * 5000 + public_pem(PUBLIC),
    ],
)
def test_what_is_no_public_key_is_refused(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(text)
    with pytest.raises(Unreadable, match="not an Ed25519 public key in PEM"):
        read_public(tmp_path / "key.pem")


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read_public(tmp_path / "key.pem")
