"""
Whose seals are believed: this machine's own key, keys pinned in the lab, and one that is named on the spot.

A key becomes trusted by a deed: it was made here, it was put into `params/trusted_keys/`, or somebody named it. A key
that lies in the folder of a run is none of these, whatever it is called.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from bizra_lab.components.attestation import SEED_BYTES, SigningKey, VerifyingKey
from bizra_lab.errors import SettingsError
from bizra_lab.evidence.keys import PUBLIC_FILE, key_folder, leave_public, own_seed, read_public, trusted_publics

OWN = "this machine's own key"


def own_signer(home: Path) -> SigningKey:
    """
    The key this machine signs with, made when there is none, its public half beside it for handing out.

    Raises LabError with one line when there is no place for it, or others than its owner can read it.
    """
    folder = key_folder(os.environ, home)
    key = SigningKey(own_seed(folder, secrets.token_bytes(SEED_BYTES)))
    leave_public(folder, key.public)
    return key


def own_public(home: Path | None) -> VerifyingKey | None:
    """The public half of the key this machine signs with; None where none was made."""
    path = own_public_path(home)
    return VerifyingKey(read_public(path)) if path.is_file() else None


def own_public_path(home: Path | None) -> Path:
    """Where the public half of this machine's key is, for handing out."""
    return key_folder(os.environ, home) / PUBLIC_FILE


def trusted_keys(home: Path | None, named: Path | None, run: Path) -> dict[str, VerifyingKey]:
    """
    The keys that a seal of `run` may be by, each under the name that says why it is trusted.

    With a `named` key file it alone; else this machine's own and those pinned in `params/trusted_keys/`. Raises
    SettingsError with one line when there is none, or when the named one lies in the run.
    """
    if named is not None:
        if named.resolve().is_relative_to(run.resolve()):
            raise SettingsError(f"--key: {named} lies in the run itself; expected a key had by another way")
        return {str(named): VerifyingKey(read_public(named))}
    found = {} if home is None else trusted_publics(home / "params" / "trusted_keys")
    trusted = {f"params/trusted_keys/{name}": VerifyingKey(public) for name, public in found.items()}
    own = own_public(home)
    if own is not None:
        trusted = {OWN: own, **trusted}
    if not trusted:
        raise SettingsError("no key is trusted here; expected --key, or keys in params/trusted_keys/")
    return trusted


def ledger_path(home: Path) -> Path:
    """Where the lab's ledger of runs is."""
    return home / "outputs" / "ledger.json"


def memory_of(ledger: Path) -> Path:
    """Where the newest head of a ledger is remembered: beside the key, so not where the ledger could be cut short."""
    name = hashlib.sha256(os.fsencode(ledger.resolve())).hexdigest()[:32]
    return key_folder(os.environ, None) / "ledgers" / f"{name}.json"
