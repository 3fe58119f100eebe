"""Every block of Python in the documents runs, as a reader would run it, against a sandbox."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mailgrant

from .tree import ROOT

if TYPE_CHECKING:
    from mailgrant.sandbox import Sandbox

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (mailgrant|make) ([^#\n]*)", re.MULTILINE)
BROWSER = ROOT / "tests" / "stories" / "visit.py"


def documents() -> list[Path]:
    """Return the pages that hold Python."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [page for page in sorted(pages) if blocks(page)]


def blocks(page: Path) -> list[str]:
    """Return a page's blocks of Python, each at the line where it stands, so that tracebacks are true."""
    text = page.read_text(encoding="utf-8")
    return ["\n" * text.count("\n", 0, found.start(1)) + found[1] for found in BLOCK.finditer(text)]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Google with people and mail in it, that says yes by itself."""
    from mailgrant.sandbox import Sandbox

    world = Sandbox(seed="demo", consent="auto", quota="off")
    with world.serve():
        yield world


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's working folder: a client file, something to attach, and a browser."""
    secrets = tmp_path / "client_secret.json"
    secrets.write_text(json.dumps(sandbox.client_secrets("installed")))
    secrets.chmod(0o600)
    (tmp_path / "minutes.pdf").write_bytes(b"%PDF-1.7 minutes")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILGRANT_GOOGLE", sandbox.url)
    monkeypatch.setenv("BROWSER", f"{sys.executable} {BROWSER} %s")
    return tmp_path


@pytest.mark.filterwarnings("ignore::mailgrant.errors.SandboxWarning")
@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_in_order(desk: Path, page: Path) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}

    for block in blocks(page):
        exec(compile(ast.parse(block, str(page)), str(page), "exec"), namespace)
        for left_open in namespace.values():
            # What a two-line script leaves to the end of the program; it opens again if need be.
            if isinstance(left_open, mailgrant.Account):
                left_open.close()


def test_a_failing_block_is_reported_at_its_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Lunch\n\n```python\n1 / 0\n```\n")

    [block] = blocks(page)
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile(block, str(page), "exec"), {})

    assert caught.traceback[-1].lineno == 3  # counted from nought


def commands(page: Path) -> set[tuple[str, str]]:
    """Return the commands that a page shows: the program and its first words."""
    found = COMMAND.findall(page.read_text(encoding="utf-8"))
    return {
        (program, " ".join(word for word in line.split() if re.fullmatch(r"[a-z-]+", word))) for program, line in found
    }


def test_every_make_target_that_a_page_shows_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {words.split()[0] for page in ROOT.glob("*.md") for program, words in commands(page) if program == "make"}

    assert shown >= {"demo", "test"}
    assert shown - targets == set()


def test_every_command_that_the_readme_shows_is_there() -> None:
    from mailgrant.cli.tree import PLACES

    shown = {words.split()[0] for program, words in commands(ROOT / "README.md") if program == "mailgrant"}

    assert len(shown) >= 5
    assert shown - PLACES.keys() == set()
