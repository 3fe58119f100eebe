"""What `--data` keeps for programs that are told of changes, and not for uploads."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.courier import Parcel
from mailgrant.sandbox.keeping.data import keeping
from mailgrant.sandbox.oauth.clients import DEFAULT_PROJECT

from .caller import Caller
from .conftest import NOON
from .mailing import ADA, Gmail, mail

TOPIC = f"projects/sandbox-{DEFAULT_PROJECT}/topics/mail"
WEBHOOK = "http://127.0.0.1:9/push"
CALENDAR = "https://www.googleapis.com/auth/calendar"


@contextmanager
def day(folder: Path, **about: Any) -> Iterator[Sandbox]:
    """A day in the life of a sandbox, at the end of which it is stopped."""
    world = Sandbox(about.pop("now", None), **about)
    with keeping(world, folder):
        yield world


@pytest.fixture
def parcels(monkeypatch: pytest.MonkeyPatch) -> list[Parcel]:
    """What couriers are given to take to webhooks."""
    given: list[Parcel] = []
    monkeypatch.setattr("mailgrant.sandbox.courier.Courier.take", lambda _, parcel: given.append(parcel))
    return given


def test_a_watch_on_a_mailbox_goes_on_after_a_restart(tmp_path: Path, parcels: list[Parcel]) -> None:
    with day(tmp_path, now=NOON) as world:
        topic = {"topic": TOPIC, "push": WEBHOOK}
        assert Caller(world).control("POST", "topics", topic).status == 201
        Gmail(world).call("POST", "watch", {"topicName": TOPIC})
    parcels.clear()

    with day(tmp_path) as world:
        world.clock.advance(timedelta(seconds=2))
        world.deliver(mail("News"), to=ADA)

        assert [parcel.address for parcel in parcels] == [WEBHOOK]
        told = json.loads(b64decode(json.loads(parcels[0].body)["message"]["data"]))
        assert told["historyId"] == world.people.find(ADA).mailbox.history.current  # type: ignore[union-attr]


def test_a_channel_goes_on_after_a_restart_and_counts_on(tmp_path: Path, parcels: list[Parcel]) -> None:
    asked = json.dumps({"id": "lunch", "type": "web_hook", "address": WEBHOOK, "token": "noon"}).encode()
    with day(tmp_path, now=NOON) as world:
        caller = Caller(world).sign_in(CALENDAR, email=ADA)
        headers = {"content-type": "application/json"}
        path = "/calendar/v3/calendars/primary/events/watch"
        assert caller.request("POST", path, body=asked, headers=headers).status == 200
    parcels.clear()

    with day(tmp_path) as world:
        world.account(ADA).add_event("Lunch", start=NOON, end=NOON + timedelta(hours=1))

        told = [dict(parcel.headers) for parcel in parcels]
        assert [one["X-Goog-Channel-ID"] for one in told] == ["lunch"]
        assert (told[0]["X-Goog-Message-Number"], told[0]["X-Goog-Channel-Token"]) == ("2", "noon")


def test_an_upload_that_was_under_way_has_to_begin_again(tmp_path: Path) -> None:
    path = "/upload/gmail/v1/users/me/messages?uploadType=resumable"
    headers = {"content-type": "application/json", "x-upload-content-type": "message/rfc822"}
    with day(tmp_path, now=NOON) as world:
        caller = Caller(world).sign_in("https://mail.google.com/", email=ADA)
        place = caller.request("POST", path, headers=headers).header("Location") or ""

    with day(tmp_path) as world:
        caller = Caller(world).sign_in("https://mail.google.com/", email=ADA)
        target = path + "&upload_id=" + place.rpartition("upload_id=")[2]

        assert caller.request("PUT", target, body=mail("Late")).status == 404
