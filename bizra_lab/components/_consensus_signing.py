"""
Signatures of votes with Ed25519, by libsodium; a view takes any other signer and verifier with the same two shapes.

libsodium refuses signatures with s ≥ L and keys of small order, so a signature cannot be changed into another one.
Source: RFC 8032; libsodium's `crypto_sign_verify_detached`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import nacl.exceptions
import nacl.signing

from bizra_lab.components._consensus_messages import Sign

SEED_BYTES = 32  # of a private key


@dataclass(frozen=True, slots=True)
class Key:
    """The public key of a validator, by which it is known, and its way to sign."""

    public: bytes
    sign: Sign = field(repr=False)


def ed25519_key(seed: bytes) -> Key:
    """The key that 32 bytes of chance make."""
    signing = nacl.signing.SigningKey(seed)
    return Key(bytes(signing.verify_key), lambda message: signing.sign(message).signature)


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key has signed the message; False for what is no key or no signature."""
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
    except (nacl.exceptions.CryptoError, nacl.exceptions.TypeError, nacl.exceptions.ValueError):
        return False
    return True
