"""
An envelope: a payload, what it is, and who signed it, in the form of DSSE.

What is signed is not the JSON around the payload but its type and its bytes, each behind its own length (`pae`), so no
payload can be passed off as one of another type. The key's name in an envelope is nobody's word: it is signed by no
one. Whoever opens an envelope says which keys are trusted.

Ours have one signature, which is what a Sigstore bundle takes, and are canonical JSON: not one byte can be changed
unnoticed, also none that is outside of what is signed.

Source: DSSE 1.0.0, protocol and envelope, github.com/secure-systems-lab/dsse.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bizra_lab.errors import Unreadable, one_line
from bizra_lab.evidence.canonical import canonical_json, read_canonical

ENVELOPE_BYTES_MAX = 4 << 20  # a statement about twenty thousand files; a run has some dozens
SIGNATURE_BYTES = 64  # of Ed25519


class Signer(Protocol):
    """Somebody who can sign: `public` is what the signature is checked by, `key_id` what that key is called."""

    @property
    def key_id(self) -> str: ...
    @property
    def public(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


class Verifier(Protocol):
    """A public key: whether `signature` is over `message`, by who holds its other half."""

    @property
    def key_id(self) -> str: ...
    @property
    def public(self) -> bytes: ...
    def verify(self, message: bytes, signature: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with one signature; `key_id` is a hint, and not signed."""

    payload_type: str
    payload: bytes
    key_id: str
    signature: bytes

    def document(self) -> dict[str, Any]:
        """The envelope as plain data: the form in which DSSE and a Sigstore bundle have it."""
        return {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": self.payload_type,
            "signatures": [{"keyid": self.key_id, "sig": base64.b64encode(self.signature).decode()}],
        }


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: a payload and its type, each behind its length."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signer: Signer) -> Envelope:
    """The envelope around `payload`, signed."""
    return Envelope(payload_type, payload, signer.key_id, signer.sign(pae(payload_type, payload)))


def signed_by(envelope: Envelope, trusted: Mapping[str, Verifier]) -> str | None:
    """The name of the trusted key that signed the envelope; None when none did. The hint says which to try first."""
    message = pae(envelope.payload_type, envelope.payload)
    for name, key in sorted(trusted.items(), key=lambda item: item[1].key_id != envelope.key_id):
        if key.verify(message, envelope.signature):
            return name
    return None


def write_envelope(envelope: Envelope) -> bytes:
    """The envelope as one line of canonical JSON, which a shell can read too."""
    return canonical_json(envelope.document()) + b"\n"


def read_envelope(data: bytes, where: str) -> Envelope:
    """The envelope in one line of canonical JSON. Raises Unreadable with one line for everything else."""
    if len(data) > ENVELOPE_BYTES_MAX:
        raise Unreadable(f"{where}: {len(data):,} bytes; expected an envelope of at most {ENVELOPE_BYTES_MAX:,}")
    if not data.endswith(b"\n"):
        raise Unreadable(f"{where}: cut short; expected an envelope on one line")
    return envelope_of(read_canonical(data[:-1], where), where)


def envelope_of(document: Any, where: str) -> Envelope:
    """The envelope that plain data describe. Raises Unreadable with one line unless it is one with one signature."""
    match document:
        case {
            "payload": str(payload),
            "payloadType": str(payload_type),
            "signatures": [{"keyid": str(key_id), "sig": str(signature)}],
        }:
            envelope = Envelope(payload_type, _bytes(payload, where), key_id, _bytes(signature, where))
        case _:
            raise Unreadable(f"{where}: expected an envelope with a payload, its type and one signature")
    # Nothing but these keys, and base64 in the one way that we write it.
    if envelope.document() != document or len(envelope.signature) != SIGNATURE_BYTES:
        raise Unreadable(f"{where}: not as this lab writes an envelope")
    return envelope


def _bytes(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(f"{where}: {one_line(error)}; expected base64") from None
