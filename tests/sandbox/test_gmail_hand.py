"""What a person does in Gmail's page between two calls of a program."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import ApiError

from .caller import Caller, body
from .mailing import ADA, GRACE, Gmail, encode, header, mail, settings

ATTACHED = (
    b"To: grace@example.com\r\nSubject: Minutes\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n"
    b"--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n1,2\r\n--b--\r\n"
)


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


def save(gmail: Gmail, raw: bytes | None = None) -> Any:
    return gmail.call("POST", "drafts", {"message": {"raw": encode(raw or mail())}})


def test_an_edited_draft_keeps_its_id_and_what_was_not_touched(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada, ATTACHED)

    edited = world.account(ADA).edit_draft(saved["id"], text="Here they are.", cc=["else@elsewhere.example"])

    now = ada.call("GET", f"drafts/{saved['id']}")["message"]
    assert now["id"] == edited.id != saved["message"]["id"]
    assert now["threadId"] == saved["message"]["threadId"]
    assert edited.text.strip() == "Here they are."
    assert (header(now, "to"), header(now, "cc")) == (GRACE, "else@elsewhere.example")
    assert [part["filename"] for part in now["payload"]["parts"]] == ["", "a.csv"]


def test_a_new_subject_begins_a_new_thread(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada)

    edited = world.account(ADA).edit_draft(saved["id"], subject="Dinner")

    assert edited.subject == "Dinner"
    assert edited.thread_id != saved["message"]["threadId"]


def test_the_history_tells_of_an_edit_as_of_another_message(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada)
    start = ada.call("GET", "profile")["historyId"]

    edited = world.account(ADA).edit_draft(saved["id"], text="One o'clock.")

    added, deleted = ada.call("GET", f"history?startHistoryId={start}")["history"]
    assert added["messagesAdded"][0]["message"]["id"] == edited.id
    assert deleted["messagesDeleted"][0]["message"]["id"] == saved["message"]["id"]


def test_a_draft_sent_by_hand_is_gone_and_arrives(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada)

    copy = world.account(ADA).send_draft(saved["id"])

    assert copy.labels == {"SENT"}
    assert copy.thread_id == saved["message"]["threadId"]
    assert world.sent[-1].method == "person"
    assert world.account(GRACE).inbox[0].subject == "Lunch?"
    assert ada.refused("GET", f"drafts/{saved['id']}")[0] == 404
    assert ada.refused("POST", "drafts/send", {"id": saved["id"]})[0] == 404


def test_a_draft_deleted_by_hand_is_gone(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada)
    assert list(world.account(ADA).drafts) == [saved["id"]]

    world.account(ADA).delete_draft(saved["id"])

    assert world.account(ADA).drafts == {}
    assert ada.refused("GET", f"drafts/{saved['id']}")[0] == 404


def test_the_control_api_does_the_same(world: Sandbox, ada: Gmail) -> None:
    control = Caller(world).control
    saved = save(ada)["id"]

    edited = control("POST", f"accounts/{ADA}/drafts/{saved}", {"edit": {"subject": "Dinner", "to": [GRACE]}})
    sent = control("POST", f"accounts/{ADA}/drafts/{saved}", {"send": True})
    gone = control("POST", f"accounts/{ADA}/drafts/{save(ada)['id']}", {"delete": True})

    assert (edited.status, sent.status, gone.status) == (200, 200, 200)
    assert set(body(edited)) == set(body(sent)) == {"id", "threadId"}
    assert world.account(GRACE).inbox[0].subject == "Dinner"
    assert world.account(ADA).drafts == {}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"send": True, "delete": True}, 400),
        ({"send": False}, 400),
        ({"send": "yes"}, 400),
        ({"edit": "x"}, 400),
        ({"edit": {"colour": "red"}}, 400),
        ({"edit": {"subject": "a\nb"}}, 400),
        ({"burn": True}, 400),
    ],
)
def test_the_control_api_says_what_is_wrong(world: Sandbox, ada: Gmail, fields: Any, status: int) -> None:
    saved = save(ada)["id"]

    answer = Caller(world).control("POST", f"accounts/{ADA}/drafts/{saved}", fields)

    assert answer.status == status
    assert body(answer)["error"]["message"]
    assert list(world.account(ADA).drafts) == [saved]


def test_a_draft_or_account_that_is_not_there_is_not_found(world: Sandbox) -> None:
    control = Caller(world).control

    assert control("POST", f"accounts/{ADA}/drafts/r-1", {"send": True}).status == 404
    assert control("POST", "accounts/nobody@example.com/drafts/r-1", {"send": True}).status == 404
    with pytest.raises(ApiError, match="not found"):
        world.account(ADA).delete_draft("r-1")


def test_a_draft_without_recipients_is_not_sent(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada, mail(to=""))["id"]

    answer = Caller(world).control("POST", f"accounts/{ADA}/drafts/{saved}", {"send": True})

    assert (answer.status, body(answer)["error"]["message"]) == (400, "Recipient address required")
    assert list(world.account(ADA).drafts) == [saved]


def test_text_and_html_are_edited_where_they_are(world: Sandbox, ada: Gmail) -> None:
    account, saved = world.account(ADA), save(ada)["id"]

    both = account.edit_draft(saved, text="Noon?", html="<b>Noon?</b>")

    assert both.parsed.get_content_type() == "multipart/alternative"
    with pytest.raises(ValueError, match="no html text"):
        account.edit_draft(save(ada, ATTACHED)["id"], html="<b>x</b>")


def test_somebody_agrees_through_the_control_api(world: Sandbox) -> None:
    control, ada = Caller(world).control, settings(world)
    ada.call("POST", "settings/forwardingAddresses", {"forwardingEmail": GRACE})

    assert control("POST", f"accounts/{ADA}/confirm", {"address": GRACE}).status == 200
    assert control("POST", f"accounts/{ADA}/confirm", {"address": GRACE}).status == 404
    assert control("POST", f"accounts/{ADA}/confirm", {}).status == 400

    assert ada.call("GET", f"settings/forwardingAddresses/{GRACE}")["verificationStatus"] == "accepted"
