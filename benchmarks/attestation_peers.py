"""Attestations: Ed25519 of the libraries on PyPI, what an envelope adds to a signature, and what a seal costs a run."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nacl.signing
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer._crypto_signer import CryptoSigner

from benchmarks._results import Table
from bizra_lab.components.attestation import SigningKey, VerifyingKey
from bizra_lab.evidence.dsse import read_envelope, sign, signed_by, write_envelope
from bizra_lab.evidence.merkle import leaf_hash, root
from bizra_lab.evidence.seal import check, seal
from bizra_lab.evidence.statement import PAYLOAD_TYPE, Judged, Statement

ROUNDS = 31
CALLS = 200  # a round: 5 ms at the fastest
SEALING_ROUNDS = 7
SUBJECTS = 30  # files of a run of ten studies
LEAVES = 100_000
SAMPLES_BYTES = 100_000_000  # of an audit of 120 s at 400,000 operations/s

BARE = "pynacl"  # the library that ours stands on
TITLE = "Attestation: what a signature and a seal cost"
EXPLAIN = f"""\
The message is the statement about a run of {SUBJECTS} files. Each library is timed one after the other in {ROUNDS}
rounds of {CALLS} calls, each beginning with another one, garbage collection off; the figures are the median round's.
`times {BARE}` is the rate over that of the bare library, the median of the ratios within rounds; for the envelope it is
over the bare signature, so that what is missing to 1 is what the envelope costs: pre-authentication encoding, base64,
canonical JSON. securesystemslib signs with `cryptography`.

The tree is over {LEAVES:,} leaves of 64 bytes, hashed to the root. Sealing and verifying a run of {SUBJECTS} files, one
of {SAMPLES_BYTES / 1e6:.0f} MB, hashes them all, and sealing waits for six files to be on the disk: medians of
{SEALING_ROUNDS} rounds."""

COLUMNS = ("what", "by", "µs", "per s", f"times {BARE}")

SEED = bytes(range(32))


def run() -> Table:
    """One row for each operation and library: µs an operation, operations per second, and the ratio of rates."""
    gc.collect()
    gc.disable()
    try:
        rows = [
            *_rows("sign", _timed(_signing())),
            *_rows("verify", _timed(_verifying())),
            *_rows("sign, in an envelope", _timed(_signing_envelopes())),
            *_rows("verify, in an envelope", _timed(_verifying_envelopes())),
            _alone(f"tree over {LEAVES:,} leaves", _tree()),
            *_sealing(),
        ]
    finally:
        gc.enable()
    return Table(COLUMNS, rows)


def _rows(what: str, times_ns: Mapping[str, list[float]]) -> list[tuple[str | float, ...]]:
    rows: list[tuple[str | float, ...]] = []
    for library, own_ns in times_ns.items():
        median_ns = statistics.median(own_ns)
        ratio = statistics.median(bare / own for bare, own in zip(times_ns[BARE], own_ns, strict=True))
        rows.append((what, library, round(median_ns / 1e3, 1), round(1e9 / median_ns), round(ratio, 3)))
    return rows


def _alone(what: str, times_ns: list[float]) -> tuple[str | float, ...]:
    median_ns = statistics.median(times_ns)
    return what, "ours", round(median_ns / 1e3, 1), round(1e9 / median_ns, 2), ""


# --- what is timed


def _statement() -> bytes:
    rng = np.random.default_rng(1)
    subjects = {f"{number:02}_a_study.samples.parquet": rng.bytes(32).hex() for number in range(SUBJECTS)}
    return Statement(subjects, Judged(tuple(f"gate.{number}" for number in range(16))), {}).payload()


def _signing() -> dict[str, Callable[[], object]]:
    message = _statement()
    ours, bare, openssl = SigningKey(SEED), nacl.signing.SigningKey(SEED), Ed25519PrivateKey.from_private_bytes(SEED)
    assert ours.sign(message) == bare.sign(message).signature == openssl.sign(message)
    return {
        "ours": lambda: ours.sign(message),
        BARE: lambda: bare.sign(message),
        "cryptography": lambda: openssl.sign(message),
    }


def _verifying() -> dict[str, Callable[[], object]]:
    message = _statement()
    key = SigningKey(SEED)
    signature = key.sign(message)
    ours, bare = VerifyingKey(key.public), nacl.signing.VerifyKey(key.public)
    openssl = Ed25519PrivateKey.from_private_bytes(SEED).public_key()
    return {
        "ours": lambda: ours.verify(message, signature),
        BARE: lambda: bare.verify(message, signature),
        "cryptography": lambda: openssl.verify(signature, message),
    }


def _signing_envelopes() -> dict[str, Callable[[], object]]:
    message = _statement()
    ours, bare = SigningKey(SEED), nacl.signing.SigningKey(SEED)
    theirs = CryptoSigner(Ed25519PrivateKey.from_private_bytes(SEED))
    return {
        "ours": lambda: write_envelope(sign(PAYLOAD_TYPE, message, ours)),
        BARE: lambda: bare.sign(message),
        "securesystemslib": lambda: _their_envelope(message, theirs).to_dict(),
    }


def _verifying_envelopes() -> dict[str, Callable[[], object]]:
    message = _statement()
    key, signer = SigningKey(SEED), CryptoSigner(Ed25519PrivateKey.from_private_bytes(SEED))
    written = write_envelope(sign(PAYLOAD_TYPE, message, key))
    trusted = {"a key": VerifyingKey(key.public)}
    bare, signature = nacl.signing.VerifyKey(key.public), key.sign(message)
    document = _their_envelope(message, signer).to_dict()
    return {
        "ours": lambda: signed_by(read_envelope(written, "an envelope"), trusted),
        BARE: lambda: bare.verify(message, signature),
        "securesystemslib": lambda: _read_theirs(document).verify([signer.public_key], 1),
    }


def _their_envelope(message: bytes, signer: CryptoSigner) -> TheirEnvelope:
    envelope = TheirEnvelope(message, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return envelope


def _read_theirs(document: dict[str, Any]) -> TheirEnvelope:
    # It changes what it reads.
    return TheirEnvelope.from_dict({**document, "signatures": [dict(each) for each in document["signatures"]]})


def _tree() -> list[float]:
    data = [b"%064d" % number for number in range(LEAVES)]
    return [_once(lambda: root([leaf_hash(each) for each in data])) for _ in range(SEALING_ROUNDS)]


def _sealing() -> list[tuple[str | float, ...]]:
    key = SigningKey(SEED)
    trusted = {"a key": VerifyingKey(key.public)}
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "samples.parquet").write_bytes(rng.bytes(SAMPLES_BYTES))
        for number in range(SUBJECTS - 1):
            (folder / f"{number}.record.json").write_bytes(rng.bytes(12_000))
        sealing = [_once(lambda: seal(folder, key, Judged())) for _ in range(SEALING_ROUNDS)]
        checking = [_once(lambda: check(folder, trusted)) for _ in range(SEALING_ROUNDS)]
        assert check(folder, trusted).authentic
    return [_alone("seal a run", sealing), _alone("verify a run", checking)]


# --- how it is timed


def _timed(calls: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """For each name its ns per call, one a round."""
    names = list(calls)
    times_ns: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            times_ns[name].append(_once(calls[name], CALLS))
    return times_ns


def _once(call: Callable[[], object], count: int = 1) -> float:
    began_ns = time.perf_counter_ns()
    for _ in range(count):
        call()
    return (time.perf_counter_ns() - began_ns) / count
