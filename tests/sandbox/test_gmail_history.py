"""users.history as a program sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox

from .mailing import EVERYTHING, Gmail, encode, mail


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


def current(gmail: Gmail) -> str:
    history_id: str = gmail.call("GET", "profile")["historyId"]
    return history_id


def since(gmail: Gmail, start: str, more: str = "") -> Any:
    return gmail.call("GET", f"history?startHistoryId={start}{more}")


def test_nothing_new_is_only_the_current_id(ada: Gmail) -> None:
    start = current(ada)

    assert since(ada, start) == {"historyId": start}


def test_every_change_is_told_in_order(ada: Gmail) -> None:
    start = current(ada)
    message_id = ada.insert(mail(), "INBOX")["id"]
    ada.call("POST", f"messages/{message_id}/modify", {"addLabelIds": ["STARRED"], "removeLabelIds": ["INBOX"]})
    ada.call("DELETE", f"messages/{message_id}")

    found = since(ada, start)

    kinds = [next(name for name in record if name not in ("id", "messages")) for record in found["history"]]
    assert kinds == ["messagesAdded", "labelsAdded", "labelsRemoved", "messagesDeleted"]
    assert found["history"][0]["messagesAdded"] == [
        {"message": {"id": message_id, "threadId": message_id, "labelIds": ["INBOX"]}}
    ]
    assert found["history"][1]["labelsAdded"][0]["labelIds"] == ["STARRED"]
    assert found["history"][0]["messages"] == [{"id": message_id, "threadId": message_id}]
    assert found["historyId"] == current(ada) == found["history"][-1]["id"]


def test_a_start_is_exclusive(ada: Gmail) -> None:
    first = ada.insert(mail())["id"]
    start = ada.get(first)["historyId"]
    second = ada.insert(mail())["id"]

    assert [record["messages"][0]["id"] for record in since(ada, start)["history"]] == [second]


def test_kinds_and_labels_narrow_it_down(ada: Gmail) -> None:
    start = current(ada)
    message_id = ada.insert(mail(), "INBOX")["id"]
    ada.insert(mail())
    ada.call("POST", f"messages/{message_id}/trash")

    assert len(since(ada, start, "&historyTypes=messageAdded")["history"]) == 2
    assert len(since(ada, start, "&historyTypes=labelAdded&historyTypes=labelRemoved")["history"]) == 2
    assert len(since(ada, start, "&historyTypes=messageAdded&labelId=INBOX")["history"]) == 1
    assert "history" not in since(ada, start, "&historyTypes=messageDeleted")


def test_history_comes_in_pages(ada: Gmail) -> None:
    start = current(ada)
    ids = [ada.insert(mail())["id"] for _ in range(3)]

    first = since(ada, start, "&maxResults=2")
    second = since(ada, start, f"&maxResults=2&pageToken={first['nextPageToken']}")

    assert [record["messages"][0]["id"] for record in first["history"] + second["history"]] == ids
    assert "nextPageToken" not in second
    assert first["historyId"] == second["historyId"]


def test_an_edited_draft_is_one_message_added_and_one_deleted(ada: Gmail) -> None:
    saved = ada.call("POST", "drafts", {"message": {"raw": encode(mail())}})
    start = current(ada)

    ada.call("PUT", f"drafts/{saved['id']}", {"message": {"raw": encode(mail(body="two"))}})

    names = {name for record in since(ada, start)["history"] for name in record}
    assert names == {"id", "messages", "messagesAdded", "messagesDeleted"}


def test_a_change_that_changes_nothing_leaves_no_trace(ada: Gmail) -> None:
    message_id = ada.insert(mail(), "INBOX")["id"]
    start = current(ada)

    ada.call("POST", f"messages/{message_id}/modify", {"addLabelIds": ["INBOX"], "removeLabelIds": ["SPAM"]})

    assert current(ada) == start


@pytest.mark.parametrize("start", ["1", "999999999"])
def test_ids_too_old_or_from_the_future_are_not_found(ada: Gmail, start: str) -> None:
    found = ada.refused("GET", f"history?startHistoryId={start}")

    assert found == (404, "notFound", "Requested entity was not found.")


def test_history_is_forgotten_after_a_week(world: Sandbox, ada: Gmail) -> None:
    start = current(ada)
    ada.insert(mail())

    world.clock.advance(timedelta(days=8))
    ada.caller.sign_in(EVERYTHING)

    assert ada.refused("GET", f"history?startHistoryId={start}")[:2] == (404, "notFound")
    assert since(ada, current(ada)) == {"historyId": current(ada)}


def test_a_start_is_required(ada: Gmail) -> None:
    assert ada.refused("GET", "history") == (400, "invalidArgument", "Missing/invalid parameter: startHistoryId")
