"""The store in PostgreSQL when its server goes away, and passwords that nothing shows."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from mailgrant import Settings
from mailgrant.errors import MailgrantError, SettingsError, VaultError
from mailgrant.storage import open_store, shown
from mailgrant.storage.postgres import PostgresStore
from mailgrant.vault.store import Row

from .postgres_server import PASSWORD, PostgresServer, free_port
from .suite import ADA, GRACE


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    with closing(PostgresStore(postgres_url)) as opened:
        yield opened


def test_a_server_that_was_restarted_is_found_again_without_a_word(
    store: PostgresStore, postgres_server: PostgresServer
) -> None:
    store.grants.put(ADA, expect=0)

    postgres_server.kill()
    postgres_server.start()

    assert store.grants.get("one") == ADA
    store.grants.put(GRACE, expect=0)


def test_while_the_server_is_away_the_error_says_so_and_afterwards_all_works(
    store: PostgresStore, postgres_server: PostgresServer
) -> None:
    store.grants.put(ADA, expect=0)
    postgres_server.kill()
    try:
        with pytest.raises(VaultError, match="cannot be reached") as caught:
            store.grants.put(GRACE, expect=0)
        with pytest.raises(VaultError):
            store.grants.get("one")
    finally:
        postgres_server.start()

    assert "then try again" in caught.value.hint
    assert store.grants.find() == (ADA,)


def test_a_server_that_goes_away_in_the_middle_of_a_write_leaves_the_vault_as_it_was(
    store: PostgresStore, postgres_server: PostgresServer
) -> None:
    with pytest.raises(VaultError), store.writing() as connection:
        connection.execute(store.statement("write_header"), {"header": b"half"})
        postgres_server.kill()
        postgres_server.start()
        connection.execute(store.statement("read_header"))

    assert store.read_header() is None


@contextmanager
def wire_that_breaks_at(word: bytes, port: int) -> Iterator[int]:
    """
    A way to `port` that carries everything to the server, and breaks before it answers to `word`.

    Its threads and sockets end with it: a socket left to the garbage collector is an error of
    whichever test runs then.
    """
    carriers: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                carriers.append(threading.Thread(target=carry, args=(near, word, port)))
                carriers[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # A thread that waits in accept() keeps the socket open; this wakes it.
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(10)
            for carrier in carriers:
                carrier.join(10)


def carry(near: socket.socket, word: bytes, port: int) -> None:
    """Carry what one client says to the server, until either of them hangs up."""
    broken = threading.Event()
    with near, socket.create_connection(("127.0.0.1", port)) as far:
        back = threading.Thread(target=carry_back, args=(near, far, broken))
        back.start()
        with suppress(OSError):
            while data := near.recv(65536):
                if word in data:
                    broken.set()
                far.sendall(data)
        with suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)
        back.join(10)


def carry_back(near: socket.socket, far: socket.socket, broken: threading.Event) -> None:
    """Carry what the server answers, until the wire is broken."""
    with suppress(OSError):
        while (data := far.recv(65536)) and not broken.is_set():
            near.sendall(data)
    with suppress(OSError):
        near.shutdown(socket.SHUT_RDWR)


def test_a_write_whose_answer_was_lost_is_neither_assumed_nor_repeated(
    store: PostgresStore, postgres_server: PostgresServer, postgres_url: str
) -> None:
    with wire_that_breaks_at(b"COMMIT", postgres_server.port) as port:
        away = PostgresStore(postgres_url.replace(str(postgres_server.port), str(port)))
        with closing(away), pytest.raises(VaultError, match="may have happened or not") as caught:
            away.grants.put(ADA, expect=0)

    assert "before you repeat" in caught.value.hint
    assert store.grants.find() in ((), (ADA,))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("postgresql://ada:geheim@db/vault", "postgresql://ada:***@db/vault"),
        ("postgres://ada:geh%40eim@a:1,b:2/vault?x=1", "postgres://ada:***@a:1,b:2/vault?x=1"),
        ("postgresql://ada:ge@heim@db/vault", "postgresql://ada:***@db/vault"),
        ("postgresql://ada:geheim/geheim@db/vault", "postgresql://ada:***@db/vault"),
        ("postgresql://db/vault?password=geheim&user=ada", "postgresql://db/vault?password=***&user=ada"),
        ("postgresql://db/vault?sslpassword=geheim", "postgresql://db/vault?sslpassword=***"),
        ("postgresql://ada@db/vault", "postgresql://ada@db/vault"),
        ("postgresql:///vault", "postgresql:///vault"),
        ("/home/ada/a:b@c/vault.db", "/home/ada/a:b@c/vault.db"),
    ],
)
def test_a_place_is_shown_without_its_password(place: str, said: str) -> None:
    assert shown(place) == said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:geheim/geheim@db/vault",
        "postgresql://ada:ge%zzheim@db/vault",
        "postgresql://ada:geheim@db:portgeheim/vault?nonsense=geheim",
        "postgresql://db/vault?password=geheim&nonsense=1",
        "postgresql://ada:geheim@[::1/vault",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(MailgrantError) as caught:
        open_store(url)

    assert isinstance(caught.value, SettingsError | VaultError)
    assert "geheim@" not in told(caught.value)
    assert "=geheim" not in told(caught.value).replace("nonsense=geheim", "")


def told(error: BaseException) -> str:
    """Return all that a log could say about an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize("password", ["geheim", "ge:h@e/i?m#%"])
def test_a_password_that_is_wrong_is_not_shown(postgres_server: PostgresServer, password: str) -> None:
    url = postgres_server.url("postgres", password=quote(password, safe=""))

    with pytest.raises(VaultError, match="password authentication failed") as caught:
        open_store(url)

    assert password not in told(caught.value)
    assert quote(password, safe="") not in told(caught.value)


def test_no_repr_and_no_message_shows_a_password(postgres_url: str, store: PostgresStore, tmp_path: Path) -> None:
    settings = Settings(vault=postgres_url, config_folder=tmp_path, data_folder=tmp_path)
    with pytest.raises(VaultError) as caught:
        settings.open_vault(clock=lambda: datetime.now(UTC), entropy=bytes, create=False)

    store.grants.put(Row("one", version=1, sealed=b"x"), expect=0)
    for said in (repr(store), repr(store._link), store.place, repr(settings), settings.vault_place()):
        assert PASSWORD not in said
    assert PASSWORD not in told(caught.value)


def test_where_no_server_listens_the_error_names_the_place() -> None:
    port = free_port()

    with pytest.raises(VaultError, match=rf"postgresql://ada:\*\*\*@127\.0\.0\.1:{port}/vault cannot be reached"):
        open_store(f"postgresql://ada:geheim@127.0.0.1:{port}/vault")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["init"], 0), (["vault", "status"], 1), (["init", "--key", "nonsense"], 2), (["status"], 1)],
)
@pytest.mark.parametrize("how", [[], ["--json"], ["--verbose"]])
def test_no_command_shows_the_password(postgres_url: str, how: list[str], arguments: list[str], code: int) -> None:
    program = "import sys; from mailgrant.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "--vault", postgres_url, *how, *arguments]

    run = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run.returncode == code, run.stderr
    assert PASSWORD not in run.stdout + run.stderr
