"""
Keys with a type and a namespace, as bytes that begin alike where keys do; and everything the cache refuses.

    CacheError           what was handed over cannot be cached; nothing was stored anywhere
    ├── BadKey           no str, bytes, int or tuple of them, or too long
    ├── BadValue         not what the codec can give back as it was, or too large
    └── BadTtl           no time above 0
    Absent               the source has nothing under this key; a LookupError, raised by loaders and remembered

The bytes of a key tell 1 from "1" and b"1", and ("a", "b") from ("ab",). What begins alike as text, as bytes or as a
tuple of whole parts begins alike as bytes too, so one range of them is a prefix. Layers see nothing but these bytes.
"""

from __future__ import annotations

import re

Part = str | bytes | int
Key = Part | tuple[Part, ...]

KEY_BYTES_MAX = 400  # with a namespace it must fit the 511 that LMDB takes
NAMESPACE = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_INT_BITS_MAX = 1000  # as decimal digits, some 300 bytes; Python itself refuses to write much longer ones


class CacheError(Exception):
    """What was handed over cannot be cached; nothing was stored."""


class BadKey(CacheError):
    """Not a key, or not one that every layer can hold."""


class BadValue(CacheError):
    """Not a value that can be given back as it was."""


class BadTtl(CacheError):
    """Not a time to live."""


class Absent(LookupError):
    """The source has nothing under this key. A loader raises it; the cache remembers it for `absent_ttl_s`."""


def key_bytes(key: Key) -> bytes:
    """The bytes that stand for a key, different for every two keys. Raises BadKey."""
    written = b"t" + b"".join(map(_in_tuple, key)) if type(key) is tuple else _part(key)
    if len(written) > KEY_BYTES_MAX:
        raise BadKey(f"a key takes at most {KEY_BYTES_MAX} bytes, got {len(written)}; expected its digest instead")
    return written


def prefix_bytes(prefix: Key) -> bytes:
    """What the bytes of every key with this prefix begin with, and those of no other. Raises BadKey."""
    if type(prefix) is int:
        raise BadKey(f"a prefix is str, bytes or a tuple of a key's first parts, got {prefix!r}")
    return key_bytes(prefix)


def end_of(prefix: bytes) -> bytes:
    """The smallest bytes beyond everything that begins with `prefix`, which begins with a character of ASCII."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1])


def _part(part: object) -> bytes:
    # By exact type: a bool is an int that equals 1, and a subclass may compare as it likes.
    if type(part) is str:
        try:
            return b"s" + part.encode()
        except UnicodeEncodeError:
            raise BadKey("a key is text, got half of a surrogate pair in it") from None
    if type(part) is bytes:
        return b"b" + part
    if type(part) is int:
        if part.bit_length() > _INT_BITS_MAX:
            raise BadKey(f"a number in a key has at most {_INT_BITS_MAX} bits, got {part.bit_length()}")
        return b"i%d" % part
    raise BadKey(f"a key is str, bytes, int or a tuple of them, got {type(part).__name__}")


def _in_tuple(part: object) -> bytes:
    # Ended by what occurs in no part, so that only whole parts are a prefix.
    return _part(part).replace(b"\1", b"\1\2").replace(b"\0", b"\1\1") + b"\0"
