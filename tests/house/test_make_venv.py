"""`make` says what to install when this machine cannot make a virtual environment."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .tree import ROOT

SCRIPT = ROOT / "scripts" / "make_venv.sh"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder that is the whole PATH: the script's own tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    uname = shutil.which("uname")
    assert uname is not None
    (folder / "uname").symlink_to(uname)
    return folder


def add_python(tools: Path, name: str, script: str) -> None:
    """Put a pretended interpreter on the path."""
    (tools / name).write_text(f"#!/bin/sh\n{script}\n")
    (tools / name).chmod(0o755)


def make_venv(tools: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script with nothing but `tools` on the path."""
    return subprocess.run(["/bin/sh", SCRIPT, folder], env={"PATH": str(tools)}, capture_output=True, text=True)


def test_without_python_it_says_which_package_to_install(tools: Path, tmp_path: Path) -> None:
    run = make_venv(tools, tmp_path / "venv")

    assert run.returncode == 1
    assert "needs Python 3.11 or newer" in run.stderr
    assert "install" in run.stderr.splitlines()[-1]


def test_an_interpreter_that_is_too_old_is_passed_over(tools: Path, tmp_path: Path) -> None:
    add_python(tools, "python3", "exit 1")
    add_python(tools, "python3.12", 'echo "$@" >> "$0.log"; exit 0')

    run = make_venv(tools, tmp_path / "venv")

    assert run.returncode == 0
    assert (tools / "python3.12.log").read_text().splitlines()[-1] == f"-m venv {tmp_path / 'venv'}"


def test_without_the_venv_module_it_says_so_and_leaves_nothing_behind(tools: Path, tmp_path: Path) -> None:
    add_python(tools, "python3", 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')

    run = make_venv(tools, tmp_path / "venv")

    assert run.returncode == 1
    assert "cannot make virtual environments" in run.stderr
    assert "install" in run.stderr.splitlines()[-1]
    assert not (tmp_path / "venv").exists()


def test_an_interpreter_may_be_named(tools: Path, tmp_path: Path) -> None:
    add_python(tools, "python3", "exit 0")
    add_python(tools, "mypython", 'echo "$@" >> "$0.log"; exit 0')

    environment = {"PATH": str(tools), "PYTHON": "mypython"}
    subprocess.run(["/bin/sh", SCRIPT, tmp_path / "venv"], env=environment, check=True, capture_output=True)

    assert (tools / "mypython.log").exists()
