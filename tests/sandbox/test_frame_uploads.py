"""Resumable uploads: pieces, probes, lost sessions; by hand and by Google's own client."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.api import Api
from mailgrant.sandbox.frame.doors import Doors
from mailgrant.sandbox.frame.wire import Answer, ApiCall

from .caller import Caller, body, location

SEND = "https://www.googleapis.com/auth/gmail.send"
START = "/upload/gmail/v1/users/me/messages/send?uploadType=resumable"
GRAIN = 256 * 1024
MAIL = b"To: grace@example.com\r\n\r\n" + b"0123456789abcdef" * 40_000


@pytest.fixture
def calls() -> list[ApiCall]:
    """The sends that reached Gmail."""
    return []


@pytest.fixture
def sender(world: Sandbox, caller: Caller, calls: list[ApiCall]) -> Caller:
    """Somebody who may send, and whose mails are written down."""

    def send(call: ApiCall) -> dict[str, Any]:
        calls.append(call)
        return {"id": "18c"}

    world._doors = Doors(world, Api(world, {"gmail.users.messages.send": send}))
    return caller.sign_in(SEND)


def begin(caller: Caller, metadata: bytes = b"", start: str = START) -> str:
    """Open a session and return its target."""
    opened = caller.request("POST", start, body=metadata, headers={"x-upload-content-type": "message/rfc822"})
    assert (opened.status, opened.body) == (200, b"")
    parts = urlsplit(location(opened))
    return f"{parts.path}?{parts.query}"


def put(caller: Caller, session: str, content: bytes, content_range: str) -> Answer:
    """Send a piece."""
    return caller.request("PUT", session, body=content, headers={"content-range": content_range})


def test_a_mail_sent_in_pieces_arrives_whole_with_its_metadata(sender: Caller, calls: list[ApiCall]) -> None:
    session = begin(sender, b'{"threadId": "18b"}')

    more = put(sender, session, MAIL[:GRAIN], f"bytes 0-{GRAIN - 1}/*")
    done = put(sender, session, MAIL[GRAIN:], f"bytes {GRAIN}-{len(MAIL) - 1}/{len(MAIL)}")

    assert (more.status, more.header("Range")) == (308, f"bytes=0-{GRAIN - 1}")
    assert (done.status, body(done)) == (200, {"id": "18c"})
    assert calls[0].media is not None
    assert (calls[0].media.content, calls[0].media.content_type) == (MAIL, "message/rfc822")
    assert calls[0].body == {"threadId": "18b"}


def test_a_probe_says_what_has_come(sender: Caller) -> None:
    session = begin(sender)

    nothing = put(sender, session, b"", f"bytes */{len(MAIL)}")
    put(sender, session, MAIL[:GRAIN], f"bytes 0-{GRAIN - 1}/{len(MAIL)}")
    some = put(sender, session, b"", f"bytes */{len(MAIL)}")

    assert (nothing.status, nothing.header("Range")) == (308, None)
    assert (some.status, some.header("Range")) == (308, f"bytes=0-{GRAIN - 1}")


def test_a_piece_may_be_sent_again(sender: Caller, calls: list[ApiCall]) -> None:
    session = begin(sender)
    for _ in range(2):
        put(sender, session, MAIL[:GRAIN], f"bytes 0-{GRAIN - 1}/{len(MAIL)}")

    put(sender, session, MAIL[GRAIN:], f"bytes {GRAIN}-{len(MAIL) - 1}/{len(MAIL)}")

    assert calls[0].media is not None
    assert calls[0].media.content == MAIL


def test_a_mail_may_come_in_one_piece_without_a_range(sender: Caller, calls: list[ApiCall]) -> None:
    assert sender.request("PUT", begin(sender), body=MAIL).status == 200
    assert calls[0].media is not None
    assert calls[0].media.content == MAIL


@pytest.mark.parametrize("content_range", ["bytes 5-9/20", "bytes 0-9/20", "lines 1-2/3"], ids=["gap", "size", "unit"])
def test_a_range_that_makes_no_sense_is_refused(sender: Caller, content_range: str) -> None:
    assert put(sender, begin(sender), b"12345", content_range).status == 400


def test_a_lost_session_is_not_found(sender: Caller) -> None:
    assert sender.request("PUT", f"{START}&upload_id=nonsense", body=MAIL).status == 404


def test_an_answer_that_was_lost_is_given_again_and_nothing_is_sent_twice(sender: Caller, calls: list[ApiCall]) -> None:
    session = begin(sender)
    sender.world.fault("gmail.users.messages.send", drop="after")
    with pytest.raises(ConnectionResetError):
        put(sender, session, MAIL, f"bytes 0-{len(MAIL) - 1}/{len(MAIL)}")

    probed = put(sender, session, b"", f"bytes */{len(MAIL)}")
    again = sender.request("PUT", session, body=MAIL)

    assert [(answer.status, body(answer)) for answer in (probed, again)] == [(200, {"id": "18c"})] * 2
    assert len(calls) == 1


def test_a_session_is_not_opened_for_a_call_that_could_not_be_made(sender: Caller, caller: Caller) -> None:
    assert sender.request("POST", f"{START}&foo=1").status == 400
    caller.token = None
    assert caller.request("POST", START).status == 401


def test_the_other_upload_path_works_too(sender: Caller) -> None:
    assert sender.request("PUT", begin(sender, start=f"/resumable{START}"), body=MAIL).status == 200


def test_only_the_whole_mail_costs_units(world: Sandbox, sender: Caller) -> None:
    session = begin(sender)
    put(sender, session, MAIL[:GRAIN], f"bytes 0-{GRAIN - 1}/{len(MAIL)}")
    put(sender, session, MAIL[GRAIN:], f"bytes {GRAIN}-{len(MAIL) - 1}/{len(MAIL)}")

    assert [entry.units for entry in world.requests] == [0, 0, 100]
    assert {entry.method for entry in world.requests} == {"gmail.users.messages.send"}


@pytest.mark.parametrize("resumable", [True, False], ids=["resumable", "multipart"])
def test_googles_client_uploads_through_the_served_discovery_document(
    world: Sandbox, sender: Caller, calls: list[ApiCall], resumable: bool
) -> None:
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build
    from googleapiclient.http import MediaInMemoryUpload

    media = MediaInMemoryUpload(MAIL, mimetype="message/rfc822", chunksize=GRAIN, resumable=resumable)
    with world.serve() as served:
        address = f"{served.url}/discovery/v1/apis/{{api}}/{{apiVersion}}/rest"
        with build(
            "gmail",
            "v1",
            credentials=Credentials(sender.token),
            discoveryServiceUrl=address,
            static_discovery=False,
            cache_discovery=False,
        ) as service:
            sent = service.users().messages().send(userId="me", body={"threadId": "18b"}, media_body=media).execute()

    assert sent == {"id": "18c"}
    assert calls[0].media is not None
    assert calls[0].media.content == MAIL
    assert calls[0].body == {"threadId": "18b"}
