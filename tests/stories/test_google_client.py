"""Google's own client on our credentials: the refresh token stays, and no write is sent twice."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload

from mailgrant import Account, AsyncMailgrant, Mailgrant, Secret
from mailgrant.adapters.google import RefreshHandler
from mailgrant.errors import NoAnswer
from mailgrant.sandbox import Sandbox

from .people import Person

ADA = "ada@example.com"
GRACE = "grace@example.com"
RAW = b"To: grace@example.com\r\nSubject: Once\r\n\r\nHello\r\n"


@pytest.fixture
def ada(office: dict[str, Any], person: Person) -> Iterator[Account]:
    with Mailgrant(**office) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(consent.url))
        yield mailgrant.account(ADA)


@pytest.fixture
def service(ada: Account) -> Iterator[Any]:
    with closing(ada.google("gmail", "v1")) as client:
        yield client


def raw(message: bytes) -> dict[str, str]:
    return {"raw": base64.urlsafe_b64encode(message).decode()}


def test_calls_uploads_and_batches_all_go_to_the_sandbox(sandbox: Sandbox, service: Any) -> None:
    upload = MediaInMemoryUpload(RAW, mimetype="message/rfc822")
    answers: list[Any] = []

    service.users().messages().send(userId="me", body=raw(RAW)).execute()
    service.users().messages().send(userId="me", media_body=upload).execute()
    batch = service.new_batch_http_request(callback=lambda _, answer, error: answers.append(error or answer))
    batch.add(service.users().getProfile(userId="me"))
    batch.add(service.users().labels().get(userId="me", id="SENT"))
    batch.execute()

    assert len(sandbox.account(GRACE).inbox) == 2
    assert answers[0]["emailAddress"] == ADA
    assert answers[1]["messagesTotal"] == 2


def test_the_credentials_hold_no_refresh_token(ada: Account) -> None:
    credentials = ada.credentials()
    credentials.refresh(None)

    assert credentials.refresh_token is None
    assert credentials.client_secret is None
    assert 'refresh_token": null' in credentials.to_json() or "refresh_token" not in credentials.to_json()
    assert credentials.expiry.tzinfo is None
    assert (credentials.expiry - datetime.now(UTC).replace(tzinfo=None)).total_seconds() > 240


def test_a_refused_token_is_refreshed_once_and_the_call_repeated(sandbox: Sandbox, service: Any) -> None:
    service.users().getProfile(userId="me").execute()
    sandbox.expire_tokens(ADA)

    service.users().getProfile(userId="me").execute()

    refreshes = [entry for entry in sandbox.requests if entry.grant_type == "refresh_token"]
    assert len(refreshes) == 1


def test_a_storm_of_refused_tokens_in_many_clients_is_one_refresh(sandbox: Sandbox, ada: Account) -> None:
    def ask_twice(_: int) -> str:
        with closing(ada.google("gmail", "v1")) as client:
            client.users().getProfile(userId="me").execute()
            ready.wait()
            refused.wait()
            return str(client.users().getProfile(userId="me").execute()["emailAddress"])

    ready, refused = threading.Barrier(9), threading.Event()
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(ask_twice, range(8))
        ready.wait()
        sandbox.expire_tokens(ADA)
        refused.set()
        people = list(answers)

    assert people == [ADA] * 8
    assert len([entry for entry in sandbox.requests if entry.grant_type == "refresh_token"]) == 1


def test_a_token_in_its_last_minutes_is_refreshed_and_was_not_refused() -> None:
    asked: list[Secret | None] = []

    def fetch(refused: Secret | None) -> tuple[Secret, datetime]:
        asked.append(refused)
        return Secret(f"token {len(asked)}"), datetime.now(UTC) + lives[len(asked) - 1]

    lives = [timedelta(minutes=3), timedelta(hours=1), timedelta(hours=1)]
    handler = RefreshHandler(fetch)
    for _ in range(3):
        token, expiry = handler(None, None)

    assert asked == [None, None, Secret("token 2")]
    assert token == "token 3" and expiry.tzinfo is None


def test_google_auth_hears_why_there_is_no_token_with_four_minutes_left(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(consent.url))
        sandbox.clock.advance(timedelta(minutes=57))
        sandbox.fault("oauth2.token", drop="before")

        with pytest.raises(NoAnswer):
            mailgrant.account(ADA).credentials().refresh(None)


def test_a_second_client_gets_the_token_that_is_still_good(sandbox: Sandbox, ada: Account) -> None:
    for _ in range(2):
        with closing(ada.google("gmail", "v1")) as service:
            service.users().getProfile(userId="me").execute()

    assert not [entry for entry in sandbox.requests if entry.grant_type == "refresh_token"]


def test_a_send_whose_answer_was_lost_is_not_sent_again(sandbox: Sandbox, service: Any) -> None:
    sandbox.fault("gmail.users.messages.send", drop="after")

    with pytest.raises(OSError, match="not sent again"):
        service.users().messages().send(userId="me", body=raw(RAW)).execute()

    assert len(sandbox.account(GRACE).inbox) == 1


def test_a_read_whose_answer_was_lost_is_asked_again(sandbox: Sandbox, service: Any) -> None:
    sandbox.fault("gmail.users.getProfile", drop="before")

    assert service.users().getProfile(userId="me").execute()["emailAddress"] == ADA


def test_googles_errors_are_googles(service: Any) -> None:
    with pytest.raises(HttpError) as caught:
        service.users().messages().get(userId="me", id="19b0000000000001").execute()

    assert caught.value.status_code == 404


def test_the_awaiting_twin_serves_googles_client_in_a_thread(office: dict[str, Any], person: Person) -> None:
    async def story() -> str:
        async with AsyncMailgrant(**office) as mailgrant:
            consent = await mailgrant.consents.begin(ADA, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
            await mailgrant.consents.complete(person.agree(consent.url))
            with closing(mailgrant.account(ADA).google("gmail", "v1")) as service:
                profile = await asyncio.to_thread(service.users().getProfile(userId="me").execute)
            again = mailgrant.account(ADA).google("gmail", "v1")
            with closing(again), pytest.raises(RuntimeError, match="to_thread"):
                again.users().getProfile(userId="me").execute()
            return str(profile["emailAddress"])

    assert asyncio.run(story()) == ADA
