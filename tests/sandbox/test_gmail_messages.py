"""users.messages as a program sees it: reading, listing, storing and changing."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.sandbox import Sandbox

from .mailing import LUNCH, METADATA, READONLY, Gmail, encode, header, mail

ATTACHED = (
    b'Content-Type: multipart/mixed; boundary=b\r\nSubject: Minutes\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n'
    b'Content-Disposition: attachment; filename="a.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n/+8AAQ==\r\n--b--'
)  # fmt: skip
UNKNOWN = "00000000000000ff"


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    gmail = Gmail(world)
    for found in gmail.ids():
        gmail.call("DELETE", f"messages/{found}")
    return gmail


def test_a_profile_counts_messages_and_threads(ada: Gmail) -> None:
    ada.insert(LUNCH)
    ada.insert(LUNCH, "TRASH")

    found = ada.call("GET", "profile")

    assert found["emailAddress"] == "ada@example.com"
    assert (found["messagesTotal"], found["threadsTotal"]) == (2, 2)
    assert found["historyId"].isdigit()


def test_an_inserted_message_has_exactly_the_labels_given_and_a_16_digit_id(ada: Gmail) -> None:
    found = ada.insert(LUNCH, "INBOX", "STARRED")

    assert set(found) == {"id", "threadId", "labelIds"}
    assert found["labelIds"] == ["INBOX", "STARRED"]
    assert len(found["id"]) == 16
    assert int(found["id"], 16)
    assert found["threadId"] == found["id"]


def test_labels_are_omitted_when_there_are_none(ada: Gmail) -> None:
    found = ada.insert(LUNCH)

    assert "labelIds" not in found
    assert "labelIds" not in ada.get(found["id"], "?format=minimal")


@pytest.mark.parametrize(
    ("query", "beyond"),
    [
        ("?format=minimal", set()),
        ("?format=metadata", {"payload"}),
        ("?format=full", {"payload"}),
        ("", {"payload"}),
        ("?format=raw", {"raw"}),
    ],
)
def test_each_format_has_its_fields(ada: Gmail, query: str, beyond: set[str]) -> None:
    found = ada.get(ada.insert(LUNCH, "INBOX")["id"], query)

    scalars = {"id", "threadId", "labelIds", "snippet", "historyId", "internalDate", "sizeEstimate"}
    assert set(found) == scalars | beyond
    assert found["snippet"] == "Thursday at noon?"
    assert found["sizeEstimate"] == len(LUNCH)
    assert isinstance(found["historyId"], str)
    assert isinstance(found["internalDate"], str)


def test_raw_gives_back_the_very_bytes(ada: Gmail) -> None:
    odd = b"Subject: \xff\x00\n\nbare line feeds\n\xfe\r mixed\r\n"

    assert ada.raw(ada.insert(odd)["id"]) == odd


def test_metadata_shows_the_headers_wanted_and_no_body(ada: Gmail) -> None:
    found = ada.get(ada.insert(LUNCH)["id"], "?format=metadata&metadataHeaders=subject&metadataHeaders=TO")

    assert found["payload"] == {
        "mimeType": "text/plain",
        "headers": [{"name": "To", "value": "grace@example.com"}, {"name": "Subject", "value": "Lunch?"}],
    }


def test_an_attachment_is_fetched_by_an_id_that_changes_at_every_look(ada: Gmail) -> None:
    message_id = ada.insert(ATTACHED)["id"]

    bodies = [ada.get(message_id)["payload"]["parts"][1]["body"] for _ in range(2)]
    files = [ada.call("GET", f"messages/{message_id}/attachments/{body['attachmentId']}") for body in bodies]

    assert bodies[0]["attachmentId"] != bodies[1]["attachmentId"]
    assert files == [{"size": 4, "data": "_-8AAQ=="}] * 2
    assert urlsafe_b64decode(files[0]["data"]) == b"\xff\xef\x00\x01"


def test_an_old_attachment_id_fails(world: Sandbox, ada: Gmail) -> None:
    message_id = ada.insert(ATTACHED)["id"]
    old = ada.get(message_id)["payload"]["parts"][1]["body"]["attachmentId"]

    world.clock.advance(timedelta(days=2))

    ada.caller.sign_in("https://mail.google.com/")
    refused = (400, "invalidArgument", "Invalid attachment token")
    assert ada.refused("GET", f"messages/{message_id}/attachments/{old}") == refused
    assert ada.refused("GET", f"messages/{message_id}/attachments/nonsense") == refused


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "messages/{}"),
        ("DELETE", "messages/{}"),
        ("POST", "messages/{}/trash"),
        ("POST", "messages/{}/untrash"),
        ("GET", "threads/{}"),
        ("POST", "threads/{}/trash"),
        ("DELETE", "threads/{}"),
        ("GET", "messages/{}/attachments/x"),
    ],
)
def test_unknown_ids_are_not_found_and_malformed_ones_invalid(ada: Gmail, verb: str, path: str) -> None:
    unknown = (404, "notFound", "Requested entity was not found.")

    assert ada.refused(verb, path.format(UNKNOWN)) == unknown
    assert ada.refused(verb, path.format("nonsense")) == (400, "invalidArgument", "Invalid id value")


def test_lists_come_newest_first_in_pages_that_do_not_overlap(ada: Gmail) -> None:
    inserted = [ada.insert(mail(str(number)), "INBOX")["id"] for number in range(5)]

    first = ada.call("GET", "messages?maxResults=2")
    second = ada.call("GET", f"messages?maxResults=2&pageToken={first['nextPageToken']}")
    third = ada.call("GET", f"messages?maxResults=2&pageToken={second['nextPageToken']}")

    pages = [[found["id"] for found in page["messages"]] for page in (first, second, third)]
    assert pages == [inserted[:2:-1], inserted[2:0:-1], inserted[:1]]
    assert first["nextPageToken"].isdigit()
    assert "nextPageToken" not in third
    assert set(first["messages"][0]) == {"id", "threadId"}
    assert third["resultSizeEstimate"] == 5


def test_mail_that_arrives_between_pages_shifts_nothing(ada: Gmail) -> None:
    inserted = [ada.insert(mail(str(number)))["id"] for number in range(3)]
    token = ada.call("GET", "messages?maxResults=2")["nextPageToken"]

    ada.insert(mail("late"))

    assert ada.ids(f"?pageToken={token}") == inserted[:1]


def test_more_than_500_results_are_clamped_not_refused(world: Sandbox, ada: Gmail) -> None:
    for number in range(510):
        world.account("ada@example.com").deliver(mail(str(number)))

    assert len(ada.ids("?maxResults=9999")) == 500
    assert len(ada.ids()) == 100


def test_an_empty_list_has_no_messages_key(ada: Gmail) -> None:
    assert ada.call("GET", "messages") == {"resultSizeEstimate": 0}
    assert ada.call("GET", "threads") == {"resultSizeEstimate": 0}
    assert ada.call("GET", "drafts") == {"resultSizeEstimate": 0}


def test_a_made_up_page_token_is_refused(ada: Gmail) -> None:
    assert ada.refused("GET", "messages?pageToken=zz") == (400, "invalidArgument", "Invalid pageToken")


def test_spam_and_trash_are_listed_only_when_asked_for(ada: Gmail) -> None:
    kept, spam, trash = (ada.insert(LUNCH, label)["id"] for label in ("INBOX", "SPAM", "TRASH"))

    assert ada.ids() == [kept]
    assert ada.ids("?includeSpamTrash=true") == [trash, spam, kept]
    assert ada.ids("?labelIds=SPAM") == [spam]
    assert ada.ids("?q=in:trash") == [trash]
    assert ada.ids("?q=in:anywhere") == [trash, spam, kept]
    assert ada.ids("?q=-in:spam") == [kept]


def test_several_label_ids_all_have_to_be_there(ada: Gmail) -> None:
    both = ada.insert(LUNCH, "INBOX", "UNREAD")["id"]
    ada.insert(LUNCH, "INBOX")

    assert ada.ids("?labelIds=INBOX&labelIds=UNREAD") == [both]
    assert ada.ids("?labelIds=INBOX&q=is:unread") == [both]
    assert ada.refused("GET", "messages?labelIds=Nope") == (400, "invalidArgument", "Invalid label: Nope")


@pytest.mark.parametrize("text", ["colour%3Ared", "((((", "larger%3Ahuge", "%22", "OR", "newer_than%3A5w"])
def test_no_query_is_ever_rejected(ada: Gmail, text: str) -> None:
    ada.insert(LUNCH, "INBOX")

    assert "resultSizeEstimate" in ada.call("GET", f"messages?q={text}")


def test_insert_dates_by_receipt_and_import_by_the_date_header(ada: Gmail) -> None:
    old = mail(Date="Thu, 01 Jan 2015 12:00:00 +0000")
    noon = int(datetime(2015, 1, 1, 12, tzinfo=UTC).timestamp() * 1000)

    received = ada.insert(old)["id"]
    by_header = ada.insert(old, query="?internalDateSource=dateHeader")["id"]
    imported = ada.call("POST", "messages/import", {"raw": encode(old)})["id"]
    undated = ada.call("POST", "messages/import", {"raw": encode(mail(Date="someday"))})["id"]

    dates = [int(ada.get(found)["internalDate"]) for found in (received, by_header, imported, undated)]
    assert dates[1:3] == [noon, noon]
    assert min(dates[0], dates[3]) > noon
    assert ada.ids()[-2:] == [imported, by_header]


def test_what_may_be_labelled_on_insert(ada: Gmail) -> None:
    assert ada.insert(LUNCH, "SENT")["labelIds"] == ["SENT"]
    for label in ("CHAT", "DRAFT", "Label_99"):
        refusal = ada.refused("POST", "messages", {"raw": encode(LUNCH), "labelIds": [label]})
        assert refusal == (400, "invalidArgument", f"Invalid label: {label}")


def test_a_message_without_bytes_is_refused(ada: Gmail) -> None:
    for path in ("messages", "messages/send", "messages/import", "drafts"):
        status, reason, message = ada.refused("POST", path, {})
        assert (status, reason) == (400, "invalidArgument")
        assert "'raw' RFC822 payload message string" in message


@pytest.mark.parametrize("raw", [encode(LUNCH), encode(LUNCH).rstrip("="), encode(LUNCH).translate({45: 43, 95: 47})])
def test_raw_is_read_in_every_alphabet_and_without_padding(ada: Gmail, raw: str) -> None:
    assert ada.raw(ada.call("POST", "messages", {"raw": raw})["id"]) == LUNCH


def test_modify_puts_labels_on_and_takes_them_off(ada: Gmail) -> None:
    message_id = ada.insert(LUNCH, "INBOX", "UNREAD")["id"]
    before = ada.get(message_id)["historyId"]

    found = ada.call(
        "POST", f"messages/{message_id}/modify", {"addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]}
    )

    assert found == {"id": message_id, "threadId": message_id, "labelIds": ["INBOX", "STARRED"]}
    assert int(ada.get(message_id)["historyId"]) > int(before)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "No label add or removes specified"),
        ({"addLabelIds": ["SENT"]}, "Invalid label: SENT"),
        ({"removeLabelIds": ["CHAT"]}, "Invalid label: CHAT"),
        ({"addLabelIds": ["Label_77"]}, "Invalid label: Label_77"),
    ],
)
def test_modify_is_refused_in_gmails_words(ada: Gmail, body: dict[str, list[str]], message: str) -> None:
    message_id = ada.insert(LUNCH, "INBOX")["id"]

    for path in (f"messages/{message_id}/modify", f"threads/{message_id}/modify"):
        assert ada.refused("POST", path, body) == (400, "invalidArgument", message)


def test_trash_drops_the_inbox_and_untrash_does_not_bring_it_back(ada: Gmail) -> None:
    message_id = ada.insert(LUNCH, "INBOX", "UNREAD")["id"]

    assert ada.call("POST", f"messages/{message_id}/trash")["labelIds"] == ["UNREAD", "TRASH"]
    assert ada.call("POST", f"messages/{message_id}/untrash")["labelIds"] == ["UNREAD"]


def test_delete_is_for_ever_and_answers_nothing(ada: Gmail) -> None:
    message_id = ada.insert(LUNCH)["id"]

    assert ada.answer("DELETE", f"messages/{message_id}").body == b""
    assert ada.refused("GET", f"messages/{message_id}")[0] == 404
    assert ada.ids() == []


def test_batches_pass_over_unknown_ids(ada: Gmail) -> None:
    ids = [ada.insert(LUNCH, "INBOX")["id"] for _ in range(3)]

    assert ada.answer("POST", "messages/batchModify", {"ids": [*ids[:2], UNKNOWN], "addLabelIds": ["SPAM"]}).body == b""
    assert ada.ids() == ids[2:]
    assert ada.answer("POST", "messages/batchDelete", {"ids": [*ids, UNKNOWN]}).status == 204
    assert ada.ids("?includeSpamTrash=true") == []


def test_a_batch_takes_at_most_1000_ids(ada: Gmail) -> None:
    body = {"ids": [f"{number:016x}" for number in range(1001)], "addLabelIds": ["SPAM"]}

    expected = (400, "invalidArgument", "Number of ids cannot exceed 1000")
    assert ada.refused("POST", "messages/batchModify", body) == expected
    assert ada.refused("POST", "messages/batchDelete", {"ids": body["ids"]}) == expected


@pytest.mark.parametrize("scopes", [(METADATA,), (METADATA, READONLY)], ids=["alone", "beside a reader"])
def test_a_token_with_the_metadata_scope_sees_no_bodies_and_searches_nothing(
    world: Sandbox, ada: Gmail, scopes: tuple[str, ...]
) -> None:
    message_id = ada.insert(LUNCH, "INBOX")["id"]
    reader = Gmail(world, "ada@example.com", *scopes)

    full = (403, "forbidden", "Metadata scope doesn't allow format FULL")
    assert reader.refused("GET", f"messages/{message_id}") == full
    assert reader.refused("GET", f"threads/{message_id}") == full
    assert reader.refused("GET", f"messages/{message_id}?format=raw")[2] == "Metadata scope doesn't allow format RAW"
    assert reader.refused("GET", "messages?q=x") == (403, "forbidden", "Metadata scope does not support 'q' parameter")
    assert reader.refused("GET", "threads?q=x")[0] == 403
    assert header(reader.get(message_id, "?format=metadata"), "subject") == "Lunch?"
    assert reader.ids("?labelIds=INBOX") == [message_id]


@pytest.mark.parametrize("form", ["minimal", "metadata", "full"])
@pytest.mark.parametrize("kind", ["messages", "threads", "drafts"])
def test_answers_are_indented_unless_asked_otherwise(world: Sandbox, kind: str, form: str) -> None:
    gmail = Gmail(world)
    gmail.call("POST", "drafts", {"message": {"raw": encode(mail(From='"Ada" <ada@example.com>'))}})
    for found in gmail.call("GET", kind)[kind]:
        path = f"{kind}/{found['id']}?format={form}"

        indented, bare = gmail.answer("GET", path).body, gmail.answer("GET", f"{path}&prettyPrint=false").body

        assert indented == json.dumps(json.loads(indented), indent=2, ensure_ascii=False).encode() + b"\n"
        assert bare == json.dumps(json.loads(bare), separators=(",", ":"), ensure_ascii=False).encode()
        assert json.loads(indented).keys() == json.loads(bare).keys()
