"""
Files that are there whole or not at all.

What the lab leaves is written beside its final name and renamed when complete, so that a killed run, a full disk or a
curious reader never meets half a file.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from bizra_lab.errors import Unwritable, one_line

TEMPORARY_SUFFIX = ".part"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """
    A temporary name beside `path`; what was written there becomes `path` when the block ends without an error.

    Otherwise `path` is as it was and nothing else is left. Raises Unwritable with one line for whatever the place
    refuses: no folder, no permission, no space.
    """
    if not path.name:
        raise Unwritable(f"{path}: names no file; expected a place that takes files")
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
    except OSError as error:
        raise Unwritable(f"{path}: {error.strerror or one_line(error)}; expected a place that takes files") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until the file's bytes are on the disk: a rename may reach it before the bytes it names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all. Raises Unwritable with one line, and then leaves nothing."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def remove_temporaries(folder: Path) -> None:
    """Remove what writers that were killed have left half-written in `folder`."""
    for temporary in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        temporary.unlink(missing_ok=True)
