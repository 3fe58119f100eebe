"""What happens to a mail between one person's send and another's inbox."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.mail.delivery import compose
from mailgrant.sandbox.mail.mime import first_header, parse, read_headers
from mailgrant.sandbox.mail.outgoing import Sender, rewritten, without_bcc

from .conftest import NOON
from .mailing import ADA, GRACE, Gmail, encode, header, mail

ADA_SENDS = Sender({ADA: f"Ada Lovelace <{ADA}>"})


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


@pytest.fixture
def grace(world: Sandbox) -> Gmail:
    return Gmail(world, GRACE)


def written(raw: bytes) -> bytes:
    return rewritten(raw, ADA_SENDS, message_id="CAnew@mail.gmail.com", now=NOON, project="1")


def named(raw: bytes, name: str) -> str:
    return first_header(read_headers(raw)[0], name)


def test_a_send_answers_id_thread_and_sent_only(ada: Gmail) -> None:
    found = ada.send(mail())

    assert found == {"id": found["id"], "threadId": found["id"], "labelIds": ["SENT"]}


def test_a_mail_arrives_unread_in_the_inbox_with_its_trace(ada: Gmail, grace: Gmail) -> None:
    ada.send(mail("Arrives?", body="It does."))

    found = grace.get(grace.ids("?q=subject:arrives")[0])

    assert found["labelIds"] == ["INBOX", "UNREAD"]
    assert header(found, "delivered-to") == GRACE
    assert header(found, "received")
    assert header(found, "from") == "Ada Lovelace <ada@example.com>"
    assert found["snippet"] == "It does."


def test_a_program_cannot_choose_the_message_id(ada: Gmail, grace: Gmail) -> None:
    sent = ada.get(ada.send(mail("Mine", Message_ID="<mine@example.com>"))["id"])

    assert header(sent, "message-id").startswith("<CA")
    assert header(sent, "message-id").endswith("@mail.gmail.com>")
    assert not any("mine@example.com" in found["value"] for found in sent["payload"]["headers"])
    assert header(grace.get(grace.ids("?q=subject:mine")[0]), "message-id") == header(sent, "message-id")


def test_bcc_stays_in_the_senders_copy_and_leaves_with_nobody_elses(world: Sandbox, ada: Gmail, grace: Gmail) -> None:
    sent = ada.send(mail("Hush", to="else@elsewhere.example", Bcc=GRACE))

    assert header(ada.get(sent["id"]), "bcc") == GRACE
    assert header(grace.get(grace.ids("?q=subject:hush")[0]), "bcc") == ""
    assert b"Bcc" not in world.sent[0].raw
    assert world.sent[0].recipients == ("else@elsewhere.example", GRACE)


def test_a_mail_to_oneself_is_one_message_sent_and_received(ada: Gmail) -> None:
    sent = ada.send(mail("Note to self", to=ADA))

    assert set(sent["labelIds"]) == {"SENT", "INBOX", "UNREAD"}
    assert ada.ids("?q=subject:self") == [sent["id"]]


def test_everything_that_left_is_listed_with_its_envelope(world: Sandbox, ada: Gmail) -> None:
    sent = ada.send(mail("One", to=f"Grace <{GRACE}>, grace@EXAMPLE.com", Cc="else@elsewhere.example"))

    (left,) = world.sent
    assert (left.sender, left.method) == (ADA, "gmail.users.messages.send")
    assert left.recipients == (GRACE, "else@elsewhere.example")
    assert left.message_id == sent["id"]
    assert left.at.tzinfo is UTC


def test_somebody_named_twice_gets_one_mail(ada: Gmail, grace: Gmail) -> None:
    ada.send(mail("Twice", to=f"{GRACE}, grace+lunch@example.com", Cc=GRACE))

    assert len(grace.ids("?q=subject:twice")) == 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (mail(to=""), "Recipient address required"),
        (mail(to="undisclosed-recipients:;"), "Recipient address required"),
        (b"\r\n" + mail(), "Recipient address required"),
        (b"just text", "Recipient address required"),
        (mail(to="not an address"), "Invalid To header"),
        (mail(to="ada@"), "Invalid To header"),
        (mail(Cc="@example.com"), "Invalid Cc header"),
        (mail(Bcc="a b@c d"), "Invalid Bcc header"),
    ],
)
def test_a_mail_that_can_go_nowhere_is_refused_and_leaves_no_trace(
    world: Sandbox, ada: Gmail, raw: bytes, message: str
) -> None:
    before = ada.call("GET", "profile")

    refused = ada.refused("POST", "messages/send", {"raw": encode(raw)})

    assert refused == (400, "invalidArgument", message)
    assert world.sent == []
    assert ada.call("GET", "profile") == before


def test_a_mail_may_be_uploaded(world: Sandbox, ada: Gmail) -> None:
    answer = ada.caller.request(
        "POST",
        "/upload/gmail/v1/users/me/messages/send?uploadType=media",
        body=mail("Uploaded"),
        headers={"content-type": "message/rfc822"},
    )

    assert json.loads(answer.body)["labelIds"] == ["SENT"]
    assert world.account(GRACE).inbox[0].subject == "Uploaded"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada <ada@example.com>", "Ada <ada@example.com>"),
        ("ADA@example.com (bare)", "Ada Lovelace <ada@example.com>"),
        ("ada@example.com", "Ada Lovelace <ada@example.com>"),
        ("Boss <boss@example.com>", "Ada Lovelace <ada@example.com>"),
        ("ada@example.com, boss@example.com", "Ada Lovelace <ada@example.com>"),
        ("", "Ada Lovelace <ada@example.com>"),
    ],
)
def test_from_is_the_account_whatever_a_program_says(given: str, kept: str) -> None:
    raw = written(mail(From=given))

    assert named(raw, "from") == kept
    assert b"boss" not in raw


def test_what_is_missing_is_added_and_what_is_there_stays() -> None:
    bare = written(mail())
    dated = written(mail(Date="Thu, 01 Jan 2015 12:00:00 +0000", X_Attempt="abc"))

    assert named(bare, "date") == "Wed, 04 Mar 2026 12:00:00 +0000"
    assert named(bare, "mime-version") == "1.0"
    assert named(dated, "date") == "Thu, 01 Jan 2015 12:00:00 +0000"
    assert named(dated, "x-attempt") == "abc"


def test_line_ends_become_those_of_mail_and_the_rest_stays() -> None:
    raw = written(b"To: grace@example.com\nSubject: a\n b\n\none\r\ntwo\n")

    assert raw.endswith(b"To: grace@example.com\r\nSubject: a\r\n b\r\n\r\none\r\ntwo\r\n")


def test_raw_utf_8_in_a_header_is_taken_for_latin_1() -> None:
    raw = written("To: Jörg <j@example.org>\r\nSubject: Grüße aus Köln, heute\r\n\r\n".encode())

    assert named(raw, "subject") == "Grüße aus Köln, heute".encode().decode("latin-1")
    assert named(raw, "to") == "JÃ¶rg <j@example.org>"
    assert read_headers(raw)[0] and raw.isascii()


def test_bcc_goes_with_its_folded_lines() -> None:
    assert without_bcc(b"A: b\r\nBCC: x@y,\r\n z@y\r\nC: d\r\n\r\nbody") == b"A: b\r\nC: d\r\n\r\nbody"


def test_a_received_mail_is_composed_from_its_fields(world: Sandbox) -> None:
    account = world.account(ADA)

    held = account.receive(
        from_="Jöhannes <j@example.org>",
        subject="Grüße ☀",
        text="plain",
        html="<b>rich</b>",
        attachments=[{"filename": "ü.txt", "type": "text/plain", "content": b64encode(b"data").decode()}],
        labels=["INBOX", "Receipts"],
        date="2026-01-02T03:04:05Z",
    )

    root = parse(held.raw)
    assert (held.subject, held.from_, held.to) == ("Grüße ☀", "Jöhannes <j@example.org>", ADA)
    assert [part.filename for part in root.walk() if part.filename] == ["ü.txt"]
    assert named(held.raw, "date") == "Fri, 02 Jan 2026 03:04:05 +0000"
    gmail = Gmail(world)
    stored = gmail.get(held.id)
    assert int(stored["internalDate"]) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp() * 1000
    assert gmail.ids("?q=label:receipts") == [held.id]


@pytest.mark.parametrize(
    "fields",
    [{"form": "x"}, {"subject": "a\nb"}, {"attachments": ["x"]}, {"attachments": [{"filename": "a", "content": "?"}]}],
)
def test_fields_that_make_no_mail_are_named(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        compose(fields)


def test_the_same_calls_give_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        gmail = Gmail(Sandbox(NOON, consent="auto"))
        sent = gmail.get(gmail.send(mail())["id"])
        ids.append((sent["id"], header(sent, "message-id"), gmail.ids()))

    assert ids[0] == ids[1]
