"""Files are there whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bizra_lab.errors import Unwritable
from bizra_lab.files import remove_temporaries, replacing, write_atomically


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert _names(tmp_path) == ["run.json"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert path.read_text() == "old"
    assert path.read_text() == "half"


def test_a_full_disk_is_one_line_and_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unwritable) as caught:
        write_atomically(path, b"new")
    assert str(caught.value) == f"{path}: No space left on device; expected a place that takes files"
    assert path.read_text() == "old"
    assert _names(tmp_path) == ["run.json"]


def test_a_write_that_the_disk_refuses_leaves_nothing(tmp_path: Path) -> None:
    # The temporary name is a link to the device that is always full: the refusal is the system's own.
    path = tmp_path / "samples"
    with pytest.raises(Unwritable, match="No space left on device"), replacing(path) as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_bytes(b"samples")
    assert _names(tmp_path) == []


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file")
    path = tmp_path / "outputs" / "run.json"
    with pytest.raises(Unwritable) as caught:
        write_atomically(path, b"new")
    assert str(caught.value) == f"{path}: Not a directory; expected a place that takes files"


def test_an_error_of_the_writer_itself_passes_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "run.json") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert _names(tmp_path) == []


def test_what_killed_writers_left_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    for name in (".run.json.123-456.part", "run.json", "notes.part", ".hidden"):
        (tmp_path / name).write_text("")
    remove_temporaries(tmp_path)
    assert _names(tmp_path) == [".hidden", "notes.part", "run.json"]


@pytest.mark.parametrize("path", [Path(), Path("/")])
def test_what_names_no_file_is_refused(path: Path) -> None:
    with pytest.raises(Unwritable, match=r": names no file; expected a place that takes files$"):
        write_atomically(path, b"x")
