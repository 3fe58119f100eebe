"""users.settings.filters: what is kept, and what becomes of mail that arrives."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.mail import filters

from .mailing import ADA, GRACE, Gmail, forward_to, mail, settings

STAR = {"addLabelIds": ["STARRED"]}


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return settings(world)


def make(gmail: Gmail, criteria: Any, action: Any) -> Any:
    return gmail.call("POST", "settings/filters", {"criteria": criteria, "action": action})


def receive(world: Sandbox, **fields: Any) -> frozenset[str]:
    return world.account(ADA).receive(**{"from_": f"Grace Hopper <{GRACE}>", "subject": "Lunch", **fields}).labels


def test_a_filter_is_made_listed_read_and_deleted(ada: Gmail) -> None:
    made = make(ada, {"from": GRACE}, STAR)

    assert made == {"id": made["id"], "criteria": {"from": GRACE}, "action": STAR}
    assert ada.call("GET", "settings/filters") == {"filter": [made]}
    assert ada.call("GET", f"settings/filters/{made['id']}") == made
    ada.call("DELETE", f"settings/filters/{made['id']}")
    assert ada.call("GET", "settings/filters") == {}
    for verb in ("GET", "DELETE"):
        refused = ada.refused(verb, f"settings/filters/{made['id']}")
        assert refused == (404, "notFound", "Requested entity was not found.")


@pytest.mark.parametrize(
    ("criteria", "fields", "matches"),
    [
        ({"from": GRACE}, {}, True),
        ({"from": "hopper"}, {}, True),
        ({"from": "grace OR ada"}, {}, True),
        ({"from": "ada"}, {}, False),
        ({"to": ADA}, {}, True),
        ({"to": "team"}, {"cc": "Team <team@example.com>"}, True),
        ({"to": "secret"}, {"bcc": "secret@example.com"}, True),
        ({"to": "nobody"}, {}, False),
        ({"subject": "lunch"}, {}, True),
        ({"subject": "  on   thursday "}, {"subject": "Lunch on Thursday"}, True),
        ({"subject": "thursday on"}, {"subject": "Lunch on Thursday"}, False),
        ({"query": "subject:lunch -noon"}, {"text": "At one."}, True),
        ({"query": "subject:lunch -noon"}, {"text": "At noon."}, False),
        ({"negatedQuery": "noon"}, {"text": "At one."}, True),
        ({"negatedQuery": "noon"}, {"text": "At noon."}, False),
        ({"hasAttachment": True}, {"attachments": [{"filename": "a.txt", "content": "YQ=="}]}, True),
        ({"hasAttachment": True}, {}, False),
        ({"size": 1000, "sizeComparison": "larger"}, {"text": "x" * 2000}, True),
        ({"size": 1000, "sizeComparison": "larger"}, {}, False),
        ({"size": 1000, "sizeComparison": "smaller"}, {}, True),
        ({"from": GRACE, "subject": "dinner"}, {}, False),
        ({"from": GRACE, "subject": "lunch", "excludeChats": True}, {}, True),
    ],
)
def test_all_criteria_must_hold(world: Sandbox, ada: Gmail, criteria: Any, fields: Any, matches: bool) -> None:
    make(ada, criteria, STAR)

    assert ("STARRED" in receive(world, **fields)) is matches


@pytest.mark.parametrize(
    ("action", "labels"),
    [
        ({"removeLabelIds": ["INBOX"]}, {"UNREAD"}),
        ({"removeLabelIds": ["UNREAD"]}, {"INBOX"}),
        ({"addLabelIds": ["IMPORTANT", "CATEGORY_SOCIAL"]}, {"INBOX", "UNREAD", "IMPORTANT", "CATEGORY_SOCIAL"}),
        ({"addLabelIds": ["TRASH"]}, {"UNREAD", "TRASH"}),
    ],
)
def test_a_filter_sorts_what_arrives(world: Sandbox, ada: Gmail, action: Any, labels: set[str]) -> None:
    make(ada, {"from": GRACE}, action)

    assert receive(world) == labels


def test_every_filter_that_matches_acts(world: Sandbox, ada: Gmail) -> None:
    label = ada.call("POST", "labels", {"name": "Lunch"})["id"]
    make(ada, {"subject": "lunch"}, {"addLabelIds": [label]})
    make(ada, {"from": GRACE}, STAR)

    assert receive(world) == {"INBOX", "UNREAD", label, "STARRED"}


def test_mail_from_another_account_is_sorted_too_and_the_history_says_one_thing(world: Sandbox, ada: Gmail) -> None:
    make(ada, {"from": GRACE}, STAR)
    start = ada.call("GET", "profile")["historyId"]

    Gmail(world, GRACE).send(mail(to=ADA))

    (record,) = ada.call("GET", f"history?startHistoryId={start}")["history"]
    assert set(record["messagesAdded"][0]["message"]["labelIds"]) == {"INBOX", "UNREAD", "STARRED"}


def test_a_mail_to_oneself_is_sorted_as_it_arrives(ada: Gmail) -> None:
    make(ada, {"subject": "note"}, {"removeLabelIds": ["INBOX"]})

    assert set(ada.send(mail("Note", to=ADA))["labelIds"]) == {"SENT", "UNREAD"}


def test_filters_leave_alone_what_is_stored_or_was_there(world: Sandbox, ada: Gmail) -> None:
    make(ada, {"from": GRACE}, STAR)

    inserted = ada.insert(mail(From=GRACE), "INBOX")

    assert inserted["labelIds"] == ["INBOX"]
    assert "STARRED" not in receive(world, labels=["SPAM"])
    assert ada.ids("?q=is:starred") == []


def test_a_label_deleted_since_is_put_on_nothing(world: Sandbox, ada: Gmail) -> None:
    label = ada.call("POST", "labels", {"name": "Lunch"})["id"]
    make(ada, {"from": GRACE}, {"addLabelIds": [label]})
    ada.call("DELETE", f"labels/{label}")

    assert receive(world) == {"INBOX", "UNREAD"}


def test_a_filter_forwards_with_the_senders_name_on_it(world: Sandbox, ada: Gmail) -> None:
    forward_to(world, ada, "else@elsewhere.example")
    make(ada, {"from": GRACE}, {"forward": "else@elsewhere.example"})

    receive(world, subject="Pass this on")

    left = world.sent[-1]
    assert (left.sender, left.recipients, left.method) == (ADA, ("else@elsewhere.example",), "forwarding")
    assert f"From: Grace Hopper <{GRACE}>".encode() in left.raw


def test_filters_that_forward_are_throttled_hard(world: Sandbox, ada: Gmail) -> None:
    forward_to(world, ada, GRACE)
    for number in range(filters.MOST_FORWARDING):
        make(ada, {"subject": f"{number}"}, {"forward": GRACE})

    refused = ada.refused("POST", "settings/filters", {"criteria": {"from": "x"}, "action": {"forward": GRACE}})

    assert refused[:2] == (429, "userRateLimitExceeded")
    assert refused[2].startswith("User-rate limit exceeded.  Retry after 2026-03-04T12:15:")
    assert refused[2].endswith("Z (Forwarding rules)")
    make(ada, {"from": "x"}, STAR)


@pytest.mark.parametrize(
    ("criteria", "action", "message"),
    [
        ({}, STAR, "Filter doesn't have any criteria"),
        ({"from": ""}, STAR, "Filter doesn't have any criteria"),
        ({"from": GRACE}, {}, "Filter doesn't have any actions"),
        ({"from": GRACE}, {"addLabelIds": ["Label_99"]}, "Invalid label: Label_99"),
        ({"from": GRACE}, {"addLabelIds": ["SENT"]}, "Invalid label: SENT"),
        ({"from": GRACE}, {"forward": GRACE}, "Unrecognized forwarding address"),
        ({"size": 10}, STAR, "Invalid size comparison"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(ada: Gmail, criteria: Any, action: Any, message: str) -> None:
    refused = ada.refused("POST", "settings/filters", {"criteria": criteria, "action": action})

    assert refused == (400, "invalidArgument", message)
    assert ada.call("GET", "settings/filters") == {}


def test_a_filter_puts_on_one_label_of_the_owners_at_most(ada: Gmail) -> None:
    labels = [ada.call("POST", "labels", {"name": name})["id"] for name in ("One", "Two")]
    body = {"criteria": {"from": GRACE}, "action": {"addLabelIds": labels}}

    assert ada.refused("POST", "settings/filters", body)[:2] == (400, "invalidArgument")


def test_the_same_filter_twice_is_refused(ada: Gmail) -> None:
    make(ada, {"from": GRACE}, STAR)

    refused = ada.refused("POST", "settings/filters", {"criteria": {"from": GRACE}, "action": STAR})

    assert refused == (400, "failedPrecondition", "Filter already exists")


def test_a_mailbox_has_a_thousand_filters_at_most(ada: Gmail, monkeypatch: pytest.MonkeyPatch) -> None:
    assert filters.MOST_FILTERS == 1000
    monkeypatch.setattr(filters, "MOST_FILTERS", 1)
    make(ada, {"from": "a"}, STAR)

    assert ada.refused("POST", "settings/filters", {"criteria": {"from": "b"}, "action": STAR})[0] == 400
