"""Channels: webhooks on this machine hear of every change to what they watch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.courier import Parcel, deliver
from mailgrant.sandbox.oauth.clients import ClientKind

from .conftest import ADA, GRACE, NOON, Desk


class Webhook:
    """A program that is told of changes; it answers `answers` in turn, then 200."""

    def __init__(self) -> None:
        self.heard: list[dict[str, str]] = []
        self.answers: list[int] = []
        webhook = self

        class Ear(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                webhook.heard.append({**self.headers, "path": self.path, "body": self.rfile.read(length).decode()})
                self.send_response(webhook.answers.pop(0) if webhook.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/calendar?of=ada"

    def states(self, world: Sandbox) -> list[str]:
        """Return what was heard so far, once everything is delivered."""
        assert world.channels.courier.rest()
        return [heard["X-Goog-Resource-State"] for heard in self.heard]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def watch(desk: Desk, webhook: Webhook, name: str = "events.watch", **more: Any) -> Any:
    body = {"id": "lunch-channel", "type": "web_hook", "address": webhook.address, **more}
    return desk.call(name, body)


def test_a_channel_begins_with_sync_and_tells_of_a_change(world: Sandbox, ada: Desk, webhook: Webhook) -> None:
    watch(ada, webhook)
    ada.add()

    assert webhook.states(world) == ["sync", "exists"]


def test_the_answer_and_the_notification_name_the_same_channel(world: Sandbox, ada: Desk, webhook: Webhook) -> None:
    channel = watch(ada, webhook, token="of=lunch")
    webhook.states(world)

    expires = datetime.fromtimestamp(int(channel["expiration"]) / 1000, UTC)
    assert expires - NOON - timedelta(days=7) < timedelta(seconds=30)
    assert channel["kind"] == "api#channel"
    uri = "https://www.googleapis.com/calendar/v3/calendars/ada@example.com/events?alt=json"
    heard = webhook.heard[0]
    assert (heard["path"], heard["body"]) == ("/calendar?of=ada", "")
    assert {name: value for name, value in heard.items() if name.startswith(("X-", "Content-T", "User"))} == {
        "Content-Type": "application/json; charset=UTF-8",
        "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
        "X-Goog-Channel-ID": channel["id"],
        "X-Goog-Channel-Token": "of=lunch",
        "X-Goog-Channel-Expiration": expires.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "X-Goog-Resource-ID": channel["resourceId"],
        "X-Goog-Resource-URI": uri,
        "X-Goog-Resource-State": "sync",
        "X-Goog-Message-Number": "1",
    }


def test_deletions_and_what_others_do_are_changes_too(world: Sandbox, ada: Desk, grace: Desk, webhook: Webhook) -> None:
    watch(grace, webhook)
    event = ada.add(attendees=[{"email": GRACE}])
    ada.call("events.delete", eventId=event["id"])
    world.account(GRACE).add_event("Tea", start=NOON, end=NOON + timedelta(hours=1))

    assert webhook.states(world) == ["sync", "exists", "exists", "exists"]
    assert [heard["X-Goog-Message-Number"] for heard in webhook.heard] == ["1", "2", "3", "4"]


def test_reading_and_refused_calls_are_no_changes(world: Sandbox, ada: Desk, webhook: Webhook) -> None:
    watch(ada, webhook)
    ada.listed()
    ada.refused("events.insert", {"summary": "No time"})

    assert webhook.states(world) == ["sync"]


@pytest.mark.parametrize(
    ("watched", "change"),
    [
        (
            "acl.watch",
            lambda ada: ada.call("acl.insert", {"role": "reader", "scope": {"type": "user", "value": GRACE}}),
        ),
        ("calendarList.watch", lambda ada: ada.call("calendars.insert", {"summary": "Work"})),
        ("settings.watch", lambda ada: ada.call("calendars.patch", {"timeZone": "Europe/Zurich"})),
    ],
    ids=["acl", "calendarList", "settings"],
)
def test_every_list_that_can_be_watched_tells_of_its_own(
    world: Sandbox, ada: Desk, webhook: Webhook, watched: str, change: Any
) -> None:
    watch(ada, webhook, watched)
    ada.add()
    change(ada)

    assert webhook.states(world) == ["sync", "exists"]


def test_a_calendar_that_goes_away_is_told_as_not_existing(world: Sandbox, ada: Desk, webhook: Webhook) -> None:
    work = ada.call("calendars.insert", {"summary": "Work"})["id"]
    body = {"id": "work-channel", "type": "web_hook", "address": webhook.address}
    ada.call("events.watch", body, calendarId=work)
    ada.call("calendars.delete", calendarId=work)
    ada.add()

    assert webhook.states(world) == ["sync", "not_exists"]


def test_a_calendar_that_is_shared_no_more_is_told_as_not_existing(
    world: Sandbox, ada: Desk, grace: Desk, webhook: Webhook
) -> None:
    rule = ada.call("acl.insert", {"role": "reader", "scope": {"type": "user", "value": GRACE}})
    body = {"id": "channel", "type": "web_hook", "address": webhook.address}
    grace.call("events.watch", body, calendarId=ADA)
    ada.call("acl.delete", ruleId=rule["id"])

    assert webhook.states(world) == ["sync", "not_exists"]


def test_a_stopped_channel_is_silent(world: Sandbox, ada: Desk, webhook: Webhook) -> None:
    channel = watch(ada, webhook)
    ada.call("channels.stop", {"id": channel["id"], "resourceId": channel["resourceId"]})
    ada.add()

    assert webhook.states(world) == ["sync"]


def test_a_channel_can_only_be_stopped_by_both_its_ids_and_its_owner(ada: Desk, grace: Desk, webhook: Webhook) -> None:
    channel = watch(ada, webhook)
    ids = {"id": channel["id"], "resourceId": channel["resourceId"]}
    project = ada.world.clients.default(ClientKind.INSTALLED).project

    for desk, body in ((ada, {**ids, "resourceId": "other"}), (ada, {**ids, "id": "other"}), (grace, ids)):
        refusal = desk.refused("channels.stop", body)
        assert (refusal["status"], refusal["reason"]) == (404, "notFound")
        assert refusal["message"] == f"Channel '{body['id']}' not found for project '{project}'"
    assert ada.refused("channels.stop", {"id": channel["id"]})["reason"] == "required"


@pytest.mark.parametrize(
    "life", [{"params": {"ttl": "3600"}}, {"expiration": str(int((NOON + timedelta(hours=1)).timestamp() * 1000))}]
)
def test_a_channel_ends_when_its_time_is_over(world: Sandbox, ada: Desk, webhook: Webhook, life: Any) -> None:
    watch(ada, webhook, **life)
    ada.wait(timedelta(minutes=59))
    ada.add("Heard")
    ada.wait(timedelta(minutes=2))
    ada.add("Unheard")

    assert webhook.states(world) == ["sync", "exists"]
    assert watch(ada, webhook)["id"] == "lunch-channel"


def test_a_webhook_that_is_unwell_is_tried_again(world: Sandbox, ada: Desk, webhook: Webhook) -> None:
    webhook.answers = [503, 500]
    watch(ada, webhook)

    assert webhook.states(world) == ["sync", "sync", "sync"]
    assert {heard["X-Goog-Message-Number"] for heard in webhook.heard} == {"1"}


def test_a_webhook_that_stays_unwell_is_given_up(webhook: Webhook) -> None:
    webhook.answers = [502] * 9
    pauses: list[float] = []

    assert deliver(Parcel(webhook.address, headers=[]), pause=pauses.append) == 502
    assert pauses == sorted(pauses)
    assert len(webhook.heard) == len(pauses) + 1


def test_a_webhook_that_refuses_or_is_not_there_is_not_tried_again(webhook: Webhook) -> None:
    webhook.answers = [403]
    assert deliver(Parcel(webhook.address, headers=[])) == 403
    webhook.server.shutdown()
    webhook.server.server_close()

    assert deliver(Parcel(webhook.address, headers=[])) is None
    assert len(webhook.heard) == 1


def test_nothing_leaves_this_machine(ada: Desk, world: Sandbox) -> None:
    """A webhook elsewhere is accepted, as Google does, and never called."""
    body = {"id": "far", "type": "web_hook", "address": "https://hooks.example.com/calendar"}

    assert ada.call("events.watch", body)["id"] == "far"
    assert world.channels.courier.rest(0)


@pytest.mark.parametrize(
    ("change", "status", "reason", "message"),
    [
        ({"id": None}, 400, "required", "Missing channel id."),
        ({"id": "with space"}, 400, "invalid", "Invalid channel id."),
        ({"id": "x" * 65}, 400, "invalid", "Invalid channel id."),
        ({"type": None}, 400, "required", "Missing type."),
        ({"type": "pigeon"}, 400, "invalid", "Unknown channel type."),
        ({"address": None}, 400, "required", "Missing address."),
        ({"address": "https://[::1/"}, 400, "invalid", "Invalid address."),
        ({"address": "https:///calendar"}, 400, "invalid", "Invalid address."),
        (
            {"address": "http://hooks.example.com/"},
            400,
            "push.webhookUrlNotHttps",
            "WebHook callback must be HTTPS: http://hooks.example.com/",
        ),
        ({"token": "x" * 257}, 400, "invalid", "Invalid channel token."),
        ({"params": {"ttl": "soon"}}, 400, "invalid", "Invalid channel expiration."),
        ({"expiration": "1000"}, 400, "invalid", "Invalid channel expiration."),
        ({"id": "taken"}, 400, "channelIdNotUnique", "Channel id taken not unique"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(ada: Desk, change: Any, status: int, reason: str, message: str) -> None:
    body = {"id": "taken", "type": "web_hook", "address": "https://hooks.example.com/"}
    ada.call("events.watch", body)

    refusal = ada.refused("events.watch", {**body, "id": "free", **change})

    assert (refusal["status"], refusal["reason"], refusal["message"]) == (status, reason, message)


def test_only_those_who_may_read_a_list_may_watch_it(ada: Desk, grace: Desk) -> None:
    body = {"id": "nosy", "type": "web_hook", "address": "https://hooks.example.com/"}

    assert grace.refused("events.watch", body, calendarId=ADA)["reason"] == "notFound"
    ada.call("acl.insert", {"role": "writer", "scope": {"type": "user", "value": GRACE}})
    assert grace.call("events.watch", body, calendarId=ADA)
    assert grace.refused("acl.watch", {**body, "id": "nosier"}, calendarId=ADA)["reason"] == "requiredAccessLevel"


def test_a_notification_is_delivered_while_the_world_is_locked(world: Sandbox, ada: Desk, webhook: Webhook) -> None:
    """So a webhook may call the sandbox, even before the call that it is told of has returned."""
    watch(ada, webhook)

    with world.locked():
        assert webhook.states(world) == ["sync"]
