"""users.labels as a program sees it."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox

from .mailing import Gmail, mail

SYSTEM = {
    "CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "CATEGORY_FORUMS", "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "STARRED", "UNREAD",
}  # fmt: skip
INVALID_NAME = (400, "invalidArgument", "Invalid label name")
EXISTS = (409, "aborted", "Label name exists or conflicts")


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


def make(gmail: Gmail, name: str, **more: Any) -> Any:
    return gmail.call("POST", "labels", {"name": name, **more})


def test_the_list_has_every_system_label_and_counts_nothing(ada: Gmail) -> None:
    made = make(ada, "Work/Clients")

    labels = ada.call("GET", "labels")["labels"]

    assert {label["id"] for label in labels if label["type"] == "system"} == SYSTEM
    assert [label for label in labels if label["type"] == "user"] == [made]
    assert all(label["id"] == label["name"] for label in labels if label["type"] == "system")
    assert not any("messagesTotal" in label for label in labels)


def test_a_new_label_shows_unless_told_otherwise(ada: Gmail) -> None:
    plain = make(ada, "Lunch")
    hidden = make(ada, "Noise", labelListVisibility="labelHide", messageListVisibility="hide")

    assert plain == {
        "id": plain["id"],
        "name": "Lunch",
        "messageListVisibility": "show",
        "labelListVisibility": "labelShow",
        "type": "user",
    }
    assert plain["id"].startswith("Label_")
    assert (hidden["labelListVisibility"], hidden["messageListVisibility"]) == ("labelHide", "hide")


def test_one_label_is_counted_in_messages_and_threads(ada: Gmail) -> None:
    label = make(ada, "Lunch")["id"]
    ada.insert(mail(Message_ID="<1@x>"), label, "UNREAD")
    ada.insert(mail("Re: Lunch?", References="<1@x>"), label)
    ada.insert(mail("Other"), label, "UNREAD")

    found = ada.call("GET", f"labels/{label}")

    counts = {name: found[name] for name in ("messagesTotal", "messagesUnread", "threadsTotal", "threadsUnread")}
    assert counts == {"messagesTotal": 3, "messagesUnread": 2, "threadsTotal": 2, "threadsUnread": 2}


def test_counts_follow_changes(ada: Gmail) -> None:
    message_id = ada.insert(mail(), "STARRED")["id"]
    assert ada.call("GET", "labels/STARRED")["threadsTotal"] == 1

    ada.call("POST", f"messages/{message_id}/modify", {"removeLabelIds": ["STARRED"]})

    assert ada.call("GET", "labels/STARRED")["threadsTotal"] == 0


@pytest.mark.parametrize(
    "name", ["", " ", "Trash", "inbox", "MUTED", "Enviado", "Ongelezen", "a\tb", "a//b", "/a", "x" * 226]
)
def test_names_that_gmail_keeps_or_that_are_none_are_refused(ada: Gmail, name: str) -> None:
    assert ada.refused("POST", "labels", {"name": name}) == INVALID_NAME


def test_two_labels_of_one_name_conflict_whatever_the_case(ada: Gmail) -> None:
    make(ada, "Lunch")
    other = make(ada, "Dinner")["id"]

    assert ada.refused("POST", "labels", {"name": "LUNCH"}) == EXISTS
    assert ada.refused("PATCH", f"labels/{other}", {"name": "lunch"}) == EXISTS
    assert ada.call("PATCH", f"labels/{other}", {"name": "DINNER"})["name"] == "DINNER"


def test_patch_keeps_and_update_resets_what_is_left_out(ada: Gmail) -> None:
    label = make(ada, "Lunch", labelListVisibility="labelHide")["id"]

    assert ada.call("PATCH", f"labels/{label}", {"name": "Noon"})["labelListVisibility"] == "labelHide"
    assert ada.call("PUT", f"labels/{label}", {"name": "Noon"})["labelListVisibility"] == "labelShow"
    assert ada.refused("PUT", f"labels/{label}", {}) == INVALID_NAME


def test_colours_come_from_the_palette(ada: Gmail) -> None:
    color = {"textColor": "#ffffff", "backgroundColor": "#fb4c2f"}

    assert make(ada, "Red", color=color)["color"] == color
    refusal = ada.refused("POST", "labels", {"name": "Pink", "color": {**color, "backgroundColor": "#ff1493"}})
    assert refusal == (400, "invalidArgument", "Label color #ff1493 is not on the allowed color palette")


def test_system_labels_are_neither_changed_nor_deleted(ada: Gmail) -> None:
    assert ada.refused("DELETE", "labels/INBOX")[0] == 400
    assert ada.refused("PATCH", "labels/INBOX", {"name": "Box"})[0] == 400


def test_unknown_labels_are_not_found(ada: Gmail) -> None:
    for verb, body in (("GET", None), ("DELETE", None), ("PATCH", {"name": "x"})):
        assert ada.refused(verb, "labels/Label_99", body) == (404, "notFound", "Requested entity was not found.")


def test_a_deleted_label_comes_off_its_messages(ada: Gmail) -> None:
    label = make(ada, "Lunch")["id"]
    message_id = ada.insert(mail(), label)["id"]

    assert ada.answer("DELETE", f"labels/{label}").status == 204

    assert "labelIds" not in ada.get(message_id, "?format=minimal")


def test_a_label_is_searched_by_its_name(ada: Gmail) -> None:
    message_id = ada.insert(mail(), make(ada, "Work/Big clients")["id"])["id"]

    assert ada.ids("?q=label:work-big-clients") == [message_id]
    assert ada.ids("?q=has:userlabels") == [message_id]
