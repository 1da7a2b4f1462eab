"""VERIFY.sh, and the three commands of the notebook: a stranger's check, with the programs themselves."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from bizra_lab.evidence.keys import public_pem
from bizra_lab.evidence.seal import SEAL_FILES, seal
from tests.evidence.sealing import FILES, KEY, OTHER, TESTS, flip, sealed_run

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "06_attestation.ipynb"

NEEDED = ("openssl", "base64", "sha256sum")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "KEY.pem").write_bytes(public_pem(KEY.public))
    (tmp_path / "OTHER.pem").write_bytes(public_pem(OTHER.public))
    sealed_run(tmp_path / "a run")
    return tmp_path / "a run"


def verify(run: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The script of a run on a machine that has a shell and the three programs, and no others."""
    tools = run.parent / "tools"
    tools.mkdir(exist_ok=True)
    for name in NEEDED:
        path = shutil.which(name)
        assert path is not None, f"this test needs {name}"
        if not (tools / name).exists():
            (tools / name).symlink_to(path)
    shell = shutil.which("sh")
    assert shell is not None
    return subprocess.run(
        [shell, f"{run.name}/VERIFY.sh", *words],
        cwd=run.parent,
        env={"PATH": str(tools), "TMPDIR": str(run.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_authentic_run_is_told_so(run: Path) -> None:
    done = verify(run, "KEY.pem")
    assert 0 == done.returncode, done.stderr
    assert done.stdout.endswith(f"AUTHENTIC: signed with {run.parent}/KEY.pem\n")


def test_the_key_may_be_named_by_its_whole_path(run: Path) -> None:
    assert 0 == verify(run, str(run.parent / "KEY.pem")).returncode


def test_without_a_key_from_elsewhere_nothing_is_said(run: Path) -> None:
    assert 2 == verify(run).returncode
    assert 2 == verify(run, "nowhere.pem").returncode


def test_another_key_is_refused(run: Path) -> None:
    done = verify(run, "OTHER.pem")
    assert 1 == done.returncode
    assert "attestation.json: not signed with this key" in done.stderr


@pytest.mark.parametrize("name", sorted({*FILES, *SEAL_FILES} - {"VERIFY.sh", "pub.pem", "attestation.sigstore.json"}))
def test_one_bit_of_what_it_looks_at_is_refused(name: str, run: Path) -> None:
    flip(run / name, 301)
    assert 1 == verify(run, "KEY.pem").returncode


@pytest.mark.parametrize("name", ["more.csv", ".hidden", "..more"])
def test_a_file_that_was_added_is_named(name: str, run: Path) -> None:
    (run / name).touch()
    done = verify(run, "KEY.pem")
    assert 1 == done.returncode
    assert f"{name}: added after the run was sealed" in done.stderr


@pytest.mark.parametrize("name", ["evidence", "ledger"])
def test_what_the_configuration_names_beside_files_is_no_file(name: str, run: Path) -> None:
    (run / name).touch()
    assert f"{name}: added" in verify(run, "KEY.pem").stderr


def test_a_file_that_is_missing_is_named(run: Path) -> None:
    (run / "gates.yaml").unlink()
    done = verify(run, "KEY.pem")
    assert 1 == done.returncode
    assert "gates.yaml" in done.stdout + done.stderr


def test_a_link_in_place_of_a_file_is_refused(run: Path) -> None:
    shutil.move(run / "gates.yaml", run.parent / "copy")
    (run / "gates.yaml").symlink_to(run.parent / "copy")
    assert "gates.yaml: not a file of its own" in verify(run, "KEY.pem").stderr


def test_sums_of_other_files_are_not_those_that_were_signed(run: Path) -> None:
    sealed = (run / "attestation.json").read_bytes()
    flip(run / "gates.json", 0)
    seal(run, OTHER, TESTS)  # consistent in itself
    statement = (run / "statement.json").read_bytes()
    (run / "attestation.json").write_bytes(sealed)
    assert 1 == verify(run, "KEY.pem").returncode
    assert statement == (run / "statement.json").read_bytes()


def test_a_run_without_an_envelope_cannot_be_read(run: Path) -> None:
    (run / "attestation.json").unlink()
    assert 2 == verify(run, "KEY.pem").returncode


def test_the_three_commands_of_the_notebook_do_what_it_says(run: Path) -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    (commands,) = [found[1] for cell in cells if (found := re.search(r"```sh\n(.*?)```", cell.source, re.DOTALL))]
    scratch = run.parent
    script = commands.replace("/tmp/", f"{scratch}/").replace("KEY.pem", f"{scratch}/KEY.pem")
    assert 3 == len(script.strip().splitlines())
    done = subprocess.run(["sh", "-c", script], cwd=run, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    assert "gates.yaml: OK" in done.stdout
    flip(run / "statement.json", 5)
    assert 0 != subprocess.run(["sh", "-c", script], cwd=run, capture_output=True, check=False).returncode
