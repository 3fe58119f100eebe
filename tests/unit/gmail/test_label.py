"""Labels as Gmail lists them."""

from __future__ import annotations

import pytest

from mailgrant.gmail.label import Label, LabelKind, SystemLabel


def test_a_system_label_is_the_string_gmail_uses() -> None:
    assert SystemLabel.UNREAD == "UNREAD"
    assert str(SystemLabel.INBOX) == "INBOX"
    assert SystemLabel.UNREAD in frozenset({"UNREAD", "INBOX"})


@pytest.mark.parametrize("label", ["SENT", "DRAFT", "CHAT"])
def test_a_program_cannot_change_what_gmail_alone_decides(label: str) -> None:
    assert not SystemLabel(label).changeable


@pytest.mark.parametrize("label", ["INBOX", "UNREAD", "STARRED", "TRASH", "CATEGORY_SOCIAL"])
def test_a_program_may_change_the_other_labels(label: str) -> None:
    assert SystemLabel(label).changeable


def test_a_label_is_read_with_its_counts() -> None:
    label = Label.from_json(
        {
            "id": "Label_7",
            "name": "Lunch/Thursday",
            "type": "user",
            "messagesTotal": 4,
            "messagesUnread": 1,
            "threadsTotal": 3,
            "threadsUnread": 0,
        }
    )

    assert label.id == "Label_7"
    assert label.is_user
    assert (label.messages_total, label.messages_unread) == (4, 1)
    assert (label.threads_total, label.threads_unread) == (3, 0)


def test_a_listed_label_has_no_counts() -> None:
    label = Label.from_json({"id": "INBOX", "name": "INBOX", "type": "system"})

    assert label == Label("INBOX", id="INBOX", kind=LabelKind.SYSTEM)
    assert label.messages_total is None


def test_a_star_colour_that_gmail_calls_its_own_is_a_system_label() -> None:
    assert Label.from_json({"id": "YELLOW_STAR", "name": "YELLOW_STAR", "type": "system"}).kind is LabelKind.SYSTEM


def test_a_label_without_a_type_is_known_by_its_id() -> None:
    assert not Label.from_json({"id": "INBOX"}).is_user
    assert Label.from_json({"id": "Label_1"}).is_user


@pytest.mark.parametrize("value", [{}, {"id": None}, {"id": 7, "name": []}, {"messagesTotal": "many", "type": 3}])
def test_a_label_with_missing_or_strange_fields_is_still_read(value: dict[str, object]) -> None:
    label = Label.from_json(value)

    assert label.name == ""
    assert label.id is None
    assert label.messages_total is None
