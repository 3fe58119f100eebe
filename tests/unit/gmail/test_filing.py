"""Filing: labels, archive, trash and deletion, by the cheaper of two ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mailgrant.errors import Conflict, InvalidRequest
from mailgrant.gmail import filing, label_calls, storing
from mailgrant.gmail.storing import Scanning
from mailgrant.http import Request

Hold = Callable[..., tuple[Any, list[Request]]]

INBOX = {"id": "INBOX", "name": "INBOX", "type": "system"}
LUNCH = {"id": "Label_1", "name": "Lunch", "type": "user"}
KNOWN = {"labels": [INBOX, LUNCH]}


def operations(asked: list[Request]) -> list[str]:
    return [request.operation.removeprefix("gmail.users.") for request in asked]


def test_labels_are_put_on_and_taken_off_by_id(hold: Hold) -> None:
    _, (request,) = hold(filing.modify(["m1"], add={"STARRED", "Label_1"}, remove=["UNREAD"]), {"id": "m1"})

    assert json.loads(request.body) == {"addLabelIds": ["Label_1", "STARRED"], "removeLabelIds": ["UNREAD"]}


def test_a_change_of_no_label_is_refused_before_it_travels() -> None:
    with pytest.raises(InvalidRequest, match="no label"):
        next(filing.modify(["m1"]))


@pytest.mark.parametrize("label", ["SENT", "DRAFT", "CHAT"])
def test_a_label_that_is_gmails_alone_is_refused_before_it_travels(label: str) -> None:
    with pytest.raises(InvalidRequest, match="Gmail's alone"):
        next(filing.modify(["m1"], add=[label]))


def test_nine_messages_are_changed_one_by_one(hold: Hold) -> None:
    _, asked = hold(filing.modify([f"m{n}" for n in range(9)], add=["STARRED"]), *[{}] * 9)

    assert operations(asked) == ["messages.modify"] * 9


def test_ten_messages_are_changed_by_one_call(hold: Hold) -> None:
    ids = [f"m{n}" for n in range(10)]

    _, (request,) = hold(filing.modify(ids, add=["STARRED"]), None)

    assert operations([request]) == ["messages.batchModify"]
    assert json.loads(request.body) == {"ids": ids, "addLabelIds": ["STARRED"]}


def test_many_messages_go_a_thousand_to_a_call_and_the_rest_one_by_one(hold: Hold) -> None:
    _, asked = hold(filing.modify([f"m{n}" for n in range(2003)], remove=["UNREAD"]), None, None, {}, {}, {})

    assert operations(asked) == ["messages.batchModify"] * 2 + ["messages.modify"] * 3
    assert len(json.loads(asked[1].body)["ids"]) == 1000


def test_a_message_named_twice_is_changed_once(hold: Hold) -> None:
    _, asked = hold(filing.modify(["m1", "m1"], add=["STARRED"]), {})

    assert len(asked) == 1


def test_five_messages_are_deleted_by_one_call_and_four_one_by_one(hold: Hold) -> None:
    _, many = hold(filing.delete(["a", "b", "c", "d", "e"]), None)
    _, few = hold(filing.delete(["a", "b", "c", "d"]), None, None, None, None)

    assert operations(many) == ["messages.batchDelete"]
    assert operations(few) == ["messages.delete"] * 4


def test_threads_are_changed_and_deleted_one_by_one(hold: Hold) -> None:
    _, changed = hold(filing.modify_threads(["t1", "t2"], remove=["INBOX"]), {}, {})
    _, deleted = hold(filing.delete_threads(["t1"]), None)

    assert operations(changed + deleted) == ["threads.modify", "threads.modify", "threads.delete"]


def test_nothing_is_asked_for_no_messages(hold: Hold) -> None:
    _, asked = hold(filing.modify([], add=["STARRED"]))

    assert asked == []


def test_a_label_is_found_by_any_spelling_of_its_name_and_by_its_id(hold: Hold) -> None:
    ids, _ = hold(label_calls.ids_of(["lunch", "Label_1", "inbox"]), KNOWN)

    assert ids == ["Label_1", "Label_1", "INBOX"]


def test_gmails_own_labels_are_known_without_asking(hold: Hold) -> None:
    assert hold(label_calls.ids_of(["inbox", "UNREAD"])) == (["INBOX", "UNREAD"], [])
    assert hold(label_calls.ids_of([])) == ([], [])


def test_a_label_that_is_not_there_is_named_with_those_that_are(hold: Hold) -> None:
    with pytest.raises(InvalidRequest, match="no label 'Dinner'") as caught:
        hold(label_calls.ids_of(["Dinner"]), KNOWN)

    assert "Lunch" in caught.value.hint


def test_a_label_is_made_where_that_is_asked_for(hold: Hold) -> None:
    made = {"id": "Label_2", "name": "Dinner", "type": "user"}

    ids, asked = hold(label_calls.ids_of(["Dinner", "Lunch", "dinner"], create_missing=True), KNOWN, made)

    assert ids == ["Label_2", "Label_1", "Label_2"]
    assert operations(asked) == ["labels.list", "labels.create"]


def test_a_label_that_somebody_else_made_meanwhile_is_taken(hold: Hold) -> None:
    made = {"id": "Label_2", "name": "Dinner", "type": "user"}

    ids, _ = hold(
        label_calls.ids_of(["Dinner"], create_missing=True), KNOWN, Conflict("exists"), {"labels": [LUNCH, made]}
    )

    assert ids == ["Label_2"]


def test_one_word_in_place_of_a_set_of_labels_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="set of names"):
        next(label_calls.ids_of("Lunch"))


def test_a_label_is_made_renamed_and_deleted(hold: Hold) -> None:
    made, (creation,) = hold(label_calls.create(" Work/Lunch "), {**LUNCH, "name": "Work/Lunch"})
    renamed, (renaming,) = hold(label_calls.rename("Label_1", "Dinner"), {**LUNCH, "name": "Dinner"})
    _, (deletion,) = hold(label_calls.delete("Label_1"), None)

    assert (made.name, renamed.name) == ("Work/Lunch", "Dinner")
    assert json.loads(creation.body) == {"name": "Work/Lunch"}
    assert (renaming.method, deletion.method) == ("PATCH", "DELETE")


@pytest.mark.parametrize("name", ["", " ", "a//b", "/a", "line\nbreak", "x" * 300], ids=repr)
def test_a_name_that_no_label_can_have_is_refused_before_it_travels(name: str) -> None:
    with pytest.raises(InvalidRequest):
        next(label_calls.create(name))


def test_a_mail_is_taken_out_as_it_stands(hold: Hold) -> None:
    raw, (request,) = hold(storing.raw("m1"), {"id": "m1", "raw": "VG86IGFkYQ0KDQo"})

    assert raw == b"To: ada\r\n\r\n"
    assert request.url.endswith("/messages/m1?format=raw")


@pytest.mark.parametrize(
    ("scanning", "operation", "path"),
    [
        (Scanning.NONE, "gmail.users.messages.insert", "/messages?"),
        (Scanning.AS_ARRIVED, "gmail.users.messages.import", "/messages/import?"),
    ],
)
def test_a_mail_is_put_in_with_its_labels_and_its_own_date(
    hold: Hold, scanning: Scanning, operation: str, path: str
) -> None:
    put, (request,) = hold(
        storing.store(b"To: ada\r\n\r\n", scanning=scanning, label_ids={"INBOX"}), {"id": "m1", "threadId": "t1"}
    )

    assert (put.id, put.thread_id) == ("m1", "t1")
    assert request.operation == operation
    assert f"{path}internalDateSource=dateHeader" in request.url
    assert json.loads(request.body)["labelIds"] == ["INBOX"]
