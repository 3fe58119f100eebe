"""Python programs written for Google reach the sandbox unchanged, whatever their library makes of proxies."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from mailgrant.sandbox.oauth.clients import ClientKind

from .conftest import Led

LABELS = "https://gmail.googleapis.com/gmail/v1/users/me/labels"


def test_urllib_reaches_it_through_the_proxy(led: Led) -> None:
    printed = led.python(
        f"""
        from urllib.request import Request, urlopen
        request = Request("{LABELS}", headers={{"Authorization": "Bearer {led.token()}"}})
        with urlopen(request) as answer:
            print(answer.status, answer.headers["Server"])
        """
    )

    assert printed.split() == ["200", "ESF"]
    assert led.methods == ["gmail.users.labels.list"]


def test_urllib_reaches_it_by_plain_http_too(led: Led) -> None:
    printed = led.python(
        """
        from urllib.request import urlopen
        for _ in range(2):
            with urlopen("http://www.googleapis.com/oauth2/v3/certs?alt=json") as answer:
                print(answer.status)
        """
    )

    assert printed.split() == ["200", "200"]


def test_requests_keeps_its_connection_across_calls(led: Led) -> None:
    printed = led.python(
        f"""
        import requests
        with requests.Session() as session:
            session.headers["Authorization"] = "Bearer {led.token()}"
            for _ in range(3):
                print(session.get("{LABELS}").status_code)
        """
    )

    assert printed.split() == ["200"] * 3


def test_requests_reaches_it_without_the_proxy_by_the_hook(led: Led) -> None:
    printed = led.python(
        """
        import requests
        with requests.Session() as session:
            session.trust_env = False
            print(session.get("https://openidconnect.googleapis.com/v1/userinfo").status_code)
        """
    )

    assert printed.split() == ["401"]


def test_a_program_that_names_its_own_certificates_believes_the_sandbox_all_the_same(led: Led) -> None:
    printed = led.python(
        """
        import ssl, certifi
        from urllib.request import urlopen
        context = ssl.create_default_context(cafile=certifi.where())
        with urlopen("https://www.googleapis.com/oauth2/v3/certs", context=context) as answer:
            print(answer.status)
        """
    )

    assert printed.split() == ["200"]


def test_google_auth_refreshes_at_the_hard_coded_token_address(led: Led) -> None:
    printed = led.python(
        f"""
        from google.auth.transport.requests import AuthorizedSession, Request
        from google.oauth2.credentials import Credentials
        credentials = Credentials.from_authorized_user_file({led.authorized_user()!r})
        credentials.refresh(Request())
        calendars = "https://www.googleapis.com/calendar/v3/users/me/calendarList"
        print(credentials.valid, AuthorizedSession(credentials).get(calendars).status_code)
        """
    )

    assert printed.split() == ["True", "200"]
    assert led.methods == ["oauth2.token", "calendar.calendarList.list"]


def test_google_auth_oauthlib_walks_the_whole_consent_with_googles_own_client_file(led: Led) -> None:
    client = led.folder / "client_secret.json"
    client.write_text(json.dumps(led.world.clients.default(ClientKind.INSTALLED).file()))
    printed = led.python(
        f"""
        import urllib.parse, requests
        from google_auth_oauthlib.flow import Flow
        flow = Flow.from_client_secrets_file(
            {str(client)!r}, scopes=["https://www.googleapis.com/auth/gmail.labels"], redirect_uri="http://localhost:1/"
        )
        url, _ = flow.authorization_url(access_type="offline", login_hint="ada@example.com")
        assert url.startswith("https://accounts.google.com/")
        while url.startswith("https://"):
            url = urllib.parse.urljoin(url, requests.get(url, allow_redirects=False).headers["Location"])
        flow.fetch_token(code=urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["code"][0])
        print(flow.credentials.token_uri, bool(flow.credentials.refresh_token))
        """
    )

    assert printed.split() == ["https://oauth2.googleapis.com/token", "True"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_an_installed_app_gets_its_answer_when_the_browser_is_led_too(led: Led) -> None:
    client = led.folder / "client_secret.json"
    client.write_text(json.dumps(led.world.clients.default(ClientKind.INSTALLED).file()))
    printed = led.python(
        f"""
        from google_auth_oauthlib.flow import InstalledAppFlow
        scopes = ["https://www.googleapis.com/auth/gmail.labels"]
        flow = InstalledAppFlow.from_client_secrets_file({str(client)!r}, scopes=scopes)
        print(flow.run_local_server(port=0, authorization_prompt_message="").valid)
        """,
        BROWSER="curl --silent --location --output /dev/null %s &",
    )

    assert printed.split() == ["True"]


GOOGLE_CLIENT = """
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
credentials = Credentials.from_authorized_user_file({credentials!r})
gmail = build("gmail", "v1", credentials=credentials)
"""


def google_client(led: Led, rest: str) -> str:
    """Run a program that has built Google's Gmail client."""
    return led.python(GOOGLE_CLIENT.format(credentials=led.authorized_user()) + rest)


def test_googles_client_calls_the_calendar(led: Led) -> None:
    printed = google_client(
        led,
        """
calendar = build("calendar", "v3", credentials=credentials)
event = {"summary": "Lunch", "start": {"date": "2026-03-04"}, "end": {"date": "2026-03-05"}}
print(calendar.events().insert(calendarId="primary", body=event).execute()["summary"])
""",
    )

    assert printed.split() == ["Lunch"]


def test_googles_client_uploads_media(led: Led) -> None:
    google_client(
        led,
        """
from googleapiclient.http import MediaInMemoryUpload
mail = b"To: grace@example.com\\r\\nSubject: Minutes\\r\\n\\r\\n" + b"x" * 500_000
for resumable in (False, True):
    media = MediaInMemoryUpload(mail, mimetype="message/rfc822", resumable=resumable)
    gmail.users().messages().send(userId="me", media_body=media).execute()
""",
    )

    assert [sent.raw.count(b"x") // 1000 for sent in led.world.sent] == [500, 500]


def test_googles_client_sends_batches_to_the_real_batch_addresses(led: Led) -> None:
    printed = google_client(
        led,
        """
calendar = build("calendar", "v3", credentials=credentials)
label = gmail.users().labels().get(userId="me", id="SENT")
for api, call in ((gmail, label), (calendar, calendar.calendars().get(calendarId="primary"))):
    batch = api.new_batch_http_request(callback=lambda number, answer, error: print(error is None))
    batch.add(call)
    batch.execute()
""",
    )

    assert printed.split() == ["True", "True"]


def test_an_asyncio_program_that_knows_no_proxy_is_led_by_the_hook(led: Led) -> None:
    printed = led.python(
        """
        import asyncio

        async def ask() -> None:
            reader, writer = await asyncio.open_connection("www.googleapis.com", 443, ssl=True)
            writer.write(b"GET /oauth2/v3/certs HTTP/1.0\\r\\nHost: www.googleapis.com\\r\\n\\r\\n")
            print((await reader.readline()).decode())
            writer.close()

        asyncio.run(ask())
        """
    )

    assert printed.split()[1] == "200"


def test_a_raw_socket_that_connects_by_name_is_led_by_the_hook(led: Led) -> None:
    printed = led.python(
        """
        import socket, ssl
        with socket.socket() as plain:
            plain.connect(("accounts.google.com", 443))
            with ssl.create_default_context().wrap_socket(plain, server_hostname="accounts.google.com") as secure:
                secure.sendall(b"GET /o/oauth2/auth HTTP/1.0\\r\\nHost: accounts.google.com\\r\\n\\r\\n")
                print(secure.makefile().readline())
        """
    )

    assert printed.split()[1] == "302"


def test_a_lookup_of_any_other_name_is_left_alone(led: Led) -> None:
    printed = led.python(
        """
        import socket
        print({entry[4][:2] for entry in socket.getaddrinfo("127.0.0.1", 8025)})
        """
    )

    assert printed.strip() == "{('127.0.0.1', 8025)}"


@pytest.mark.parametrize("host", ["smtp.gmail.com", "imap.gmail.com", "gmail.mtls.googleapis.com"])
def test_a_host_that_speaks_something_else_is_refused_in_words(led: Led, host: str) -> None:
    done = led.run(sys.executable, "-c", f"import socket; socket.create_connection(({host!r}, 587))")

    assert done.returncode == 1
    assert f"{host} is refused" in done.stderr.splitlines()[-1]


def test_an_existing_sitecustomize_still_runs(led: Led) -> None:
    own = led.folder / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins\nbuiltins.greeting = f'from {__name__}'\n")

    printed = led.python(
        """
        import sitecustomize, socket
        print(greeting, sitecustomize.greeting if hasattr(sitecustomize, "greeting") else sitecustomize.__file__)
        print(socket.getaddrinfo("gmail.googleapis.com", 443)[0][4][0])
        """,
        PYTHONPATH=f"{led.environ['PYTHONPATH']}:{own}",
    )

    assert printed.split() == ["from", "sitecustomize", str(own / "sitecustomize.py"), "127.0.0.1"]


def test_a_broken_sitecustomize_is_as_broken_as_without_the_hook(led: Led) -> None:
    own = led.folder / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("raise RuntimeError('mine')\n")

    done = led.run(sys.executable, "-c", "print(1)", PYTHONPATH=f"{led.environ['PYTHONPATH']}:{own}")

    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "mine" in done.stderr


def test_a_hook_that_is_told_nonsense_does_not_break_the_program(led: Led) -> None:
    done = led.run(sys.executable, "-c", "print(1)", MAILGRANT_SANDBOX_HOOK="{")

    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "this program is not led" in done.stderr


def test_mailgrant_itself_finds_the_sandbox_and_a_vault_of_its_own(led: Led) -> None:
    printed = led.python(
        """
        from mailgrant import Settings
        settings = Settings.load()
        print(settings.google, settings.vault)
        """
    )

    assert printed.split() == [led.entrance.url, str(led.folder / "vault.db")]
