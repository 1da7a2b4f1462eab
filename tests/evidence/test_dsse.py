"""Envelopes: the published vector, what another library says of ours, and what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey

from bizra_lab.components.attestation import SigningKey, VerifyingKey
from bizra_lab.errors import Unreadable
from bizra_lab.evidence.canonical import canonical_json
from bizra_lab.evidence.dsse import (
    ENVELOPE_BYTES_MAX,
    Envelope,
    pae,
    read_envelope,
    sign,
    signed_by,
    write_envelope,
)

KIND = "application/vnd.in-toto+json"
KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
TRUSTED = {"the key": VerifyingKey(KEY.public)}
ENVELOPE = sign(KIND, b'{"a":1}', KEY)


def changed(**changes: Any) -> bytes:
    return canonical_json({**ENVELOPE.document(), **changes}) + b"\n"


# --- the vector of DSSE's protocol: ECDSA over P-256, r and s one after the other

X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
PUBLISHED = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="


def is_published(message: bytes) -> bool:
    raw = base64.b64decode(PUBLISHED)
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicNumbers(X, Y, ec.SECP256R1()).public_key()
    try:
        key.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def test_the_published_payload_is_encoded_as_it_says_and_its_signature_holds() -> None:
    encoded = pae("http://example.com/HelloWorld", b"hello world")
    assert b"DSSEv1 29 http://example.com/HelloWorld 11 hello world" == encoded
    assert is_published(encoded)
    assert not is_published(pae("http://example.com/HelloWorld", b"hello World"))


def test_lengths_are_of_bytes_and_keep_type_and_payload_apart() -> None:
    assert b"DSSEv1 3 \xe2\x82\xac 0 " == pae("€", b"")
    assert pae("a b", b"c") != pae("a", b"b c")


# --- ours


def test_an_envelope_comes_back_as_it_was_written() -> None:
    assert ENVELOPE == read_envelope(write_envelope(ENVELOPE), "a file")


def test_who_signed_is_told_by_the_key_and_not_by_its_name() -> None:
    assert "the key" == signed_by(ENVELOPE, TRUSTED)
    renamed = Envelope(ENVELOPE.payload_type, ENVELOPE.payload, OTHER.key_id, ENVELOPE.signature)
    both = {"another": VerifyingKey(OTHER.public), **TRUSTED}
    assert "the key" == signed_by(renamed, both)
    assert signed_by(sign(KIND, b"{}", OTHER), TRUSTED) is None
    assert signed_by(ENVELOPE, {}) is None


def test_a_payload_is_not_one_of_another_type() -> None:
    other = Envelope("application/json", ENVELOPE.payload, ENVELOPE.key_id, ENVELOPE.signature)
    assert signed_by(other, TRUSTED) is None


def test_another_library_verifies_ours_under_the_name_that_it_gives_the_key() -> None:
    named = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(KEY.public))
    assert {named.keyid: named} == TheirEnvelope.from_dict(json.loads(write_envelope(ENVELOPE))).verify([named], 1)
    forged = TheirEnvelope.from_dict(json.loads(changed(payload=base64.b64encode(b'{"a":2}').decode())))
    with pytest.raises(VerificationError):
        forged.verify([named], 1)


def test_one_bit_anywhere_in_an_envelope_is_refused_or_not_what_was_signed() -> None:
    written = write_envelope(ENVELOPE)
    for position in range(8 * len(written)):
        flipped = bytearray(written)
        flipped[position // 8] ^= 1 << position % 8
        try:
            read = read_envelope(bytes(flipped), "a file")
        except Unreadable:
            continue
        # All but the key's name is under the signature; whoever checks a seal writes that name anew.
        assert signed_by(read, TRUSTED) is None or read.key_id != ENVELOPE.key_id


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "cut short"),
        (write_envelope(ENVELOPE)[:-1], "cut short"),
        (b"[]\n", "expected an envelope"),
        (b" " * (ENVELOPE_BYTES_MAX + 1), "expected an envelope of at most 4,194,304"),
        (changed(signatures=[]), "one signature"),
        (changed(signatures=ENVELOPE.document()["signatures"] * 2), "one signature"),
        (changed(signatures=[{"keyid": "", "sig": base64.b64encode(bytes(63)).decode()}]), "not as this lab writes"),
        (changed(payload="e30"), "expected base64"),
        (changed(payload="e31="), "not as this lab writes"),  # the same bytes as e30=, in spare bits another
        (changed(payload="e€=="), "expected base64"),
        (changed(payload=7), "expected an envelope"),
        (changed(more=1), "not as this lab writes"),
    ],
)
def test_what_is_no_envelope_of_ours_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=rf"^a file: .*{sentence}"):
        read_envelope(data, "a file")
