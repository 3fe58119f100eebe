"""
A sandbox with both ports in front of it, and programs that know nothing of it.

The programs are real child processes. They ask for Google by its own names and are given nothing but
the environment that `mailgrant sandbox exec` gives.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.serving.leading import Entrance, environment
from mailgrant.sandbox.serving.proxy import lead

SCOPES = ["https://mail.google.com/", "https://www.googleapis.com/auth/calendar"]
TIMEOUT = 60


@dataclass
class Led:
    """A served sandbox, and the environment of a program that is led to it."""

    world: Sandbox
    entrance: Entrance
    environ: dict[str, str]
    folder: Path = field(repr=False)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        environ = {**self.environ, **variables}
        return subprocess.run(
            command, env=environ, cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )

    def python(self, source: str, **variables: str) -> str:
        """Run a Python program that must succeed and return what it printed."""
        done = self.run(sys.executable, "-c", textwrap.dedent(source), **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self) -> str:
        """Return an access token of Ada's."""
        token: str = self.world.authorize("ada@example.com", scopes=SCOPES)["token"]
        return token

    def authorized_user(self) -> str:
        """Write Ada's credentials as Google's own programs keep them: without an address in them."""
        credentials: dict[str, Any] = self.world.authorize("ada@example.com", scopes=SCOPES)
        path = self.folder / "authorized_user.json"
        names = ("type", "client_id", "client_secret", "refresh_token")
        path.write_text(json.dumps({name: credentials[name] for name in names}))
        return str(path)

    @property
    def methods(self) -> list[str]:
        """What was asked of the sandbox, in order."""
        return [entry.method for entry in self.world.requests]


@pytest.fixture
def led(tmp_path: Path) -> Iterator[Led]:
    """A sandbox and the way there."""
    world = Sandbox(consent="auto")
    key = "A" * 43 + "="
    with world.serve() as served, lead(served.url, tmp_path) as entrance:
        ready = {"url": served.url}
        environ = environment(entrance, ready, vault=tmp_path / "vault.db", key=key, environ=os.environ)
        yield Led(world, entrance, environ, tmp_path)
