"""A small run to seal, keys made of nothing secret, and one bit to change."""

from __future__ import annotations

from pathlib import Path

from bizra_lab.components.attestation import SigningKey, VerifyingKey
from bizra_lab.evidence.seal import seal
from bizra_lab.evidence.statement import Judged, LedgerMark, Statement

KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
TRUSTED = {"the key": VerifyingKey(KEY.public)}

FILES = {
    "01_a.ipynb": b'{"cells": []}',
    "a.samples.parquet": b"PAR1" + bytes(100),
    "a.params.yaml": b"seed: 1\n",
    "gates.yaml": b"gates: []\n",
    "gates.json": b"{}\n",
}
TESTS = Judged(("gate.one", "gate.two"), ("audit.a",), ())
MARK = LedgerMark("ab" * 32, 3, "cd" * 32)


def sealed_run(folder: Path, key: SigningKey = KEY, mark: LedgerMark | None = MARK) -> Statement:
    """The statement of a run in `folder`, which is made, filled with `FILES` and sealed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return seal(folder, key, TESTS, ("a.params.yaml", "gates.yaml"), mark)


def flip(path: Path, position: int) -> None:
    """Change the bit at `position`, counted round the file; twice, and the file is as it was."""
    byte, bit = divmod(position % (8 * path.stat().st_size), 8)
    with path.open("r+b") as file:
        file.seek(byte)
        (value,) = file.read(1)
        file.seek(byte)
        file.write(bytes([value ^ 1 << bit]))
