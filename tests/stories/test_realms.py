"""Google and a sandbox never mix, and no file chooses where a secret is sent."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Mailgrant
from mailgrant.errors import MailgrantError, SettingsError, VaultError
from mailgrant.sandbox import Sandbox
from mailgrant.settings import Settings

from .conftest import write_json
from .people import Person

ADA = "ada@example.com"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"


@pytest.fixture
def recorder() -> Iterator[tuple[str, list[bytes]]]:
    """A server at another address that writes down whatever reaches it."""
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path.encode() + self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(200)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()
        thread.join()


def test_a_foreign_address_in_any_file_receives_no_byte_of_a_secret(
    sandbox: Sandbox, tmp_path: Path, recorder: tuple[str, list[bytes]], person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, heard = recorder
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, address)
    client = sandbox.client_secrets("installed")
    for field in ("auth_uri", "token_uri", "auth_provider_x509_cert_url"):
        client["installed"][field] = f"{address}/{field}"
    token = sandbox.authorize(ADA, scopes=READONLY) | {"token_uri": f"{address}/token"}
    client_file = write_json(tmp_path / "client_secret.json", client)
    token_file = write_json(tmp_path / "token.json", token)

    with Mailgrant(vault=":memory:", google=sandbox.url, client_secrets=client_file) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "gmail.readonly", redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(consent.url))
        mailgrant.account(ADA).gmail.profile()
        mailgrant.import_grant(token_file, account=ADA, user="17")
        with contextlib.closing(mailgrant.account(user="17").google("gmail", "v1")) as service:
            service.users().getProfile(userId="me").execute()
        mailgrant.forget(user="17")

    assert heard == []
    assert address not in consent.url


@pytest.mark.parametrize("field", ["auth_uri", "token_uri", "auth_provider_x509_cert_url"])
def test_a_client_file_that_leads_elsewhere_is_refused_by_name(sandbox: Sandbox, tmp_path: Path, field: str) -> None:
    client = sandbox.client_secrets("installed")
    client["installed"][field] = "https://accounts.google.com.evil.example/token"
    path = write_json(tmp_path / "client_secret.json", client)

    with Mailgrant(vault=":memory:", google=sandbox.url) as mailgrant, pytest.raises(SettingsError) as caught:
        mailgrant.add_client(path)

    assert field in str(caught.value)
    assert "evil.example" in str(caught.value)


def test_a_sandboxs_client_file_without_a_sandbox_says_what_to_set(sandbox: Sandbox, client_file: Path) -> None:
    with Mailgrant(vault=":memory:") as mailgrant, pytest.raises(SettingsError) as caught:
        mailgrant.add_client(client_file)

    assert f"MAILGRANT_GOOGLE={sandbox.url}" in caught.value.hint


@pytest.mark.parametrize(
    "origin", ["http://example.com", "https://example.com", "http://10.0.0.1:80", "ftp://127.0.0.1", "127.0.0.1:8025"]
)
def test_only_this_machine_may_play_google_unless_settings_allow_it(origin: str) -> None:
    with pytest.raises(SettingsError):
        Mailgrant(google=origin)


def test_settings_may_allow_another_host_over_https(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('google = "https://sandbox.example"\nallow_google = ["https://sandbox.example"]\n')

    assert Settings.load(file=file).realm().origin == "https://sandbox.example"
    with pytest.raises(SettingsError):
        Settings.load(file=file, google="http://sandbox.example").realm()


def test_each_realm_has_a_vault_of_its_own_by_default(sandbox: Sandbox, client_file: Path) -> None:
    with Mailgrant(google=sandbox.url) as mailgrant:
        mailgrant.add_client(client_file)
    with Mailgrant() as mailgrant:
        at_google = mailgrant.clients()
    with Mailgrant(google=sandbox.url) as mailgrant:
        in_sandbox = mailgrant.clients()

    assert at_google == ()
    assert len(in_sandbox) == 1


def test_a_mistyped_vault_is_not_made(sandbox: Sandbox, tmp_path: Path) -> None:
    place = tmp_path / "typo" / "vault.db"
    with Mailgrant(vault=place, google=sandbox.url) as mailgrant:
        with pytest.raises(VaultError, match="no vault"):
            mailgrant.grants()
        with pytest.raises(VaultError, match="no vault"):
            mailgrant.account(ADA).gmail.profile()

    assert not place.parent.exists()


def test_a_vault_of_one_realm_is_not_opened_in_the_other(sandbox: Sandbox, client_file: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault.db"
    with Mailgrant(vault=vault, google=sandbox.url, client_secrets=client_file) as mailgrant:
        mailgrant.add_client(client_file)

    with Mailgrant(vault=vault) as mailgrant, pytest.raises(SettingsError, match="belongs to a sandbox"):
        mailgrant.grants()


def test_a_client_file_in_the_working_directory_that_others_may_write_is_left_alone(
    sandbox: Sandbox, client_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(client_file.parent)
    client_file.chmod(0o666)

    with Mailgrant(vault=":memory:", google=sandbox.url) as mailgrant, pytest.raises(MailgrantError, match="No OAuth"):
        mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")

    assert "left alone" in capsys.readouterr().err


def test_the_client_file_in_the_working_directory_is_named_and_then_in_the_vault(
    sandbox: Sandbox, client_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(client_file.parent)
    with Mailgrant(vault=":memory:", google=sandbox.url) as mailgrant:
        for _ in range(2):
            mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")

    assert capsys.readouterr().err.count(client_file.name) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"not json", "not JSON"),
        (b"[1]", "not a client secrets file"),
        (b'{"type": "service_account", "client_email": "x"}', "service account"),
        (b'{"refresh_token": "1//0x", "client_id": "a", "client_secret": "b"}', "token"),
        (b'{"installed": {"client_id": "a"}}', "client_secret"),
        (b'{"desktop": {}}', "installed"),
        (b"\x80\x04\x95", "not JSON"),
    ],
    ids=["empty", "text", "list", "service account", "token", "no secret", "other", "pickle"],
)
def test_a_wrong_client_file_is_named_for_what_it_is(
    sandbox: Sandbox, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "client.json"
    path.write_bytes(content)

    with (
        Mailgrant(vault=":memory:", google=sandbox.url) as mailgrant,
        pytest.raises(SettingsError, match=says) as error,
    ):
        mailgrant.add_client(path)

    assert str(path) in error.value.message
    assert error.value.hint


def test_a_folder_given_as_client_file_is_a_clear_error(sandbox: Sandbox, tmp_path: Path) -> None:
    with Mailgrant(vault=":memory:", google=sandbox.url) as mailgrant:
        with pytest.raises(SettingsError, match="folder"):
            mailgrant.add_client(tmp_path)
        with pytest.raises(SettingsError, match="cannot be read"):
            mailgrant.add_client(tmp_path / "missing.json")


def test_settings_that_do_not_exist_are_refused_with_what_does(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('vualt = "x"\n')

    with pytest.raises(SettingsError, match="vualt") as caught:
        Settings.load(file=file)

    assert "vault" in caught.value.hint
    assert json.dumps("vualt") not in caught.value.hint
