"""
Transcripts: a terminal session written down, and whether it goes that way.

    # what it shows
    % revoke ada@example.com          something happens at Google (see `happen`)
    $ mailgrant read {id}             a command, run in an empty folder with a client file and minutes.pdf
    < Thursday at noon                a line on its stdin
    From: Ada …                       its stdout, line by line
    ! mailgrant: …                    its stderr, without the line that names the sandbox
    ? 4                               its exit code, where it is not 0

`…` matches anything; a line of only `…` any number of lines. `{name}` stands for one word: what it
is when it first comes up, it must be ever after.
"""

from __future__ import annotations

import io
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.consent import ConsentMode

PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(slots=True)
class Exchange:
    """One command and what is expected of it."""

    command: str
    line: int
    events: list[str] = field(default_factory=list)
    stdin: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


def exchanges(path: Path) -> list[Exchange]:
    """Read a transcript."""
    found: list[Exchange] = []
    events: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        mark, _, rest = line.partition(" ")
        if mark == "$":
            found.append(Exchange(rest, number, events=events))
            events = []
        elif mark == "%":
            events.append(rest)
        elif mark == "<":
            found[-1].stdin.append(rest)
        elif mark == "!":
            found[-1].err.append(rest)
        elif mark == "?":
            found[-1].code = int(rest)
        elif line.strip() and mark != "#":
            found[-1].out.append(line)
    return found


class Terminal:
    """Runs exchanges against a sandbox and remembers what the placeholders stood for."""

    def __init__(self, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.words: dict[str, str] = {}
        self._sandbox = sandbox
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def hold(self, exchange: Exchange) -> None:
        """Run one exchange; fails where it goes another way."""
        for event in exchange.events:
            self.happen(shlex.split(event))
        command = PLACEHOLDER.sub(lambda found: self.words.get(found[1], found[0]), exchange.command)
        self._monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in exchange.stdin)))
        words = shlex.split(command)
        assert words.pop(0) == "mailgrant", f"line {exchange.line}: only mailgrant is run here"
        code = main(words)
        out, err = self._capsys.readouterr()
        told = [line for line in err.splitlines() if not line.startswith("mailgrant: using the sandbox at ")]
        shown = f"line {exchange.line}: {command}\n{out}\n{err}"
        assert code == exchange.code, shown
        self.match(exchange.out, [line for line in out.splitlines() if line.strip()], shown)
        self.match(exchange.err, [line for line in told if line.strip()], shown)

    def match(self, expected: list[str], actual: list[str], shown: str) -> None:
        """Compare lines, learning what placeholders stand for."""
        pattern = "".join(r"(?:.*\n)*" if line == "…" else f"{self.pattern(line)}\n" for line in expected)
        found = re.fullmatch(pattern, "".join(f"{line}\n" for line in actual))
        assert found, f"{shown}\nexpected:\n" + "\n".join(expected)
        self.words |= found.groupdict()

    def pattern(self, line: str) -> str:
        """Turn a line of a transcript into a regular expression."""
        text = PLACEHOLDER.sub(lambda found: self.words.get(found[1], found[0]), line)
        text = re.escape(text).replace("…", ".*")
        return re.sub(r"\\\{(\w+)\\\}", lambda found: rf"(?P<{found[1]}>[^\s\",]+)", text)

    def happen(self, words: list[str]) -> None:
        """Let something happen at Google: `revoke A`, `expire`, `deny`, `drop METHOD before|after`."""
        event, *rest = words
        if event == "revoke":
            self._sandbox.revoke(rest[0])
        elif event == "expire":
            self._sandbox.expire_tokens()
        elif event == "deny":
            self._sandbox.consent = ConsentMode.DENY
        elif event == "drop":
            self._sandbox.fault(rest[0], drop=rest[1])
        elif event == "status":
            self._sandbox.fault(rest[0], status=int(rest[1]), reason=rest[2], times=9)
        else:
            raise ValueError(f"nothing called {event!r} happens at Google")
