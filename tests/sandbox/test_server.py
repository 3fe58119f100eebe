"""The server: a sandbox on a real port, cut connections, and Google's own client on it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from mailgrant.errors import MailgrantError
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.serving.server import Served, listen, serve

from .conftest import NOON

LABELS = "/gmail/v1/users/me/labels"
METHOD = "gmail.users.labels.list"
MAIL = "https://mail.google.com/"
SCOPES = ["openid", "https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/gmail.labels"]


@pytest.fixture
def served(world: Sandbox) -> Iterator[Served]:
    """The sandbox on a port."""
    with world.serve() as served:
        yield served


def connect(served: Served, timeout: float = 10) -> closing[http.client.HTTPConnection]:
    """Return a connection to a served sandbox, to be used in a `with`."""
    return closing(http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=timeout))


def read_labels(connection: http.client.HTTPConnection, token: str) -> int:
    """Read the labels on a connection and return the status."""
    connection.request("GET", LABELS, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def get_labels(served: Served, token: str, timeout: float = 10) -> int:
    """Read the labels on a connection of their own and return the status."""
    with connect(served, timeout) as connection:
        return read_labels(connection, token)


def follow(url: str) -> str:
    """Open an address as a browser would and return where it is sent on to."""
    host, _, path = url.removeprefix("http://").partition("/")
    with closing(http.client.HTTPConnection(host)) as connection:
        connection.request("GET", f"/{path}")
        target = connection.getresponse().getheader("Location")
    assert target is not None
    return target


@pytest.fixture
def token(world: Sandbox) -> str:
    """A token for everything in Ada's mailbox."""
    text: str = world.authorize("ada@example.com", scopes=[MAIL])["token"]
    return text


def test_a_connection_is_kept_and_answers_look_like_googles(served: Served, token: str) -> None:
    with connect(served) as connection:
        statuses = [read_labels(connection, token) for _ in range(3)]
        connection.request("GET", LABELS)
        answer = connection.getresponse()
        body = answer.read()

    assert statuses == [200, 200, 200]
    assert answer.status == 401
    assert answer.getheader("Server") == "ESF"
    assert answer.getheader("Content-Length") == str(len(body))


@pytest.mark.parametrize(("moment", "status"), [("before", None), ("after", 200)])
def test_a_drop_closes_the_connection_without_a_byte(
    world: Sandbox, served: Served, token: str, moment: str, status: int | None
) -> None:
    world.fault(METHOD, drop=moment)

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        get_labels(served, token)

    assert [entry.status for entry in world.requests] == [status]
    assert get_labels(served, token) == 200


def test_late_closes_the_connection_and_does_the_work_afterwards(world: Sandbox, served: Served, token: str) -> None:
    world.fault(METHOD, late="100ms")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        get_labels(served, token)

    assert world.requests == []
    deadline = time.monotonic() + 5
    while not world.requests and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert [entry.status for entry in world.requests] == [200]


def test_a_delay_holds_up_its_own_request_and_no_other(world: Sandbox, served: Served, token: str) -> None:
    world.fault(METHOD, delay="2s")
    slow = threading.Thread(target=lambda: get_labels(served, token))
    started = time.monotonic()
    slow.start()
    while list(world.faults):
        threading.Event().wait(0.005)

    assert get_labels(served, token) == 200
    assert slow.is_alive()
    slow.join()
    assert time.monotonic() - started >= 2


def test_a_hanging_request_is_never_answered_and_holds_up_no_shutdown(world: Sandbox, token: str) -> None:
    world.fault(METHOD, hang=True)
    with world.serve() as served:
        with pytest.raises(TimeoutError):
            get_labels(served, token, timeout=0.3)
        started = time.monotonic()

    assert time.monotonic() - started < 3
    assert world.requests[0].fault == "hang"


def test_a_large_upload_arrives_whole(world: Sandbox, served: Served, token: str) -> None:
    mail = b"From: ada@example.com\r\nTo: grace@example.com\r\nSubject: Large\r\n\r\n" + b"0123456789abcde\n" * 200_000
    request = Request(
        f"{served.url}/upload/gmail/v1/users/me/messages/send?uploadType=media",
        data=mail,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"},
    )

    with urlopen(request) as answer:
        assert answer.status == 200
    assert world.sent[0].raw.count(b"0123456789abcde") == 200_000


def test_the_client_file_leads_here_while_it_is_served_and_to_google_otherwise(world: Sandbox) -> None:
    with world.serve() as served:
        here = world.client_secrets("installed")["installed"]

    assert here["auth_uri"] == f"{served.url}/o/oauth2/auth"
    assert here["token_uri"] == f"{served.url}/token"
    assert world.client_secrets("web")["web"]["token_uri"] == "https://oauth2.googleapis.com/token"


def test_a_taken_port_is_an_error_that_says_so(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])

    with pytest.raises(MailgrantError, match=f"Port {port} on 127.0.0.1 is taken"):
        listen("127.0.0.1", port)


def test_only_loopback_is_served() -> None:
    with pytest.raises(MailgrantError, match="loopback only"):
        listen("0.0.0.0", 0)


def test_two_sandboxes_are_two_worlds() -> None:
    one, two = Sandbox(NOON), Sandbox(NOON)
    with one.serve() as first, two.serve() as second:
        token = one.authorize("ada@example.com", scopes=[MAIL])["token"]

        assert get_labels(first, token) == 200
        assert get_labels(second, token) == 401


RUN = """
import sys
from datetime import timedelta
from pathlib import Path
from mailgrant.sandbox.serving.server import RunOptions, run
sys.exit(run(RunOptions(port=0, consent="auto", ready_file=Path(sys.argv[1]))))
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A sandbox in a process of its own, its temporary files and its ready file under `tmp_path`."""
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path / "ready.json")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    ) as process:
        yield process
        if process.poll() is None:
            process.kill()


def ready_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the line that a sandbox prints when it is ready."""
    assert process.stdout is not None
    ready: dict[str, Any] = json.loads(process.stdout.readline())
    return ready


def test_run_announces_itself_with_files_that_lead_here(running: subprocess.Popen[str], tmp_path: Path) -> None:
    ready = ready_line(running)
    secrets = Path(ready["client_secrets"]["installed"])
    client = json.loads(secrets.read_text())["installed"]
    googles = json.loads(Path(ready["google_client_secrets"]["web"]).read_text())["web"]
    robot = Path(ready["service_account"])
    with urlopen(ready["control"]) as answer:
        index = json.load(answer)

    assert json.loads((tmp_path / "ready.json").read_text()) == ready
    assert ready["accounts"] == ["ada@example.com", "grace@example.com"]
    assert client["token_uri"] == f"{ready['url']}/token"
    assert googles["token_uri"] == "https://oauth2.googleapis.com/token"
    assert json.loads(robot.read_text())["token_uri"] == f"{ready['url']}/token"
    assert index["consent"] == "auto"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (secrets, robot, robot.parent, tmp_path / "ready.json")]
    assert modes == [0o600, 0o600, 0o700, 0o600]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_run_ends_at_once_and_leaves_nothing_behind(
    running: subprocess.Popen[str], tmp_path: Path, how: signal.Signals
) -> None:
    ready_line(running)

    running.send_signal(how)

    assert running.wait(timeout=10) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "ready.json").exists()


def test_latency_is_waited_before_every_request(world: Sandbox) -> None:
    with serve(world, latency=timedelta(milliseconds=50)) as served, connect(served) as connection:
        started = time.monotonic()
        connection.request("GET", "/nowhere")

        assert connection.getresponse().status == 404
        assert time.monotonic() - started >= 0.05


def test_googles_own_installed_app_flow_and_refresh_work(
    world: Sandbox, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from google.auth.transport.requests import Request as GoogleRequest
    from google_auth_oauthlib.flow import InstalledAppFlow

    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    flow = InstalledAppFlow.from_client_config(world.client_secrets(), SCOPES, redirect_uri="http://localhost:1/")
    url, _ = flow.authorization_url(login_hint="grace@example.com")
    flow.fetch_token(authorization_response=follow(url))
    credentials = flow.credentials
    assert set(credentials.granted_scopes) == set(SCOPES)
    assert credentials.refresh_token.startswith("1//0")
    world.clock.advance(timedelta(hours=2))
    old = credentials.token

    credentials.refresh(GoogleRequest())

    assert credentials.token != old
    assert credentials.valid
    assert get_labels(served, credentials.token) == 200
    world.revoke("grace@example.com")
    with pytest.raises(Exception, match=r"invalid_grant: Token has been expired or revoked\."):
        credentials.refresh(GoogleRequest())


def test_googles_verifier_accepts_the_id_token(world: Sandbox, served: Served) -> None:
    from google.auth.transport.requests import Request as GoogleRequest
    from google.oauth2 import id_token

    client = world.client_secrets()["installed"]
    token = world.key.sign(
        {
            "iss": "https://accounts.google.com",
            "aud": client["client_id"],
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
        }
    )

    for form in ("/oauth2/v1/certs", "/oauth2/v3/certs"):
        claims = id_token.verify_token(token, GoogleRequest(), client["client_id"], certs_url=served.url + form)
        assert claims["aud"] == client["client_id"]


def test_authlib_finds_its_way_by_the_metadata(world: Sandbox, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from authlib.integrations.requests_client import OAuth2Session

    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with urlopen(f"{served.url}/.well-known/openid-configuration") as answer:
        metadata = json.load(answer)
    client = world.client_secrets()["installed"]
    session = OAuth2Session(
        client["client_id"],
        client["client_secret"],
        scope=" ".join(SCOPES),
        redirect_uri="http://127.0.0.1:5/",
        code_challenge_method="S256",
    )
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier="v" * 48, access_type="offline"
    )

    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=follow(url), state=state, code_verifier="v" * 48
    )

    assert session.get(metadata["userinfo_endpoint"]).json()["email"] == "ada@example.com"
    assert session.refresh_token(metadata["token_endpoint"], token["refresh_token"])["access_token"]


def test_a_port_is_free_again_after_the_sandbox_is_gone(world: Sandbox) -> None:
    with world.serve() as served:
        port = int(served.url.rpartition(":")[2])

    with socket.create_server(("127.0.0.1", port)):
        pass
