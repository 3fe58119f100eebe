"""Google's own Python client against a served sandbox: what strangers' programs do."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.discovery import GMAIL, document
from mailgrant.sandbox.serving.server import Served

from .mailing import ADA, EVERYTHING, GRACE, METADATA


@pytest.fixture
def served(world: Sandbox) -> Iterator[Served]:
    with world.serve() as served:
        yield served


def credentials(served: Served, email: str, *scopes: str) -> Credentials:
    about = served.sandbox.authorize(email, scopes=scopes or (EVERYTHING,))
    return Credentials.from_authorized_user_info(about)  # type: ignore[no-untyped-call, no-any-return]


@pytest.fixture
def gmail(served: Served) -> Iterator[Any]:
    with build(
        "gmail", "v1", credentials=credentials(served, ADA), client_options={"api_endpoint": served.url}
    ) as service:
        yield service.users()


@pytest.fixture
def grace(served: Served) -> Iterator[Any]:
    with build(
        "gmail", "v1", credentials=credentials(served, GRACE), client_options={"api_endpoint": served.url}
    ) as service:
        yield service.users()


def written(subject: str = "Lunch?", to: str = GRACE, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["To"], mail["From"], mail["Subject"] = to, ADA, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    # The client's multipart uploads take mails of seven bits only.
    mail.set_content("Thursday at noon, under the café's clock?\n", cte="quoted-printable")
    mail.add_alternative("<p>Thursday at <b>noon</b>?</p>", subtype="html")
    mail.add_attachment(b"\x00\xff" * 700, maintype="application", subtype="pdf", filename="menü.pdf")
    return mail


def body(mail: EmailMessage) -> dict[str, str]:
    return {"raw": base64.urlsafe_b64encode(mail.as_bytes()).decode()}


def test_a_mail_is_sent_listed_read_and_its_attachment_fetched(gmail: Any, grace: Any) -> None:
    sent = gmail.messages().send(userId="me", body=body(written("The menu"))).execute()
    listed = grace.messages().list(userId="me", q="subject:menu has:attachment").execute()
    found = grace.messages().get(userId="me", id=listed["messages"][0]["id"]).execute()

    assert sent["labelIds"] == ["SENT"]
    alternative, attached = found["payload"]["parts"]
    assert [part["mimeType"] for part in alternative["parts"]] == ["text/plain", "text/html"]
    text = base64.urlsafe_b64decode(alternative["parts"][0]["body"]["data"]).decode()
    assert text.splitlines() == ["Thursday at noon, under the café's clock?"]
    assert found["snippet"] == "Thursday at noon, under the café&#39;s clock?"
    assert attached["filename"] == "menü.pdf"
    attachment_id = attached["body"]["attachmentId"]
    file = grace.messages().attachments().get(userId="me", messageId=found["id"], id=attachment_id).execute()
    assert base64.urlsafe_b64decode(file["data"]) == b"\x00\xff" * 700


def test_raw_parses_as_the_mail_that_was_written(gmail: Any) -> None:
    mail = written("Raw")

    sent = gmail.messages().send(userId="me", body=body(mail)).execute()

    found = gmail.messages().get(userId="me", id=sent["id"], format="raw").execute()
    parsed = message_from_bytes(base64.urlsafe_b64decode(found["raw"]), policy=policy.default)
    assert parsed["Subject"] == "Raw"
    assert [part.get_content_type() for part in parsed.walk()] == [part.get_content_type() for part in mail.walk()]


def test_labels_are_modified_and_pages_walked_by_list_next(gmail: Any, world: Sandbox) -> None:
    account = world.account(ADA)
    ids = [account.receive(from_=GRACE, subject=f"Page {number}").id for number in range(5)]
    label = gmail.labels().create(userId="me", body={"name": "Pages"}).execute()["id"]
    for message_id in ids:
        gmail.messages().modify(userId="me", id=message_id, body={"addLabelIds": [label]}).execute()

    request = gmail.messages().list(userId="me", labelIds=[label], maxResults=2)
    walked: list[str] = []
    while request is not None:
        answer = request.execute()
        walked += [found["id"] for found in answer["messages"]]
        request = gmail.messages().list_next(request, answer)

    assert walked == ids[::-1]
    assert gmail.labels().get(userId="me", id=label).execute()["messagesTotal"] == 5


def test_deletes_answer_an_empty_string(gmail: Any, world: Sandbox) -> None:
    message_id = world.account(ADA).receive(from_=GRACE, subject="Gone").id

    assert gmail.messages().trash(userId="me", id=message_id).execute()["labelIds"] == ["UNREAD", "TRASH"]
    assert gmail.messages().delete(userId="me", id=message_id).execute() == ""
    with pytest.raises(HttpError) as refused:
        gmail.messages().get(userId="me", id=message_id).execute()
    assert refused.value.status_code == 404
    assert refused.value.reason == "Requested entity was not found."


def test_a_draft_is_made_edited_and_sent(gmail: Any, world: Sandbox) -> None:
    draft = gmail.drafts().create(userId="me", body={"message": body(written("First"))}).execute()
    edited = gmail.drafts().update(userId="me", id=draft["id"], body={"message": body(written("Second"))}).execute()
    assert edited["id"] == draft["id"]
    assert edited["message"]["id"] != draft["message"]["id"]
    assert [found["id"] for found in gmail.drafts().list(userId="me").execute()["drafts"]] == [draft["id"]]

    sent = gmail.drafts().send(userId="me", body={"id": draft["id"]}).execute()

    assert sent["labelIds"] == ["SENT"]
    assert "drafts" not in gmail.drafts().list(userId="me").execute()
    assert world.account(GRACE).inbox[0].subject == "Second"


def test_an_answer_stays_in_its_thread_on_both_sides(gmail: Any, grace: Any) -> None:
    question = gmail.messages().send(userId="me", body=body(written("Thread"))).execute()
    arrived = grace.messages().list(userId="me", q="subject:thread").execute()["messages"][0]
    original = grace.messages().get(userId="me", id=arrived["id"], format="metadata").execute()
    message_id = next(
        found["value"] for found in original["payload"]["headers"] if found["name"].lower() == "message-id"
    )
    answer = written("Re: Thread", to=ADA, In_Reply_To=message_id, References=message_id)

    sent = grace.messages().send(userId="me", body={**body(answer), "threadId": arrived["threadId"]}).execute()

    assert sent["threadId"] == arrived["threadId"]
    thread = gmail.threads().get(userId="me", id=question["threadId"], format="minimal").execute()
    assert len(thread["messages"]) == 2
    assert gmail.threads().list(userId="me", q="subject:thread").execute()["threads"][0]["id"] == question["threadId"]
    gmail.threads().modify(userId="me", id=question["threadId"], body={"removeLabelIds": ["UNREAD"]}).execute()
    assert gmail.threads().trash(userId="me", id=question["threadId"]).execute()["id"] == question["threadId"]
    assert gmail.threads().untrash(userId="me", id=question["threadId"]).execute()["messages"]


@pytest.mark.parametrize("resumable", [False, True], ids=["multipart", "resumable"])
def test_large_mails_are_uploaded(served: Served, world: Sandbox, resumable: bool) -> None:
    # The client's uploads ignore api_endpoint's scheme, so the document itself has to lead here.
    edited = json.dumps({**document(GMAIL), "rootUrl": f"{served.url}/"})
    mail = written("Upload")
    mail.add_attachment(b"\xaa" * 2_000_000, maintype="image", subtype="png", filename="big.png")
    media = MediaIoBaseUpload(
        BytesIO(mail.as_bytes()), mimetype="message/rfc822", chunksize=1024 * 1024, resumable=resumable
    )

    with build_from_document(edited, credentials=credentials(served, ADA)) as service:
        sent = service.users().messages().send(userId="me", body={}, media_body=media).execute()

    assert sent["labelIds"] == ["SENT"]
    (held,) = [found for found in world.account(GRACE).inbox if found.subject == "Upload"]
    assert [len(part.get_content()) for part in held.parsed.iter_attachments()] == [1400, 2_000_000]


def test_history_tells_what_arrived(gmail: Any, world: Sandbox) -> None:
    start = gmail.getProfile(userId="me").execute()["historyId"]
    message_id = world.account(ADA).receive(from_=GRACE, subject="New").id

    answer = gmail.history().list(userId="me", startHistoryId=start).execute()

    assert answer["history"][0]["messagesAdded"][0]["message"]["id"] == message_id


def test_the_scopes_of_the_token_decide_what_is_shown(served: Served, world: Sandbox) -> None:
    message_id = world.account(ADA).receive(from_=GRACE, subject="Secret").id
    poor = credentials(served, ADA, METADATA)

    with build("gmail", "v1", credentials=poor, client_options={"api_endpoint": served.url}) as service:
        messages = service.users().messages()
        assert messages.get(userId="me", id=message_id, format="metadata").execute()["payload"]["headers"]
        with pytest.raises(HttpError, match="Metadata scope doesn't allow format FULL"):
            messages.get(userId="me", id=message_id).execute()
        with pytest.raises(HttpError, match="insufficient authentication scopes"):
            messages.trash(userId="me", id=message_id).execute()


def test_fields_leave_only_what_was_asked_for(gmail: Any, world: Sandbox) -> None:
    message_id = world.account(ADA).receive(from_=GRACE, subject="Masked").id

    found = gmail.messages().get(userId="me", id=message_id, fields="id,payload/headers").execute()

    assert set(found) == {"id", "payload"}
    assert set(found["payload"]) == {"headers"}


def test_imports_keep_the_date_of_the_mail(gmail: Any) -> None:
    old = written("Old", Date="Thu, 01 Jan 2015 12:00:00 +0000")

    imported = gmail.messages().import_(userId="me", body={**body(old), "labelIds": ["INBOX"]}).execute()

    found = gmail.messages().get(userId="me", id=imported["id"], format="minimal").execute()
    assert int(found["internalDate"]) == datetime(2015, 1, 1, 12, tzinfo=UTC).timestamp() * 1000
    assert gmail.messages().list(userId="me", q="before:2016/01/01").execute()["messages"][0]["id"] == imported["id"]
