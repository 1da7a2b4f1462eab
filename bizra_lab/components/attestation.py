"""
An attestation: an Ed25519 signature, which only the secret key can make and anybody with the public key can check.

    key = SigningKey(seed)
    signature = key.sign(message)
    VerifyingKey(key.public).verify(message, signature)      True

Both are libsodium's, called without what PyNaCl wraps around it: of the libraries on PyPI it is the fastest both ways,
and the strictest. Of the 914 signatures on which implementations disagree it accepts 43, OpenSSL 208: it refuses keys
and points of small order, points in another notation, and S + L in place of S, so that a signature has one form. Keys
and signatures of a wrong length are refused here, since libsodium reads past their end.

Cost: two passes of SHA-512 over the message to sign, one to verify, and the curve. Threads: the GIL is released
meanwhile; nothing is shared.

Source: RFC 8032 (2017); Chalkias, Garillot, Nikolaenko (2020), Taming the Many EdDSAs.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from bizra_lab.components._component import Clock, component, counted, new_tally
from bizra_lab.model import Tally, Workload

SEED_BYTES = 32
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64

# The order of the group that signatures live in; S + ORDER satisfies the same equation as S. RFC 8032, section 5.1.
ORDER = 2**252 + 27742317777372353535851937790883648493


class NotAuthentic(Exception):
    """A signature is not over this message by this key."""


class VerifyingKey:
    """The public half of a key: tells whether a signature is by the other half. Raises ValueError unless 32 bytes."""

    __slots__ = ("key_id", "public")

    def __init__(self, public: bytes) -> None:
        if len(public) != PUBLIC_BYTES:
            raise ValueError(f"a public key has {PUBLIC_BYTES} bytes, got {len(public)}")
        self.public = public
        self.key_id = key_id(public)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is over `message`."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            crypto_sign_open(signature + message, self.public)
        except BadSignatureError:
            return False
        return True


class SigningKey:
    """The secret half, made of a seed of 32 bytes, all there is to keep. Raises ValueError for another length."""

    __slots__ = ("_secret", "key_id", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes, got {len(seed)}")
        self.public, self._secret = crypto_sign_seed_keypair(seed)
        self.key_id = key_id(self.public)

    def __repr__(self) -> str:
        return f"<SigningKey {self.key_id}>"

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`, 64 bytes; the same for the same message."""
        signed: bytes = crypto_sign(message, self._secret)
        return signed[:SIGNATURE_BYTES]


def key_id(public: bytes) -> str:
    """
    What a public key is called: SHA-256, in hexadecimal, of its description as securesystemslib writes it.

    The name says which key to try; it proves nothing.
    """
    described = f'{{"keytype":"ed25519","keyval":{{"public":"{public.hex()}"}},"scheme":"ed25519"}}'
    return hashlib.sha256(described.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Settings:
    """What one operation is, and the seeded messages it goes round; 4096 bytes are a statement about thirty files."""

    operation: Literal["sign", "verify", "both", "forged"] = "both"
    messages: int = 64
    message_bytes: int = 4096

    def __post_init__(self) -> None:
        if self.messages < 2:
            raise ValueError(f"messages must be at least 2, so that signatures can be exchanged; got {self.messages}")
        if self.message_bytes < 1:
            raise ValueError(f"message_bytes must be at least 1, got {self.message_bytes}")


@dataclass(frozen=True, slots=True)
class Signed:
    """A message with a signature, and the public key that it is said to be by."""

    message: bytes
    signature: bytes
    public: bytes


@component(settings=Settings)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:  # noqa: ARG001 — it needs no time
    """
    One operation signs a message, verifies a signature, does both, or refuses a forgery; by a key made of the seed.

    Raises NotAuthentic where a true signature is refused or a forgery accepted. The tallies are over all that was
    planted, each case once: `true_accepted` and `forged_refused`.
    """
    key = SigningKey(rng.bytes(SEED_BYTES))
    messages = [rng.bytes(settings.message_bytes) for _ in range(settings.messages)]
    true = [Signed(message, key.sign(message), key.public) for message in messages]
    forged = [each for name, forge in FORGERIES.items() for each in forge(true, rng)]
    begun = new_tally()
    step = _operation(settings.operation, key, true, forged)

    def operate() -> object:
        next(begun)
        return step()

    def tallies() -> Mapping[str, Tally]:
        return {
            "true_accepted": Tally(sum(map(_holds, true)), len(true), complete=True),
            "forged_refused": Tally(sum(not _holds(each) for each in forged), len(forged), complete=True),
        }

    return Workload(f"attestation.{settings.operation}", operate, count=lambda: counted(begun), tallies=tallies)


def _operation(
    operation: Literal["sign", "verify", "both", "forged"], key: SigningKey, true: list[Signed], forged: list[Signed]
) -> Callable[[], object]:
    calls = iter(range(sys.maxsize))
    verifying = VerifyingKey(key.public)

    def sign() -> bytes:
        return key.sign(true[next(calls) % len(true)].message)

    def verify() -> None:
        case = true[next(calls) % len(true)]
        if not verifying.verify(case.message, case.signature):
            raise NotAuthentic

    def both() -> bytes:
        message = true[next(calls) % len(true)].message
        signature = key.sign(message)
        if not verifying.verify(message, signature):
            raise NotAuthentic
        return signature

    def refuse() -> None:
        if _holds(forged[next(calls) % len(forged)]):
            raise NotAuthentic

    return {"sign": sign, "verify": verify, "both": both, "forged": refuse}[operation]


def _holds(signed: Signed) -> bool:
    return VerifyingKey(signed.public).verify(signed.message, signed.signature)


# --- what is planted


def _flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """One bit of `data` changed."""
    changed = bytearray(data)
    changed[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _message_changed(true: list[Signed], rng: np.random.Generator) -> Iterator[Signed]:
    for each in true:
        yield Signed(_flipped(each.message, rng), each.signature, each.public)


def _signature_changed(true: list[Signed], rng: np.random.Generator) -> Iterator[Signed]:
    for each in true:
        yield Signed(each.message, _flipped(each.signature, rng), each.public)


def _key_changed(true: list[Signed], rng: np.random.Generator) -> Iterator[Signed]:
    for each in true:
        yield Signed(each.message, each.signature, _flipped(each.public, rng))


def _of_another_message(true: list[Signed], rng: np.random.Generator) -> Iterator[Signed]:  # noqa: ARG001 — the next one's
    for each, other in zip(true, true[1:] + true[:1], strict=True):
        yield Signed(each.message, other.signature, each.public)


def _by_another_key(true: list[Signed], rng: np.random.Generator) -> Iterator[Signed]:
    other = SigningKey(rng.bytes(SEED_BYTES))
    for each in true:
        yield Signed(each.message, other.sign(each.message), each.public)


def _cut_short(true: list[Signed], rng: np.random.Generator) -> Iterator[Signed]:
    for each in true:
        yield Signed(each.message, each.signature[: int(rng.integers(SIGNATURE_BYTES))], each.public)


def _in_another_form(true: list[Signed], rng: np.random.Generator) -> Iterator[Signed]:  # noqa: ARG001 — S + L is one number
    """S + L in place of S: the equation still holds, and who does not check the range has two signatures for one."""
    for each in true:
        beyond = int.from_bytes(each.signature[32:], "little") + ORDER
        yield Signed(each.message, each.signature[:32] + beyond.to_bytes(32, "little"), each.public)


Forge = Callable[[list[Signed], np.random.Generator], Iterator[Signed]]

FORGERIES: dict[str, Forge] = {
    "message changed": _message_changed,
    "signature changed": _signature_changed,
    "key changed": _key_changed,
    "of another message": _of_another_message,
    "by another key": _by_another_key,
    "cut short": _cut_short,
    "in another form": _in_another_form,
}
