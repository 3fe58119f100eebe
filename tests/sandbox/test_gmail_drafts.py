"""users.drafts as a program sees it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox

from .mailing import GRACE, Gmail, encode, header, mail


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


def save(gmail: Gmail, raw: bytes, **more: Any) -> Any:
    return gmail.call("POST", "drafts", {"message": {"raw": encode(raw), **more}})


def listed(gmail: Gmail) -> list[str]:
    return [draft["id"] for draft in gmail.call("GET", "drafts").get("drafts", [])]


def test_a_draft_carries_one_label_and_an_id_of_its_own(ada: Gmail) -> None:
    saved = save(ada, mail())

    assert re.fullmatch(r"r-?\d+", saved["id"])
    assert saved["message"]["labelIds"] == ["DRAFT"]
    assert set(saved["message"]) == {"id", "threadId", "labelIds"}
    assert ada.raw(saved["message"]["id"]) == mail()


def test_a_draft_needs_no_recipient_but_those_it_has_must_read(ada: Gmail) -> None:
    assert save(ada, mail(to=""))["id"]
    refused = ada.refused("POST", "drafts", {"message": {"raw": encode(mail(to="not an address"))}})
    assert refused == (400, "invalidArgument", "Invalid To header")


def test_drafts_are_listed_newest_first_with_bare_messages(ada: Gmail) -> None:
    first, second = save(ada, mail("one")), save(ada, mail("two"))

    found = ada.call("GET", "drafts")

    assert [draft["id"] for draft in found["drafts"]] == [second["id"], first["id"]]
    assert set(found["drafts"][0]["message"]) == {"id", "threadId"}
    assert len(ada.call("GET", "drafts?q=subject:one")["drafts"]) == 1


@pytest.mark.parametrize("form", ["minimal", "metadata", "full", "raw"])
def test_a_draft_is_read_in_all_four_formats(ada: Gmail, form: str) -> None:
    saved = save(ada, mail())

    found = ada.call("GET", f"drafts/{saved['id']}?format={form}")

    assert found["id"] == saved["id"]
    assert found["message"]["id"] == saved["message"]["id"]
    assert ("raw" in found["message"]) is (form == "raw")


def test_a_draft_keeps_its_id_while_its_message_changes_at_every_edit(ada: Gmail) -> None:
    saved = save(ada, mail(body="one"))

    edited = ada.call("PUT", f"drafts/{saved['id']}", {"message": {"raw": encode(mail(body="two"))}})

    assert edited["id"] == saved["id"]
    assert edited["message"]["id"] != saved["message"]["id"]
    assert edited["message"]["threadId"] == saved["message"]["threadId"]
    assert ada.refused("GET", f"messages/{saved['message']['id']}")[0] == 404
    assert listed(ada) == [saved["id"]]


def test_a_draft_with_another_subject_moves_to_another_thread(ada: Gmail) -> None:
    saved = save(ada, mail("one"))

    edited = ada.call("PUT", f"drafts/{saved['id']}", {"message": {"raw": encode(mail("two"))}})

    assert edited["message"]["threadId"] == edited["message"]["id"]


def test_a_draft_may_answer_in_a_thread(ada: Gmail) -> None:
    thread_id = ada.insert(mail(Message_ID="<first@x>"))["threadId"]

    saved = save(ada, mail("Re: Lunch?", References="<first@x>"), threadId=thread_id)
    sent = ada.call("POST", "drafts/send", {"id": saved["id"]})

    assert saved["message"]["threadId"] == sent["threadId"] == thread_id


def test_a_sent_draft_is_gone_and_the_sent_message_is_new(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada, mail("From a draft"))

    sent = ada.call("POST", "drafts/send", {"id": saved["id"]})

    assert sent["labelIds"] == ["SENT"]
    assert sent["id"] != saved["message"]["id"]
    assert sent["threadId"] == saved["message"]["threadId"]
    assert listed(ada) == []
    assert ada.refused("GET", f"drafts/{saved['id']}")[:2] == (404, "notFound")
    assert ada.refused("POST", "drafts/send", {"id": saved["id"]})[:2] == (404, "notFound")
    assert world.account(GRACE).inbox[0].subject == "From a draft"
    assert [mail.method for mail in world.sent] == ["gmail.users.drafts.send"]


def test_a_message_in_the_call_is_sent_instead_of_the_saved_one(ada: Gmail) -> None:
    saved = save(ada, mail("one"))

    sent = ada.call("POST", "drafts/send", {"id": saved["id"], "message": {"raw": encode(mail("two"))}})

    assert header(ada.get(sent["id"]), "subject") == "two"
    assert listed(ada) == []


def test_a_refused_send_leaves_the_draft_as_it_was(world: Sandbox, ada: Gmail) -> None:
    saved = save(ada, mail(to=""))

    refused = ada.refused("POST", "drafts/send", {"id": saved["id"]})

    assert refused == (400, "invalidArgument", "Recipient address required")
    assert ada.call("GET", f"drafts/{saved['id']}")["message"]["id"] == saved["message"]["id"]
    assert world.sent == []


def test_a_deleted_draft_does_not_go_to_the_trash(ada: Gmail) -> None:
    saved = save(ada, mail())

    assert ada.answer("DELETE", f"drafts/{saved['id']}").status == 204

    assert ada.refused("DELETE", f"drafts/{saved['id']}")[0] == 404
    assert ada.refused("GET", f"messages/{saved['message']['id']}")[0] == 404


def test_a_draft_deleted_as_a_message_is_no_draft_any_more(ada: Gmail) -> None:
    saved = save(ada, mail())

    ada.call("DELETE", f"messages/{saved['message']['id']}")

    assert ada.refused("GET", f"drafts/{saved['id']}")[0] == 404
    assert listed(ada) == []


def test_an_id_that_cannot_be_a_drafts_is_invalid_and_a_messages_not_found(ada: Gmail) -> None:
    message_id = save(ada, mail())["message"]["id"]

    assert ada.refused("GET", "drafts/nonsense")[:2] == (400, "invalidArgument")
    assert ada.refused("GET", f"drafts/{message_id}")[:2] == (404, "notFound")
    assert ada.refused("PUT", f"drafts/{message_id}", {"message": {"raw": encode(mail())}})[0] == 404


def test_labels_of_the_owners_own_cannot_be_put_on_drafts(ada: Gmail) -> None:
    label = ada.call("POST", "labels", {"name": "Later"})["id"]
    message_id = save(ada, mail())["message"]["id"]

    assert ada.refused("POST", f"messages/{message_id}/modify", {"addLabelIds": [label]})[0] == 400
