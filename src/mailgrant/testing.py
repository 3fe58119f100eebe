"""
Fixtures for pytest: a Google of the test's own, and clients that are already signed in.

    def test_lunch_is_announced(sandbox, mailgrant):
        announce_lunch(mailgrant.account("ada@example.com"))
        assert sandbox.account("grace@example.com").inbox[0].subject == "Lunch"

pytest finds this module by itself once mailgrant is installed. It loads at the start of every test
run on the machine, so everything else is imported by the fixture that needs it.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from mailgrant import Mailgrant
    from mailgrant.http import Outcome, Request
    from mailgrant.sandbox import Sandbox

ADA = "ada@example.com"
GRACE = "grace@example.com"
PEOPLE = {ADA: "Ada Lovelace", GRACE: "Grace Hopper"}
# What Ada and Grace have granted to `mailgrant`: enough to read, write and send, not to delete for good.
GRANTED = ("gmail.modify", "calendar")
# What `Patience` is in a test: nothing in a sandbox takes longer unless it is told to.
WAITS = {"still_running": 0.2, "between_looks": 0.05, "giving_up": 2.0}
# What `google_service` may do unless it is told: everything.
EVERYTHING = ("gmail.full", "gmail.settings.basic", "gmail.settings.sharing", "calendar")

GoogleService: TypeAlias = Callable[..., Any]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """
    A Google on a port of this machine: Ada and Grace with empty mailboxes, and nobody else.

    Whoever is asked for consent says yes. Its address is `sandbox.url`.
    """
    world = _new_sandbox()
    for address, name in PEOPLE.items():
        world.account(address, name=name)
    with world.serve():
        yield world


@pytest.fixture
def mailgrant(sandbox: Sandbox) -> Iterator[Mailgrant]:
    """
    A Mailgrant on the sandbox, with a vault in memory and the sandbox's clock.

    Ada and Grace have granted `gmail.modify` and `calendar` already; whatever else is asked for takes
    a consent. Nothing of the machine's own settings, vault or environment is read.
    """
    with tempfile.TemporaryDirectory(prefix="mailgrant-testing-") as name:
        folder = Path(name)
        with _open_office(sandbox, folder) as office:
            office.add_client(sandbox.client_secrets("installed"))
            for address in PEOPLE:
                _grant(office, sandbox, address, folder)
            # What a test reads in the log is its own doing.
            sandbox.journal.clear()
            yield office


@pytest.fixture
def google_service(sandbox: Sandbox) -> Iterator[GoogleService]:
    """
    Make Google's own Python client on the sandbox: `google_service("gmail", "v1", "ada@example.com")`.

    The account is Ada unless told; one that is not there yet is added. `scopes` are short names or
    addresses, everything if none are given. Other options go to `build_from_document`.
    """
    with ExitStack() as open_services:

        def build(
            api: str, version: str, account: str = ADA, *, scopes: Iterable[str] = EVERYTHING, **options: Any
        ) -> Any:
            """Return a service object of google-api-python-client, signed in."""
            service = _build_service(sandbox, api, version, account, scopes, **options)
            open_services.callback(service.close)
            return service

        yield build


class InProcess:
    """
    A transport that carries requests into a sandbox without a network.

        Mailgrant(google="http://127.0.0.1:8025", vault=":memory:", transport=InProcess(Sandbox()))

    Nobody need listen at that address; it says that this is a sandbox and not Google.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def send(self, request: Request, *, timeout: float = 60.0) -> Outcome:
        """Carry one request there; a connection that a fault cuts is one without an answer."""
        from urllib.parse import urlsplit

        from mailgrant.http import Response, Unanswered
        from mailgrant.sandbox.frame.wire import HttpRequest

        place = urlsplit(request.url)
        target = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
        headers = {name.lower(): value for name, value in request.headers.items()} | {"host": place.netloc}
        try:
            answer = self._sandbox.handle(
                HttpRequest(request.method, target, headers=headers, body=request.body or b"")
            )
        except ConnectionResetError as error:
            return Unanswered(str(error), reached=True)
        return Response(
            answer.status, headers={name.lower(): value for name, value in answer.headers}, body=answer.body
        )

    def close(self) -> None:
        """Let go of nothing: there are no connections."""


def _new_sandbox() -> Sandbox:
    from mailgrant.errors import MissingExtra

    try:
        from mailgrant.sandbox.sandbox import Sandbox
    except ImportError as error:
        raise MissingExtra("sandbox", "The fixture `sandbox`") from error
    return Sandbox(seed="empty", consent="auto", quota="off")


def _open_office(sandbox: Sandbox, folder: Path) -> Mailgrant:
    from mailgrant import Mailgrant, Settings
    from mailgrant.errors import SandboxWarning

    settings = Settings(
        google=sandbox.url, vault=":memory:", quota="off", waits=WAITS, config_folder=folder, data_folder=folder
    )
    with warnings.catch_warnings():
        # A test knows that this is not Google, and its suite may turn warnings into errors.
        warnings.simplefilter("ignore", SandboxWarning)
        return Mailgrant(settings=settings, clock=sandbox.clock)


def _grant(office: Mailgrant, sandbox: Sandbox, address: str, folder: Path) -> None:
    """Let somebody consent without a page, and put the grant into the vault."""
    file = folder / f"{address}.json"
    granted = json.dumps(sandbox.authorize(address, scopes=_addresses(GRANTED)))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(granted)
    office.import_grant(file, account=address)
    file.unlink()


def _build_service(
    sandbox: Sandbox, api: str, version: str, account: str, scopes: Iterable[str], **options: Any
) -> Any:
    from google.oauth2.credentials import Credentials

    from mailgrant.adapters.google import build_service
    from mailgrant.oauth.realm import Realm

    assert sandbox.url is not None
    sandbox.account(account)
    granted = sandbox.authorize(account, scopes=_addresses(scopes))
    credentials = Credentials.from_authorized_user_info(granted)  # type: ignore[no-untyped-call]
    return build_service(api, version, credentials=credentials, realm=Realm.at(sandbox.url), **options)


def _addresses(scopes: Iterable[str]) -> list[str]:
    from mailgrant.oauth.scopes import Scopes

    return [str(scope) for scope in Scopes(scopes)]
