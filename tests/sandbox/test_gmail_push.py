"""users.watch and users.stop: a webhook hears of changes in Pub/Sub's shape."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.clients import DEFAULT_PROJECT

from .caller import Caller, body
from .conftest import NOON
from .mailing import ADA, METADATA, Gmail, encode, mail

TOPIC = f"projects/sandbox-{DEFAULT_PROJECT}/topics/mail"


class Webhook:
    """A program that is told of changes."""

    def __init__(self, world: Sandbox) -> None:
        self.heard: list[dict[str, Any]] = []
        self._world = world
        webhook = self

        class Ear(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
        self.address = f"http://127.0.0.1:{self.server.server_port}/push?token=lunch"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def data(self) -> list[Any]:
        """Return what was heard so far, once everything is delivered."""
        assert self._world.push.courier.rest()
        return [json.loads(b64decode(heard["message"]["data"])) for heard in self.heard]


@pytest.fixture
def webhook(world: Sandbox) -> Iterator[Webhook]:
    made = Webhook(world)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


def add_topic(world: Sandbox, push: str | None = None, name: str = TOPIC, **more: Any) -> None:
    answer = Caller(world).control("POST", "topics", {"topic": name, "push": push, **more})
    assert answer.status == 201, answer.body


def wait(world: Sandbox) -> None:
    """Let the second pass in which Gmail says nothing more."""
    world.clock.advance(timedelta(seconds=1))


def test_a_watch_begins_with_a_message_in_pub_subs_shape(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    add_topic(world, webhook.address)

    answer = ada.call("POST", "watch", {"topicName": TOPIC})

    assert answer["historyId"] == ada.call("GET", "profile")["historyId"]
    expires = datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)
    assert expires - NOON - timedelta(days=7) < timedelta(seconds=30)
    # A number here, though a string everywhere else.
    assert webhook.data() == [{"emailAddress": ADA, "historyId": int(answer["historyId"])}]
    (heard,) = webhook.heard
    message = heard["message"]
    assert heard["subscription"] == TOPIC.replace("topics", "subscriptions")
    assert message["messageId"] == message["message_id"]
    assert message["publishTime"] == message["publish_time"]
    assert message["publishTime"].startswith("2026-03-04T12:00:")


def test_a_change_is_told_and_the_history_before_it_has_it(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    add_topic(world, webhook.address)
    start = ada.call("POST", "watch", {"topicName": TOPIC})["historyId"]

    held = world.account(ADA).receive(from_="grace@example.com", subject="Lunch?")

    told = webhook.data()[-1]["historyId"]
    assert told > int(start)
    (record,) = ada.call("GET", f"history?startHistoryId={start}")["history"]
    assert record["messagesAdded"][0]["message"]["id"] == held.id
    assert "history" not in ada.call("GET", f"history?startHistoryId={told}")


def test_a_program_that_changes_something_hears_of_it_too(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    add_topic(world, webhook.address)
    ada.call("POST", "watch", {"topicName": TOPIC})

    ada.insert(mail())

    assert len(webhook.data()) == 2


def test_at_most_one_message_a_second_the_rest_is_dropped(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    add_topic(world, webhook.address)
    ada.call("POST", "watch", {"topicName": TOPIC})

    ada.insert(mail("One"))
    ada.insert(mail("Two"))
    wait(world)
    ada.call("GET", "profile")
    assert len(webhook.data()) == 2
    ada.insert(mail("Three"))

    assert len(webhook.data()) == 3


@pytest.mark.parametrize(
    ("filter_", "told"),
    [
        ({}, ["INBOX", "STARRED", ""]),
        ({"labelIds": ["INBOX"]}, ["INBOX"]),
        ({"labelIds": ["INBOX", "STARRED"], "labelFilterBehavior": "include"}, ["INBOX", "STARRED"]),
        ({"labelIds": ["INBOX"], "labelFilterBehavior": "exclude"}, ["STARRED", ""]),
        ({"labelIds": ["INBOX"], "labelFilterBehavior": "EXCLUDE"}, ["STARRED", ""]),
        ({"labelIds": ["INBOX"], "labelFilterAction": "exclude"}, ["STARRED", ""]),
        (
            {"labelIds": ["INBOX"], "labelFilterAction": "exclude", "labelFilterBehavior": "include"},
            ["INBOX"],
        ),
    ],
)
def test_a_watch_is_about_the_labels_it_names(
    world: Sandbox, ada: Gmail, webhook: Webhook, filter_: Any, told: list[str]
) -> None:
    add_topic(world, webhook.address)
    ada.call("POST", "watch", {"topicName": TOPIC, **filter_})
    heard = []

    for label in ("INBOX", "STARRED", ""):
        before = len(webhook.data())
        ada.insert(mail(label), *filter(None, [label]))
        heard += [label] * (len(webhook.data()) - before)
        wait(world)

    assert heard == told


def test_a_watch_ends_after_seven_days_unless_it_is_renewed(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    add_topic(world, webhook.address)
    ada.call("POST", "watch", {"topicName": TOPIC})
    world.clock.advance(timedelta(days=6))
    ada.caller.sign_in("https://mail.google.com/")
    first = int(ada.call("POST", "watch", {"topicName": TOPIC})["expiration"])
    assert len(webhook.data()) == 2

    world.clock.advance(timedelta(days=6))
    world.account(ADA).receive(from_="grace@example.com")
    assert len(webhook.data()) == 3
    world.clock.advance(timedelta(days=2))
    world.account(ADA).receive(from_="grace@example.com")

    assert len(webhook.data()) == 3
    assert first > 0


def test_stop_ends_it_and_is_all_the_same_when_nothing_is_watched(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    assert ada.answer("POST", "stop").status == 204
    add_topic(world, webhook.address)
    ada.call("POST", "watch", {"topicName": TOPIC})

    assert ada.answer("POST", "stop").status == 204
    ada.insert(mail())

    assert len(webhook.data()) == 1


def test_a_project_has_one_topic_for_a_person(world: Sandbox, ada: Gmail) -> None:
    add_topic(world)
    add_topic(world, name=f"{TOPIC}-2")
    ada.call("POST", "watch", {"topicName": TOPIC})

    refused = ada.refused("POST", "watch", {"topicName": f"{TOPIC}-2"})

    assert refused == (
        400,
        "invalidArgument",
        "Only one user push notification client allowed per developer (call /stop then try again)",
    )
    ada.call("POST", "stop")
    ada.call("POST", "watch", {"topicName": f"{TOPIC}-2"})


@pytest.mark.parametrize("name", ["", "mail", "projects/other/topics/mail", "projects//topics/", f"{TOPIC}/more"])
def test_a_topic_of_no_project_or_another_is_refused(ada: Gmail, name: str) -> None:
    message = f"Invalid topicName does not match projects/sandbox-{DEFAULT_PROJECT}/topics/*"

    assert ada.refused("POST", "watch", {"topicName": name}) == (400, "invalidArgument", message)


def test_a_topic_of_another_client_is_refused(world: Sandbox, ada: Gmail) -> None:
    Caller(world).control("POST", "clients", {"type": "web", "project": "111"})
    add_topic(world, name="projects/111/topics/mail")

    assert ada.refused("POST", "watch", {"topicName": "projects/111/topics/mail"})[0] == 400


def test_a_topic_that_exists_may_be_of_any_name(world: Sandbox, ada: Gmail) -> None:
    add_topic(world, name="projects/my-project/topics/mail")

    assert "expiration" in ada.call("POST", "watch", {"topicName": "projects/my-project/topics/mail"})


def test_a_topic_that_gmail_may_not_use_is_refused(world: Sandbox, ada: Gmail) -> None:
    add_topic(world, publisher=False)

    refused = ada.refused("POST", "watch", {"topicName": TOPIC})

    sentence = f"Error sending test message to Cloud PubSub {TOPIC} : User not authorized to perform this action."
    assert refused == (403, "forbidden", sentence)


def test_a_topic_that_is_not_there_is_not_found(ada: Gmail) -> None:
    refused = ada.refused("POST", "watch", {"topicName": TOPIC})

    sentence = f"Error sending test message to Cloud PubSub {TOPIC} : Resource not found (resource=mail)."
    assert refused == (404, "notFound", sentence)


def test_a_label_that_is_not_there_is_refused(world: Sandbox, ada: Gmail) -> None:
    add_topic(world)

    refused = ada.refused("POST", "watch", {"topicName": TOPIC, "labelIds": ["Label_99"]})

    assert refused == (400, "invalidArgument", "Invalid label: Label_99")


def test_whoever_may_see_metadata_may_watch(world: Sandbox) -> None:
    add_topic(world)

    assert "historyId" in Gmail(world, ADA, METADATA).call("POST", "watch", {"topicName": TOPIC})


@pytest.mark.parametrize(
    "fields",
    [
        {"topic": "mail"},
        {"topic": "projects//topics/mail"},
        {"topic": TOPIC, "push": "http://elsewhere.example/push"},
        {"topic": TOPIC, "push": "file:///tmp/push"},
        {"topic": TOPIC, "publisher": "yes"},
        {"push": "http://127.0.0.1:1/"},
        {"topic": TOPIC, "colour": "red"},
    ],
)
def test_a_topic_is_well_named_and_pushes_to_this_machine_only(world: Sandbox, fields: Any) -> None:
    answer = Caller(world).control("POST", "topics", fields)

    assert answer.status == 400
    assert body(answer)["error"]["hint"]


def test_a_topic_given_again_leads_elsewhere(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    add_topic(world, "http://127.0.0.1:1/nobody")
    ada.call("POST", "watch", {"topicName": TOPIC})

    add_topic(world, webhook.address)
    ada.insert(mail())

    assert len(webhook.data()) == 1


def test_a_send_to_somebody_who_watches_is_told(world: Sandbox, ada: Gmail, webhook: Webhook) -> None:
    add_topic(world, webhook.address)
    ada.call("POST", "watch", {"topicName": TOPIC, "labelIds": ["INBOX"]})

    Gmail(world, "grace@example.com").call("POST", "messages/send", {"raw": encode(mail(to=ADA))})

    assert [told["emailAddress"] for told in webhook.data()] == [ADA, ADA]
