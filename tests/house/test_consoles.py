"""
Every console block of the guides runs, in a real shell, against a sandbox; and no block hides from that.

A block of `console` is a session: lines after `$` are typed, the others are what may come back (`…`
stands for anything). A word in capitals that ends in ID stands for the first word of what was listed
last. What cannot be run here (a real Google, another program) stands in a block of `text`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .tree import ROOT

GUIDES = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "howto").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BROWSER = ROOT / "tests" / "stories" / "visit.py"
LANGUAGES = {"python", "console", "text", "toml"}


@dataclass(slots=True)
class Command:
    """What is typed, where it stands, and what is shown to come back."""

    words: str
    line: int
    shown: list[str] = field(default_factory=list)


def fences(page: Path) -> Iterator[tuple[str, str, int]]:
    """Yield every block of a page: its language, its text, the line where it starts."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield found[1], found[2], text.count("\n", 0, found.start(2)) + 1


def commands(page: Path) -> list[Command]:
    """Return what a page types into a console."""
    typed: list[Command] = []
    for language, text, start in fences(page):
        if language != "console":
            continue
        for number, line in enumerate(text.splitlines(), start=start):
            if line.startswith("$ "):
                typed.append(Command(line[2:], number))
            elif line.strip():
                typed[-1].shown.append(line)
    return typed


class Shell:
    """A reader's shell: what was exported stays, and IDs are what was listed last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        self._newest = ""

    def type(self, words: str) -> tuple[int, str, str]:
        """Run one line; return its exit code, its stdout, and both streams together."""
        words = re.sub(r"\b(?:[A-Z]+_)?ID\b", self._newest, words)
        exported = re.fullmatch(r"export (\w+)=(\S*)", words)
        if exported:
            self._environment[exported[1]] = exported[2]
            return 0, "", ""
        done = subprocess.run(
            ["bash", "-c", words],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "\t" in done.stdout:
            self._newest = done.stdout.split("\t", 1)[0]
        return done.returncode, done.stdout, done.stdout + done.stderr


def appears(line: str, output: str) -> bool:
    """Tell whether a shown line is among what came back; runs of spaces are one, `…` is anything."""
    pattern = r"\s+".join(re.escape(word).replace("…", ".*") for word in line.split())
    return any(re.search(pattern, one) for one in output.splitlines())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A reader's working folder, beside a sandbox with the demo's people in it, and a browser that agrees."""
    from mailgrant.sandbox import Sandbox

    world = Sandbox(seed="demo", consent="auto", quota="off")
    with world.serve():
        kept = tmp_path / "client_secret.json"
        kept.write_text(json.dumps(world.client_secrets("installed")))
        kept.chmod(0o600)
        key = tmp_path / "key.json"
        key.write_text(json.dumps(world.service_account()))
        key.chmod(0o600)
        granted = world.authorize("ada@example.com", scopes="https://www.googleapis.com/auth/gmail.readonly")
        (tmp_path / "token.json").write_text(json.dumps(granted))
        (tmp_path / "minutes.pdf").write_bytes(b"%PDF-1.7 minutes")
        monkeypatch.setenv("MAILGRANT_GOOGLE", world.url or "")
        monkeypatch.setenv("BROWSER", f"{sys.executable} {BROWSER} %s")
        yield tmp_path


@pytest.mark.parametrize("page", [page for page in GUIDES if commands(page)], ids=lambda page: page.stem)
def test_the_console_of_a_page_goes_as_it_is_written(page: Path, desk: Path) -> None:
    shell = Shell(desk)

    for command in commands(page):
        code, _, output = shell.type(command.words)
        where = f"{page.name}:{command.line}: {command.words}\n{output}"
        # A failure that a page means to show is one whose message it shows.
        assert code == 0 or command.shown, where
        assert [line for line in command.shown if not appears(line, output)] == [], where


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_block_is_run_or_plainly_marked_as_text(page: Path) -> None:
    assert [(line, language) for language, _, line in fences(page) if language not in LANGUAGES] == []


def test_settings_that_a_page_shows_can_be_read() -> None:
    pages = [*GUIDES, ROOT / "docs" / "reference" / "settings.md"]
    shown = [text for page in pages for language, text, _ in fences(page) if language == "toml"]

    assert shown
    assert all(tomllib.loads(text) for text in shown)


def test_what_is_shown_is_looked_for_line_by_line() -> None:
    assert appears("Sent …", "Sent 19a3f0c2d4e5b697.\n")
    assert appears("Lunch?  Grace", "19a3\tLunch?   Grace\n")
    assert not appears("Sent …", "nothing was sent\n")
