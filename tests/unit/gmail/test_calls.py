"""The conversations with Gmail: what is asked, and what is made of the answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgrant.errors import GoogleError, InvalidRequest, NotFound, OutcomeUnknown
from mailgrant.gmail import calls, filing, label_calls, upload
from mailgrant.gmail.attachment import Attachment
from mailgrant.gmail.download import Collected
from mailgrant.gmail.draft import Draft, DraftRef
from mailgrant.gmail.message import Evidence, MessageRef, Sent, ThreadRef
from mailgrant.gmail.query import Query
from mailgrant.http import Call, Request

Hold = Callable[..., tuple[Any, list[Request]]]

RAW = b"To: ada@example.com\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"
CHANGED_ID = InvalidRequest("Invalid attachment token", status=400, reason="invalidArgument")


def data(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def query_of(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query)


def path_of(request: Request) -> str:
    parts = urlsplit(request.url)
    assert parts.scheme == "https"
    assert parts.netloc == "gmail.googleapis.com"
    return parts.path


def message(message_id: str = "m1", *parts: dict[str, Any]) -> dict[str, Any]:
    text = {"partId": "0", "mimeType": "text/plain", "filename": "", "body": {"size": 2, "data": data(b"Hi")}}
    return {"id": message_id, "threadId": "t1", "payload": {"mimeType": "multipart/mixed", "parts": [text, *parts]}}


def pdf(attachment_id: str) -> dict[str, Any]:
    body = {"size": 4, "attachmentId": attachment_id}
    return {"partId": "1", "mimeType": "application/pdf", "filename": "minutes.pdf", "body": body}


@pytest.mark.parametrize(
    ("call", "method", "path", "operation"),
    [
        (calls.profile(), "GET", "profile", "getProfile"),
        (label_calls.labels(), "GET", "labels", "labels.list"),
        (label_calls.label("Label_1"), "GET", "labels/Label_1", "labels.get"),
        (calls.list_messages(), "GET", "messages", "messages.list"),
        (calls.read("m1"), "GET", "messages/m1", "messages.get"),
        (calls.send(RAW), "POST", "messages/send", "messages.send"),
        (filing.modify(["m1"], add=["STARRED"]), "POST", "messages/m1/modify", "messages.modify"),
        (filing.delete(["m1"]), "DELETE", "messages/m1", "messages.delete"),
        (calls.thread("t1"), "GET", "threads/t1", "threads.get"),
        (calls.list_threads(), "GET", "threads", "threads.list"),
        (calls.create_draft(RAW), "POST", "drafts", "drafts.create"),
        (calls.list_drafts(), "GET", "drafts", "drafts.list"),
        (calls.read_draft("r-1"), "GET", "drafts/r-1", "drafts.get"),
        (calls.update_draft("r-1", RAW), "PUT", "drafts/r-1", "drafts.update"),
        (calls.send_draft("r-1"), "POST", "drafts/send", "drafts.send"),
        (calls.delete_draft("r-1"), "DELETE", "drafts/r-1", "drafts.delete"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_asks_google_by_its_own_address_and_name(
    call: Call[Any], method: str, path: str, operation: str
) -> None:
    request = next(call)

    assert (request.method, path_of(request)) == (method, f"/gmail/v1/users/me/{path}")
    assert request.operation == f"gmail.users.{operation}"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    "call",
    [
        filing.delete(["m1"]),
        calls.delete_draft("r-1"),
        label_calls.labels(),
        calls.read("m1"),
    ],
)
def test_an_empty_answer_never_raises(hold: Hold, call: Call[Any]) -> None:
    hold(call, None)


@pytest.mark.parametrize("strange", ["", ".", ".."])
def test_an_id_that_leads_to_another_address_is_refused(strange: str) -> None:
    with pytest.raises(InvalidRequest, match="not an id"):
        next(calls.read(strange))
    with pytest.raises(InvalidRequest, match="not an id"):
        next(calls.update_draft(strange, RAW))


def test_an_id_is_escaped() -> None:
    assert next(calls.read("a/b?c#d")).url.startswith(
        "https://gmail.googleapis.com/gmail/v1/users/me/messages/a%2Fb%3Fc%23d?"
    )


def test_a_listing_says_what_it_wants(hold: Hold) -> None:
    page, (request,) = hold(
        calls.list_messages(
            Query.unread(), label_ids={"INBOX", "Label_1"}, page_token="7", page_size=900, include_spam_trash=True
        ),
        {"messages": [{"id": "m1", "threadId": "t1"}, {"id": "m2"}], "nextPageToken": "8", "resultSizeEstimate": 201},
    )

    assert query_of(request) == {
        "q": ["is:unread"],
        "labelIds": ["INBOX", "Label_1"],
        "pageToken": ["7"],
        "maxResults": ["500"],
        "includeSpamTrash": ["true"],
    }
    assert page.items == (MessageRef("m1", thread_id="t1"), MessageRef("m2"))
    assert page.next_page_token == "8"


def test_an_empty_listing_has_no_list_at_all(hold: Hold) -> None:
    page, (request,) = hold(calls.list_messages(), {"resultSizeEstimate": 0})

    assert page == calls.Page(())
    assert query_of(request) == {"maxResults": ["100"]}


def test_threads_and_drafts_are_listed_too(hold: Hold) -> None:
    threads, _ = hold(calls.list_threads("lunch"), {"threads": [{"id": "t1", "snippet": "Hi", "historyId": "3"}]})
    drafts, _ = hold(calls.list_drafts(), {"drafts": [{"id": "r-1", "message": {"id": "m1", "threadId": "t1"}}, 5]})

    assert threads.items == (ThreadRef("t1", snippet="Hi", history_id="3"),)
    assert drafts.items == (DraftRef("r-1", message_id="m1", thread_id="t1"),)


def test_labels_and_profile_are_read(hold: Hold) -> None:
    labels, _ = hold(label_calls.labels(), {"labels": [{"id": "INBOX", "name": "INBOX", "type": "system"}]})
    profile, _ = hold(calls.profile(), {"emailAddress": "ada@example.com", "historyId": "1"})

    assert [label.name for label in labels] == ["INBOX"]
    assert (profile.email, profile.history_id) == ("ada@example.com", "1")


def test_a_message_is_read_in_full(hold: Hold) -> None:
    read, (request,) = hold(calls.read("m1"), message())

    assert query_of(request) == {"format": ["full"]}
    assert (read.id, read.text) == ("m1", "Hi")


def test_a_body_that_gmail_keeps_apart_is_fetched(hold: Hold) -> None:
    detached = {"partId": "1", "mimeType": "text/html", "filename": "", "body": {"size": 9, "attachmentId": "A/1"}}

    read, asked = hold(calls.read("m1"), message("m1", detached), {"size": 9, "data": data(b"<b>Hi</b>")})

    assert read.html == "<b>Hi</b>"
    assert asked[1].url.endswith("/messages/m1/attachments/A%2F1")


def test_a_thread_is_read_with_its_detached_bodies(hold: Hold) -> None:
    detached = {"partId": "1", "mimeType": "text/plain", "filename": "", "body": {"size": 3, "attachmentId": "A1"}}
    value = {"id": "t1", "historyId": "9", "messages": [message("m1"), message("m2", detached)]}

    thread, asked = hold(calls.thread("t1"), value, {"data": data(b"Bye")})

    assert [each.text for each in thread.messages] == ["Hi", "Hi\nBye"]
    assert (thread.id, thread.history_id) == ("t1", "9")
    assert [request.operation for request in asked] == [
        "gmail.users.threads.get",
        "gmail.users.messages.attachments.get",
    ]


# Attachments


def test_an_attachment_is_fetched_by_its_id(hold: Hold) -> None:
    content, asked = hold(calls.attachment("m1", Attachment("a.pdf", attachment_id="A1")), {"data": data(b"%PDF")})

    assert content == b"%PDF"
    assert path_of(asked[0]).endswith("/messages/m1/attachments/A1")


def test_an_attachment_that_came_with_the_message_is_not_fetched(hold: Hold) -> None:
    content, asked = hold(calls.attachment("m1", Attachment("a.txt", content=b"Hi")))

    assert (content, asked) == (b"Hi", [])


@pytest.mark.parametrize("refusal", [CHANGED_ID, NotFound("gone", status=404)])
def test_an_attachment_whose_id_has_changed_is_found_again(hold: Hold, refusal: GoogleError) -> None:
    old = Attachment("minutes.pdf", part_id="1", attachment_id="A1")

    content, asked = hold(calls.attachment("m1", old), refusal, message("m1", pdf("A2")), {"data": data(b"%PDF")})

    assert content == b"%PDF"
    assert [path_of(request).rpartition("/")[2] for request in asked] == ["A1", "m1", "A2"]


def test_an_attachment_without_an_id_is_looked_for(hold: Hold) -> None:
    content, _ = hold(
        calls.attachment("m1", Attachment("minutes.pdf", part_id="1")),
        message("m1", pdf("A2")),
        {"data": data(b"%PDF")},
    )

    assert content == b"%PDF"


def test_an_attachment_that_is_no_longer_there_is_not_found(hold: Hold) -> None:
    with pytest.raises(NotFound, match=r"no attachment 'other\.pdf'"):
        hold(calls.attachment("m1", Attachment("other.pdf", part_id="1")), message("m1", pdf("A2")))


def test_other_refusals_of_an_attachment_are_raised(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown):
        hold(calls.attachment("m1", Attachment("a.pdf", attachment_id="A1")), OutcomeUnknown("lost"))


def test_a_forwarded_mails_attachments_are_loaded_before_it_is_written(hold: Hold) -> None:
    original, _ = hold(calls.read("m1"), message("m1", pdf("A1")))
    own = Attachment("mine.txt", content=b"mine")
    draft = original.forward("bob@example.com")
    draft = Draft(draft.to, attachments=[*draft.attachments, own, "path.txt"])

    fetched, asked = hold(calls.fetch_attachments(draft, Collected), {"data": data(b"%PDF")})

    assert {place: target.content for place, target in fetched.items()} == {draft.attachments[0].place: b"%PDF"}
    assert len(asked) == 1


# Sending and keeping


def test_a_small_mail_goes_as_json(hold: Hold) -> None:
    sent, (request,) = hold(calls.send(RAW, thread_id="t1"), {"id": "m9", "threadId": "t1", "labelIds": ["SENT"]})

    assert sent == Sent("m9", thread_id="t1", evidence=Evidence.ANSWER)
    body = json.loads(request.body)
    assert body["threadId"] == "t1"
    assert base64.urlsafe_b64decode(body["raw"]) == RAW


def test_a_mail_of_a_new_thread_names_none() -> None:
    assert set(json.loads(next(calls.send(RAW)).body)) == {"raw"}
    assert set(json.loads(next(calls.create_draft(RAW)).body)["message"]) == {"raw"}


@pytest.mark.parametrize(
    ("call", "method", "path", "metadata"),
    [
        (lambda raw: calls.send(raw, thread_id="t1"), "POST", "messages/send", {"threadId": "t1"}),
        (lambda raw: calls.send(raw), "POST", "messages/send", {}),
        (lambda raw: calls.create_draft(raw, thread_id="t1"), "POST", "drafts", {"message": {"threadId": "t1"}}),
        (lambda raw: calls.update_draft("r-1", raw), "PUT", "drafts/r-1", {"message": {}}),
    ],
)
def test_a_large_mail_goes_by_the_upload_address(
    call: Callable[[bytes], Call[Any]], method: str, path: str, metadata: dict[str, Any]
) -> None:
    raw = RAW + b"x" * upload.LARGEST_IN_JSON + b"\xff\r\n"

    request = next(call(raw))

    assert (request.method, path_of(request)) == (method, f"/upload/gmail/v1/users/me/{path}")
    assert query_of(request) == {"uploadType": ["resumable"]}
    assert json.loads(request.body) == metadata
    assert request.headers["X-Upload-Content-Type"] == "message/rfc822"
    assert request.headers["X-Upload-Content-Length"] == str(len(raw))


def test_a_mail_of_three_megabytes_still_goes_as_json() -> None:
    assert b'"raw"' in next(calls.send(bytes(upload.LARGEST_IN_JSON))).body


def test_a_lost_answer_to_a_send_is_raised_and_never_asked_again(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown):
        hold(calls.send(RAW), OutcomeUnknown("lost"))
    with pytest.raises(OutcomeUnknown):
        hold(calls.send_draft("r-1"), OutcomeUnknown("lost"))


def test_a_draft_is_kept_edited_sent_and_deleted(hold: Hold) -> None:
    answer = {"id": "r-1", "message": {"id": "m1", "threadId": "t1"}}

    kept, (create,) = hold(calls.create_draft(RAW, thread_id="t1"), answer)
    edited, _ = hold(calls.update_draft("r-1", RAW), {"id": "r-1", "message": {"id": "m2"}})
    sent, (send,) = hold(calls.send_draft("r-1"), {"id": "m3", "threadId": "t1"})
    nothing, _ = hold(calls.delete_draft("r-1"), None)

    assert kept == DraftRef("r-1", message_id="m1", thread_id="t1")
    assert json.loads(create.body)["message"]["threadId"] == "t1"
    assert edited == DraftRef("r-1", message_id="m2")
    assert sent == Sent("m3", thread_id="t1")
    assert json.loads(send.body) == {"id": "r-1"}
    assert nothing is None


def test_a_kept_draft_is_read_back(hold: Hold) -> None:
    value = {"id": "r-1", "message": message("m1", pdf("A1"))}

    draft, (request,) = hold(calls.read_draft("r-1"), value)

    assert (draft.id, draft.message_id, draft.text) == ("r-1", "m1", "Hi")
    assert [each.name for each in draft.attachments] == ["minutes.pdf"]
    assert query_of(request) == {"format": ["full"]}
