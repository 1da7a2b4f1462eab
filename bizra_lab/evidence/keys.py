"""
Keys as files: the one this machine signs with, and those of others that somebody decided to trust.

The own key is made when it is first needed, outside of the lab's folder so that no commit can take it along, and only
its owner may read it. Nothing here prints it. Files are PEM as openssl reads and writes them (PKCS #8, SPKI; RFC 8410).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bizra_lab.errors import SettingsError, Unreadable, Unwritable, one_line
from bizra_lab.files import write_atomically

KEYS_VARIABLE = "BIZRA_LAB_KEYS"  # the folder that holds the own key, when not in the user's configuration
SECRET_FILE = "signing_key.pem"
PUBLIC_FILE = "signing_key.pub.pem"

KEY_BYTES = 32  # of an Ed25519 seed, and of a public key
KEY_FILE_BYTES_MAX = 4096  # an Ed25519 key takes 119, comments around it some more

# The DER before the key itself, the same for every Ed25519 key. Source: RFC 8410, section 10.
_SECRET_DER = bytes.fromhex("302e020100300506032b657004220420")
_PUBLIC_DER = bytes.fromhex("302a300506032b6570032100")
_SECRET_LABEL, _PUBLIC_LABEL = "PRIVATE KEY", "PUBLIC KEY"


def key_folder(environ: Mapping[str, str], lab: Path | None) -> Path:
    """
    Where the own key is: named by the environment, or `bizra-lab` in the user's configuration (XDG).

    Raises SettingsError with one line when that is inside the folder of the lab, from where it could be committed.
    """
    named = environ.get(KEYS_VARIABLE)
    settings = Path(environ.get("XDG_CONFIG_HOME") or "~/.config")
    folder = (Path(named) if named else settings / "bizra-lab").expanduser().absolute()
    if lab is not None and folder.resolve().is_relative_to(lab.resolve()):
        raise SettingsError(
            f"{folder}: inside the lab's folder; expected a place for keys outside of it ({KEYS_VARIABLE})"
        )
    return folder


def own_seed(folder: Path, fresh: bytes) -> bytes:
    """
    The 32 secret bytes of the own key; where there is none yet, `fresh` becomes it.

    Two processes that come first at once get the same. Raises Unwritable when the folder does not take it, and
    Unreadable when what is there is no key, or others than its owner may read it.
    """
    path = folder / SECRET_FILE
    if not path.exists():
        _leave_secret(path, _pem(_SECRET_LABEL, _SECRET_DER + fresh))
    try:
        status = path.lstat()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or one_line(error)}; expected the own key") from None
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077 or status.st_uid != os.geteuid():
        raise Unreadable(f"{path}: others than its owner may read it, or change it; expected a file of mode 0600")
    return _read(path, _SECRET_LABEL, _SECRET_DER)


def _leave_secret(path: Path, text: bytes) -> None:
    """Write a file that only its owner can read, and that is there whole or not at all; the first to come wins."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".") as file:  # of mode 0600
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    except OSError as error:
        raise Unwritable(f"{path}: {error.strerror or one_line(error)}; expected a place for the own key") from None


def leave_public(folder: Path, public: bytes) -> Path:
    """Write the public half beside the secret one, for handing it out; returns where it is."""
    path, text = folder / PUBLIC_FILE, public_pem(public)
    if not path.is_file() or path.read_bytes() != text:
        write_atomically(path, text)
    return path


def trusted_publics(folder: Path) -> dict[str, bytes]:
    """The public keys in `folder`, 32 bytes each by their file's name; none where there is no such folder."""
    return {path.name: read_public(path) for path in sorted(folder.glob("*.pem"))}


def public_pem(public: bytes) -> bytes:
    """A public key as a PEM file."""
    return _pem(_PUBLIC_LABEL, _PUBLIC_DER + public)


def read_public(path: Path) -> bytes:
    """The 32 bytes of a public key in a PEM file. Raises Unreadable with one line when it is none of Ed25519."""
    return _read(path, _PUBLIC_LABEL, _PUBLIC_DER)


def _pem(label: str, der: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n".encode()


def _read(path: Path, label: str, prefix: bytes) -> bytes:
    refused = Unreadable(f"{path}: not an Ed25519 {label.lower()} in PEM")
    try:
        with path.open("rb") as file:
            text = file.read(KEY_FILE_BYTES_MAX + 1).decode("ascii")
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or one_line(error)}; expected a key") from None
    except UnicodeDecodeError:
        raise refused from None
    _, begun, rest = text.partition(f"-----BEGIN {label}-----")
    body, ended, _ = rest.partition(f"-----END {label}-----")
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error:
        raise refused from None
    if not (begun and ended and der.startswith(prefix) and len(der) == len(prefix) + KEY_BYTES):
        raise refused
    return der[len(prefix) :]
