"""Messages: read from Google's JSON, whatever it holds; answered and passed on as drafts."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.gmail.address import Address
from mailgrant.gmail.draft import Draft
from mailgrant.gmail.message import Message, Profile, ThreadRef
from mailgrant.gmail.payload import decode_base64, decode_text, detached_bodies, parts_of, tree_of

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def data(content: bytes | str) -> str:
    return base64.urlsafe_b64encode(content if isinstance(content, bytes) else content.encode()).decode()


def part(
    mime_type: str, content: bytes | str = "", *, part_id: str = "", name: str = "", **headers: str
) -> dict[str, Any]:
    size = len(content if isinstance(content, bytes) else content.encode())
    return {
        "partId": part_id,
        "mimeType": mime_type,
        "filename": name,
        "headers": [{"name": key.replace("_", "-"), "value": value} for key, value in headers.items()],
        "body": {"size": size, "data": data(content)},
    }


def multipart(kind: str, *parts: dict[str, Any], **headers: str) -> dict[str, Any]:
    return {
        **part(f"multipart/{kind}", **headers),
        "body": {"size": 0},
        "parts": list(parts),
    }


def lunch(payload: dict[str, Any] | None = None, /, *, labels: tuple[str, ...] = ("INBOX",), **headers: str) -> Message:
    """A mail from Grace to Ada, as Gmail gives it."""
    payload = payload or part("text/plain", "At noon?\r\n")
    usual = {"From": "Grace Hopper <grace@example.com>", "To": "ada@example.com", "Subject": "Lunch"}
    usual |= {"Message-ID": "<lunch@example.com>"}
    fields = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    payload["headers"] += [{"name": name, "value": value} for name, value in fields.items() if value]
    return Message.from_json(
        {
            "id": "18f0000000000001",
            "threadId": "18f0000000000000",
            "labelIds": list(labels),
            "snippet": "At noon? I&#39;ll &amp; you",
            "internalDate": "1772712000123",
            "historyId": "9007199254740993",
            "sizeEstimate": 512,
            "payload": payload,
        }
    )


def test_a_message_is_read_whole() -> None:
    message = lunch(
        Cc="Bob <bob@example.com>, eve@example.com", Reply_To="office@example.com", References="<a@x> <b@x>"
    )

    assert (message.id, message.thread_id) == ("18f0000000000001", "18f0000000000000")
    assert message.from_ == Address("grace@example.com", name="Grace Hopper")
    assert message.to == (Address("ada@example.com"),)
    assert [address.email for address in message.cc] == ["bob@example.com", "eve@example.com"]
    assert message.reply_to == (Address("office@example.com"),)
    assert message.subject == "Lunch"
    assert message.text == "At noon?\n"
    assert message.html is None
    assert message.date == datetime(2026, 3, 5, 12, 0, 0, 123000, tzinfo=UTC)
    assert message.message_id == "<lunch@example.com>"
    assert message.references == ("<a@x>", "<b@x>")
    assert (message.size, message.history_id) == (512, "9007199254740993")
    assert message.headers["message-id"] == "<lunch@example.com>"


def test_a_snippet_is_unescaped() -> None:
    assert lunch().snippet == "At noon? I'll & you"


def test_a_message_is_unread_while_its_label_says_so() -> None:
    assert lunch(labels=("UNREAD",)).unread
    assert not lunch().unread


def test_missing_labels_are_none_at_all() -> None:
    assert Message.from_json({"id": "1"}).label_ids == frozenset()


def test_text_and_html_are_found_however_deep_they_are() -> None:
    message = lunch(
        multipart(
            "mixed",
            multipart(
                "related",
                multipart("alternative", part("text/plain", "Hi", part_id="0.0.0"), part("text/html", "<b>Hi</b>")),
                part("image/png", b"png", name="logo.png", Content_ID="<logo>", Content_Disposition="inline"),
            ),
            part("application/pdf", b"%PDF", part_id="1", name="Protökoll.pdf", Content_Disposition="attachment"),
        )
    )

    assert (message.text, message.html) == ("Hi", "<b>Hi</b>")
    logo, minutes = message.attachments
    assert (logo.name, logo.inline, logo.content_id) == ("logo.png", True, "logo")
    assert (minutes.name, minutes.inline, minutes.content) == ("Protökoll.pdf", False, b"%PDF")
    assert (minutes.part_id, minutes.message_id) == ("1", message.id)


def test_html_alone_is_read_as_text_too() -> None:
    message = lunch(part("text/html", "<p>At <b>noon</b>?</p>"))

    assert message.text == "At noon?"
    assert message.html == "<p>At <b>noon</b>?</p>"


def test_an_empty_text_beside_html_is_no_text() -> None:
    message = lunch(multipart("alternative", part("text/plain", " \r\n"), part("text/html", "<p>Noon</p>")))

    assert message.text == "Noon"


def test_bodies_in_several_parts_are_read_one_after_the_other() -> None:
    message = lunch(
        multipart("mixed", part("text/plain", "Hi"), part("image/png", b"x", name="a.png"), part("text/plain", "Bye"))
    )

    assert message.text == "Hi\nBye"


def test_a_text_file_is_an_attachment_not_a_body() -> None:
    message = lunch(
        multipart(
            "mixed",
            part("text/plain", "Hi"),
            part("text/plain", "named", name="notes.txt"),
            part("text/plain", "unnamed", Content_Disposition="attachment; size=7"),
        )
    )

    assert message.text == "Hi"
    assert [each.content for each in message.attachments] == [b"named", b"unnamed"]


def test_a_mail_that_is_attached_whole_says_nothing_in_the_mail_around_it() -> None:
    inner = multipart("rfc822", part("text/plain", "inner")) | {"mimeType": "message/rfc822", "filename": "inner.eml"}

    message = lunch(multipart("mixed", part("text/plain", "outer"), inner))

    assert message.text == "outer"
    (attached,) = message.attachments
    assert (attached.name, attached.content_type, attached.content) == ("inner.eml", "message/rfc822", None)


def test_a_body_that_gmail_keeps_apart_is_taken_from_what_was_fetched() -> None:
    detached = part("text/plain") | {"body": {"size": 9, "attachmentId": "A1"}}
    value = {"id": "1", "payload": multipart("mixed", detached, part("image/png", name="a.png"))}

    assert detached_bodies(tree_of(value)[1]) == ("A1",)
    assert Message.from_json(value, bodies={"A1": b"Grande fin"}).text == "Grande fin"


def test_an_attachment_that_gmail_keeps_apart_has_no_content_yet() -> None:
    detached = part("application/pdf", name="a.pdf") | {"body": {"size": 9, "attachmentId": "A1"}}

    (attachment,) = lunch(multipart("mixed", part("text/plain", "Hi"), detached)).attachments

    assert (attachment.content, attachment.attachment_id, attachment.size) == (None, "A1", 9)


@pytest.mark.parametrize(
    ("encoded", "content"),
    [
        ("SGk_", b"Hi?"),
        ("SGk/", b"Hi?"),
        ("SGk=", b"Hi"),
        ("SGk", b"Hi"),
        ("SG\r\nk", b"Hi"),
        ("SGkx5", b"Hi1"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("", b""),
        ("!", b""),
        ("é", b""),
    ],
)
def test_base64_is_read_padded_or_not_in_either_alphabet(encoded: str, content: bytes) -> None:
    assert decode_base64(encoded) == content


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_what_was_encoded_is_read_in_either_alphabet(content: bytes, urlsafe: bool, padded: bool) -> None:
    encoded = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(content).decode()

    assert decode_base64(encoded if padded else encoded.rstrip("=")) == content


@given(st.text(alphabet="AZaz09+/-_= \n\x00é\ud800", max_size=40))
def test_of_damaged_base64_as_much_is_read_as_means_something(text: str) -> None:
    kept = "".join(
        each for each in text.replace("+", "-").replace("/", "_") if (each.isalnum() and each.isascii()) or each in "-_"
    )
    kept = kept[:-1] if len(kept) % 4 == 1 else kept

    assert decode_base64(text) == base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode(), "iso-8859-1", "Grüße"),
        ("Grüße".encode("iso-8859-1"), "iso-8859-1", "Grüße"),
        ("Grüße €".encode("windows-1252"), "", "Grüße €"),
        ("Grüße".encode("windows-1252"), "no-such-charset", "Grüße"),
        ("Grüße".encode("windows-1252"), "rot13", "Grüße"),
        ("Grüße".encode("windows-1252"), "a\x00b", "Grüße"),
        ("昼食".encode("iso-2022-jp"), "ISO-2022-JP", "昼食"),
        ("昼食".encode("shift_jis"), "shift_jis", "昼食"),
        ("昼食".encode("utf-16"), "utf-16", "昼食"),
        ("Grüße".encode("utf-7"), "utf-7", "Grüße"),
        (b"\x81\xff", "", "\ufffdÿ"),
    ],
)
def test_a_body_is_decoded_as_utf8_then_as_declared_then_as_windows_1252(
    content: bytes, charset: str, text: str
) -> None:
    assert decode_text(content, charset) == text


def test_the_declared_charset_is_read_from_the_parts_header() -> None:
    latin = part(
        "text/plain", "Łódź".encode("iso-8859-2"), Content_Type='text/plain; format=flowed; charset="ISO-8859-2"'
    )

    assert lunch(latin).text == "Łódź"


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ({"internalDate": "0"}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"internalDate": 1772712000000}, NOW),
        ({"internalDate": "9" * 25}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"internalDate": "soon"}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"payload": part("text/plain", Date="Thu, 05 Mar 2026 13:00:00 +0100")}, NOW),
        ({"payload": part("text/plain", Date="Thu, 05 Mar 2026 12:00:00 -0000")}, NOW),
        ({"payload": part("text/plain", Date="last Thursday")}, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_is_always_an_aware_one(value: dict[str, Any], date: datetime) -> None:
    assert Message.from_json(value).date == date


def test_headers_are_decoded_once_more_without_harm() -> None:
    message = lunch(Subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=", From="=?utf-8?q?Gr=C3=A4ce?= <grace@example.com>")

    assert message.subject == "Grüße"
    assert message.from_ == Address("grace@example.com", name="Gräce")


def test_a_message_does_not_print_what_it_says() -> None:
    assert "noon" not in repr(lunch())


# Answering


def test_a_reply_goes_to_the_sender_in_the_same_thread() -> None:
    draft = lunch(References="<a@x>").reply(text="Thursday suits me.")

    assert draft.to == (Address("grace@example.com", name="Grace Hopper"),)
    assert draft.subject == "Re: Lunch"
    assert draft.in_reply_to == "<lunch@example.com>"
    assert draft.references == ("<a@x>", "<lunch@example.com>")
    assert draft.thread_id == "18f0000000000000"
    assert draft.html is None


def test_a_reply_quotes_the_mail_it_answers() -> None:
    text = lunch().reply(text="Yes.").text

    assert text == ("Yes.\n\nOn 2026-03-05 at 12:00 UTC, Grace Hopper <grace@example.com> wrote:\n> At noon?\n")


def test_a_reply_may_leave_the_quotation_out() -> None:
    assert lunch().reply(text="Yes.", quote=False).text == "Yes."


def test_a_reply_in_html_quotes_html_and_escapes_text() -> None:
    draft = lunch(part("text/plain", "a < b")).reply(html="<p>Yes</p>")

    assert draft.text is None, "it is made from the HTML when the draft is written"
    assert draft.html is not None
    assert draft.html.startswith("<p>Yes</p>")
    assert "a &lt; b" in draft.html
    assert "&lt;grace@example.com&gt;" in draft.html


def test_a_reply_goes_to_reply_to_where_there_is_one() -> None:
    assert lunch(Reply_To="office@example.com").reply(text="Yes.").to == (Address("office@example.com"),)


def test_a_reply_to_all_leaves_out_the_account_itself() -> None:
    message = lunch(
        To="Ada <ADA@example.com>, Bob <bob@example.com>",
        Cc="eve@example.com, grace@example.com",
        Delivered_To="ada@example.com",
    )

    draft = message.reply(text="Yes.", all=True)

    assert [address.email for address in draft.to] == ["grace@example.com"]
    assert [address.email for address in draft.cc] == ["bob@example.com", "eve@example.com"]


def test_a_reply_to_all_knows_the_account_when_told() -> None:
    draft = lunch(To="ada@example.com, bob@example.com").reply(text="Yes.", all=True, me="Ada <ada@example.com>")

    assert [address.email for address in draft.cc] == ["bob@example.com"]


def test_a_reply_to_ones_own_mail_goes_to_whom_it_went() -> None:
    draft = lunch(labels=("SENT",), Cc="bob@example.com").reply(text="One more thing.", all=True)

    assert [address.email for address in draft.to] == ["ada@example.com"]
    assert [address.email for address in draft.cc] == ["bob@example.com"]


def test_a_note_to_oneself_is_answered_to_oneself() -> None:
    draft = lunch(labels=("SENT", "INBOX"), To="grace@example.com").reply(text="Done.")

    assert [address.email for address in draft.to] == ["grace@example.com"]


def test_a_reply_to_all_leaves_out_every_address_the_account_has() -> None:
    message = lunch(To="ada+lunch@example.com, Team <team@example.com>, bob@example.com", Cc="a.da@gmail.com")

    draft = message.reply(text="Yes.", all=True, me=["ada@example.com", "team@example.com", "ada@gmail.com"])

    assert [address.email for address in draft.cc] == ["bob@example.com"]


def test_a_reply_to_all_keeps_two_addresses_of_somebody_elses_apart() -> None:
    draft = lunch(Reply_To="list+a@example.com", Cc="list+b@example.com").reply(text="Yes.", all=True)

    assert [address.email for address in draft.cc] == ["ada@example.com", "list+b@example.com"]


def test_a_reply_to_all_goes_where_the_mail_wants_it_followed_up() -> None:
    message = lunch(Cc="bob@example.com", Mail_Followup_To="list@example.com, ada@example.com")

    everybody, sender = message.reply(all=True, me="ada@example.com"), message.reply(me="ada@example.com")

    assert ([address.email for address in everybody.to], everybody.cc) == (["list@example.com"], ())
    assert [address.email for address in sender.to] == ["grace@example.com"]


def test_a_reply_address_that_is_the_accounts_own_is_passed_over() -> None:
    draft = lunch(Reply_To="ada@example.com").reply(text="Yes.", me="ada@example.com")

    assert [address.email for address in draft.to] == ["grace@example.com"]


def test_a_reply_in_html_brings_along_the_images_that_it_quotes() -> None:
    shown = part("text/html", '<img src="cid:map%40x">')
    message = lunch(multipart("related", shown, part("image/png", b"png", name="map.png", Content_ID="<map@x>")))

    assert [each.name for each in message.reply(html="<p>Yes.").attachments] == ["map.png"]
    assert message.reply(html="<p>Yes.", quote=False).attachments == ()
    assert message.reply(text="Yes.").attachments == ()


@pytest.mark.parametrize(
    "subject", ["AW: Lunch", "Antw: Lunch", "SV: Lunch", "Odp: Lunch", "回复：Lunch", "Réf : Lunch"]
)
def test_a_subject_that_says_re_in_another_language_says_it_once(subject: str) -> None:
    assert lunch(Subject=subject).reply(text="Yes.").subject == subject


@pytest.mark.parametrize("subject", ["WG: Lunch", "TR: Lunch", "RV: Lunch", "转发: Lunch", "FW: Lunch"])
def test_a_subject_that_says_forwarded_in_another_language_says_it_once(subject: str) -> None:
    assert lunch(Subject=subject).forward("bob@example.com").subject == subject


@pytest.mark.parametrize("subject", ["Report: Lunch", "Res judicata", "Ref: 12", "Lunch", "Re Lunch"])
def test_a_subject_that_only_begins_like_it_says_re(subject: str) -> None:
    assert lunch(Subject=subject).reply(text="Yes.").subject == f"Re: {subject}"


@pytest.mark.parametrize("subject", ["Re: Lunch", "RE:Lunch", "re : Lunch", "Re[2]: Lunch"])
def test_a_subject_says_re_once_for_another_would_break_the_thread(subject: str) -> None:
    assert lunch(Subject=subject).reply(text="Yes.").subject == subject


def test_a_reply_to_a_mail_without_message_id_goes_by_thread_and_subject() -> None:
    draft = lunch(Message_ID="").reply(text="Yes.")

    assert draft.in_reply_to is None
    assert draft.references == ()
    assert draft.thread_id == "18f0000000000000"
    assert b"In-Reply-To" not in draft.to_bytes(now=NOW, entropy=bytes)


def test_a_reply_without_references_names_what_its_parent_answered() -> None:
    assert lunch(In_Reply_To="<first@x>").reply(text="Yes.").references == ("<first@x>", "<lunch@example.com>")


def test_damaged_message_ids_are_left_out_of_a_reply() -> None:
    draft = lunch(Message_ID="<not an id>", References="<a@x> junk <ü@x> <b@x>").reply(text="Yes.")

    assert draft.in_reply_to is None
    assert draft.references == ("<a@x>", "<b@x>")


def test_forwarding_passes_on_text_and_attachments_in_a_thread_of_its_own() -> None:
    message = lunch(multipart("mixed", part("text/plain", "At noon?"), part("image/png", b"png", name="map.png")))

    draft = message.forward("bob@example.com", text="See below.")

    assert draft.to == (Address("bob@example.com"),)
    assert draft.subject == "Fwd: Lunch"
    assert draft.text == (
        "See below.\n\n---------- Forwarded message ----------\n"
        "From: Grace Hopper <grace@example.com>\nDate: 2026-03-05 12:00 UTC\nSubject: Lunch\nTo: ada@example.com\n\n"
        "At noon?"
    )
    assert draft.attachments == message.attachments
    assert (draft.thread_id, draft.in_reply_to) == (None, None)


def test_forwarding_keeps_html_as_html() -> None:
    draft = lunch(part("text/html", "<p>At noon?</p>")).forward("bob@example.com", text="a < b")

    assert draft.html is not None
    assert "<p>At noon?</p>" in draft.html
    assert "a &lt; b" in draft.html
    assert draft.text is not None
    assert draft.text.endswith("At noon?")


def test_a_kept_draft_is_read_from_its_message() -> None:
    message = lunch(Bcc="eve@example.com", X_Lunch="noon", Received="by somebody")

    draft = message.as_draft("r-1")

    assert (draft.id, draft.message_id, draft.thread_id) == ("r-1", message.id, message.thread_id)
    assert draft.bcc == (Address("eve@example.com"),)
    assert draft.headers.fields == (("X-Lunch", "noon"),)
    assert (draft.subject, draft.text) == ("Lunch", "At noon?\n")


# Anything at all

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ADDRESS_HEADERS = ("From", "To", "Cc", "Reply-To", "Delivered-To")
HEADER_NAMES = st.sampled_from(
    [
        *ADDRESS_HEADERS,
        "Subject",
        "Message-ID",
        "References",
        "Date",
        "Content-Type",
        "Content-ID",
        "Content-Disposition",
    ]
)
HEADERS = st.lists(st.fixed_dictionaries({"name": HEADER_NAMES, "value": st.text(max_size=60)}) | ANYTHING, max_size=5)
MIME_TYPES = st.sampled_from(
    [
        "text/plain",
        "text/html",
        "multipart/mixed",
        "multipart/alternative",
        "message/rfc822",
        "image/png",
        "",
        "nonsense",
    ]
)
PARTS = st.recursive(
    ANYTHING,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "partId": st.text(max_size=3) | ANYTHING,
            "mimeType": MIME_TYPES | ANYTHING,
            "filename": st.text(max_size=12) | ANYTHING,
            "headers": HEADERS | ANYTHING,
            "body": st.fixed_dictionaries(
                {}, optional={"data": st.text("SGk_-=/+!", max_size=12), "size": ANYTHING, "attachmentId": ANYTHING}
            ),
            "parts": st.lists(inner, max_size=3) | ANYTHING,
        },
    ),
    max_leaves=6,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "id": ANYTHING,
        "threadId": ANYTHING,
        "labelIds": ANYTHING | st.lists(st.sampled_from(["SENT", "UNREAD", "INBOX"])),
        "snippet": st.text() | ANYTHING,
        "internalDate": ANYTHING | st.integers().map(str),
        "historyId": ANYTHING,
        "sizeEstimate": ANYTHING,
        "payload": PARTS,
    },
)


@given(MESSAGES)
def test_any_payload_decodes_without_raising_and_can_be_answered(value: dict[str, Any]) -> None:
    message = Message.from_json(value)

    assert message.date.utcoffset() is not None
    for draft in (message.reply(text="Yes.", all=True), message.forward("ada@example.com", html="<p>See</p>")):
        assert isinstance(draft, Draft)
    assert message.reply(html="<b>Yes</b>").to_bytes(now=NOW, entropy=bytes, for_sending=False)
    assert message.as_draft("r-1").id == "r-1"


def test_a_tree_as_deep_as_a_hostile_mail_makes_it_is_read() -> None:
    tree: dict[str, Any] = part("text/plain", "bottom")
    for _ in range(10_000):
        tree = {"mimeType": "multipart/mixed", "parts": [tree]}

    assert [leaf.data for leaf in parts_of(tree)] == [b"bottom"]


def test_a_profile_is_read() -> None:
    value = {"emailAddress": "ada@example.com", "messagesTotal": 7, "threadsTotal": 5, "historyId": "12"}

    assert Profile.from_json(value) == Profile("ada@example.com", messages=7, threads=5, history_id="12")
    assert Profile.from_json({}) == Profile("")


def test_a_listed_thread_is_read() -> None:
    value = {"id": "t1", "snippet": "a &amp; b", "historyId": 12}

    assert ThreadRef.from_json(value) == ThreadRef("t1", snippet="a & b", history_id="12")
