"""users.threads, and which messages become one."""

from __future__ import annotations

import pytest

from mailgrant.sandbox import Sandbox

from .mailing import ADA, GRACE, Gmail, encode, header, mail


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


def start(gmail: Gmail) -> str:
    thread_id: str = gmail.insert(mail(Message_ID="<first@x>"), "INBOX")["threadId"]
    return thread_id


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Re: Lunch?", {"References": "<first@x>"}),
        ("RE: Fwd: AW: Lunch?", {"In_Reply_To": "<first@x>"}),
        ("lunch?", {"References": "<unknown@x> <first@x>"}),
        ("=?utf-8?q?Re=3A_Lunch=3F?=", {"References": "<first@x>"}),
    ],
)
def test_a_reply_with_reference_and_subject_joins_its_thread(ada: Gmail, subject: str, headers: dict[str, str]) -> None:
    thread_id = start(ada)

    assert ada.insert(mail(subject, **headers), threadId=thread_id)["threadId"] == thread_id
    assert ada.insert(mail(subject, **headers))["threadId"] == thread_id


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Lunch?", {}),
        ("Re: Lunch?", {}),
        ("Re: Lunch?", {"References": "<unknown@x>"}),
        ("Dinner?", {"References": "<first@x>"}),
    ],
)
def test_without_both_a_new_thread_begins_silently(ada: Gmail, subject: str, headers: dict[str, str]) -> None:
    thread_id = start(ada)

    found = ada.insert(mail(subject, **headers), threadId=thread_id)

    assert found["threadId"] == found["id"] != thread_id


def test_an_unknown_thread_is_not_found(ada: Gmail) -> None:
    body = {"raw": encode(mail()), "threadId": "00000000000000ff"}

    for path in ("messages", "messages/send", "messages/import"):
        assert ada.refused("POST", path, body)[:2] == (404, "notFound")
    assert ada.refused("POST", "drafts", {"message": body})[:2] == (404, "notFound")
    assert ada.refused("POST", "messages/send", {**body, "threadId": "x y"})[:2] == (400, "invalidArgument")


def test_a_conversation_stays_one_thread_on_both_sides(world: Sandbox) -> None:
    ada, grace = Gmail(world, ADA), Gmail(world, GRACE)
    question = ada.send(mail("A question"))
    arrived = grace.get(grace.ids("?q=subject:question")[0])

    references = {"References": header(arrived, "message-id"), "In_Reply_To": header(arrived, "message-id")}
    answer = grace.send(mail("Re: A question", to=ADA, **references), threadId=arrived["threadId"])

    assert answer["threadId"] == arrived["threadId"]
    messages = ada.call("GET", f"threads/{question['threadId']}")["messages"]
    assert [header(message, "subject") for message in messages] == ["A question", "Re: A question"]


def test_a_thread_lists_once_with_snippet_and_history_id(ada: Gmail) -> None:
    thread_id = start(ada)
    ada.insert(mail("Re: Lunch?", References="<first@x>", body="I'd love to"), "INBOX")

    found = ada.call("GET", "threads?q=lunch+-subject:demo+from:nobody+OR+subject:lunch")["threads"]

    mine = [thread for thread in found if thread["id"] == thread_id]
    assert len(mine) == 1
    assert set(mine[0]) == {"id", "snippet", "historyId"}
    assert mine[0]["snippet"] == "I&#39;d love to"


def test_a_thread_does_not_come_back_on_the_next_page(ada: Gmail) -> None:
    thread_id = start(ada)
    other = ada.insert(mail("Other", Message_ID="<o@x>"), "STARRED")["threadId"]
    ada.call("POST", f"messages/{thread_id}/modify", {"addLabelIds": ["STARRED"]})
    ada.insert(mail("Re: Lunch?", References="<first@x>"), "STARRED")

    first = ada.call("GET", "threads?labelIds=STARRED&maxResults=1")
    second = ada.call("GET", f"threads?labelIds=STARRED&maxResults=1&pageToken={first['nextPageToken']}")

    assert [thread["id"] for thread in first["threads"] + second["threads"]] == [thread_id, other]
    assert "nextPageToken" not in second


def test_a_thread_is_read_in_order_in_three_formats(ada: Gmail) -> None:
    thread_id = start(ada)
    reply = ada.insert(mail("Re: Lunch?", References="<first@x>"))["id"]

    found = ada.call("GET", f"threads/{thread_id}?format=metadata&metadataHeaders=Subject")

    assert found["id"] == thread_id
    assert [message["id"] for message in found["messages"]] == [thread_id, reply]
    assert found["historyId"] == max(message["historyId"] for message in found["messages"])
    assert "payload" not in ada.call("GET", f"threads/{thread_id}?format=minimal")["messages"][0]
    assert ada.answer("GET", f"threads/{thread_id}?format=raw").status == 400


def test_the_wrong_kind_of_id_is_not_found(ada: Gmail) -> None:
    start(ada)
    reply = ada.insert(mail("Re: Lunch?", References="<first@x>"))["id"]

    assert ada.refused("GET", f"threads/{reply}")[:2] == (404, "notFound")


def test_changes_to_a_thread_touch_every_message(ada: Gmail) -> None:
    thread_id = start(ada)
    reply = ada.insert(mail("Re: Lunch?", References="<first@x>"), "INBOX")["id"]

    def labels() -> list[list[str]]:
        return [ada.get(found, "?format=minimal").get("labelIds", []) for found in (thread_id, reply)]

    found = ada.call("POST", f"threads/{thread_id}/modify", {"addLabelIds": ["STARRED"]})
    assert found["id"] == thread_id
    assert labels() == [["INBOX", "STARRED"]] * 2
    ada.call("POST", f"threads/{thread_id}/trash")
    assert labels() == [["STARRED", "TRASH"]] * 2
    ada.call("POST", f"threads/{thread_id}/untrash")
    assert labels() == [["STARRED"]] * 2
    assert ada.answer("DELETE", f"threads/{thread_id}").status == 204
    assert ada.refused("GET", f"messages/{reply}")[0] == 404


def test_a_thread_keeps_its_id_when_its_first_message_is_gone(ada: Gmail) -> None:
    thread_id = start(ada)
    reply = ada.insert(mail("Re: Lunch?", References="<first@x>"))["id"]

    ada.call("DELETE", f"messages/{thread_id}")

    assert [message["id"] for message in ada.call("GET", f"threads/{thread_id}")["messages"]] == [reply]
    assert ada.get(reply)["threadId"] == thread_id
