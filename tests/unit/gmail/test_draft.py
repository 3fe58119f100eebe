"""Drafts: what is refused before anything travels, and what the bytes say."""

from __future__ import annotations

import dataclasses
import email
import email.header
import email.policy
import email.utils
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import InvalidRequest
from mailgrant.gmail import mime
from mailgrant.gmail.address import Address
from mailgrant.gmail.attachment import Attachment
from mailgrant.gmail.draft import Draft, DraftRef
from mailgrant.gmail.source import Content, all_of

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
LINE_BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00"]

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")))
BODIES = st.text(st.characters(exclude_categories=("Cs",)))
NAMES = PRINTABLE.filter(lambda name: name.strip() == name)
ADDRESSES = st.builds(Address, st.sampled_from(["ada@example.com", "grace@bücher.example"]), name=st.none() | NAMES)
FILES = st.dictionaries(NAMES.filter(bool), st.binary(), max_size=3)


def counting() -> Callable[[int], bytes]:
    """Chance that repeats itself, but never within one mail."""
    given_out = 0

    def entropy(size: int) -> bytes:
        nonlocal given_out
        given_out += 1
        return given_out.to_bytes(size, "big")

    return entropy


def written(draft: Draft, **options: Any) -> bytes:
    return all_of(draft.to_source(now=NOW, entropy=counting(), **options))


def parsed(draft: Draft, **options: Any) -> EmailMessage:
    message = email.message_from_bytes(written(draft, **options), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def lunch(**fields: Any) -> Draft:
    return Draft(**({"to": "ada@example.com", "subject": "Lunch", "text": "At noon?"} | fields))


def test_a_plain_draft_is_written_as_the_standards_want() -> None:
    draft = Draft(to="Ada Lovelace <ada@example.com>", subject="Lunch?", text="At noon.")

    assert written(draft) == (
        b"To: Ada Lovelace <ada@example.com>\r\n"
        b"Subject: Lunch?\r\n"
        b"Date: Thu, 05 Mar 2026 12:00:00 +0000\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"MIME-Version: 1.0\r\n"
        b"\r\n"
        b"At noon.\r\n"
    )


def test_the_same_draft_time_and_chance_give_the_same_bytes() -> None:
    draft = lunch(html="<p>At noon?</p>", attachments={"menu.pdf": b"%PDF"})

    assert written(draft) == written(draft)


def test_a_draft_is_a_value() -> None:
    assert lunch() == lunch()
    assert hash(lunch()) == hash(lunch())
    assert dataclasses.replace(lunch(), subject="Dinner").subject == "Dinner"
    with pytest.raises(dataclasses.FrozenInstanceError):
        lunch().subject = "Dinner"  # type: ignore[misc]


def test_a_draft_does_not_print_what_it_says() -> None:
    shown = repr(lunch(html="<p>noon</p>", attachments={"menu.txt": b"noon"}, headers={"X-Lunch": "noon"}))

    assert "noon" not in shown
    assert "Lunch" in shown


def test_recipients_are_taken_as_people_type_them() -> None:
    draft = lunch(to="Ada <ada@example.com>; grace@example.com", cc=["bob@example.com"], bcc=Address("eve@example.com"))

    assert [address.email for address in draft.recipients] == [
        "ada@example.com",
        "grace@example.com",
        "bob@example.com",
        "eve@example.com",
    ]


def test_every_header_stands_where_gmail_reads_it() -> None:
    message = parsed(
        lunch(
            cc="Grace <grace@example.com>",
            bcc="eve@example.com",
            from_="Me <me@example.com>",
            reply_to="office@example.com",
            in_reply_to="one@example.com",
            references=["<zero@example.com>", "one@example.com"],
            headers={"X-Lunch": "Thursday"},
        )
    )

    assert message["From"] == "Me <me@example.com>"
    assert message["To"] == "ada@example.com"
    assert message["Cc"] == "Grace <grace@example.com>"
    assert message["Bcc"] == "eve@example.com"
    assert message["Reply-To"] == "office@example.com"
    assert message["In-Reply-To"] == "<one@example.com>"
    assert message["References"] == "<zero@example.com> <one@example.com>"
    assert message["X-Lunch"] == "Thursday"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] is None, "Gmail replaces it"


def test_a_long_message_id_is_never_encoded_for_that_breaks_threads() -> None:
    long_id = f"<{'a' * 200}@example.com>"

    raw = written(lunch(in_reply_to=long_id, references=[long_id, "<b@example.com>"]))

    assert raw.count(long_id.encode()) == 2


@pytest.mark.parametrize("line_break", LINE_BREAKS)
@pytest.mark.parametrize("field", ["to", "cc", "bcc", "from_", "reply_to", "subject", "in_reply_to"])
def test_header_injection_is_refused_in_every_field(field: str, line_break: str) -> None:
    with pytest.raises(InvalidRequest, match=r"line break|control character"):
        lunch(**{field: f"ada@example.com{line_break}Bcc: eve@example.com"})


@pytest.mark.parametrize("line_break", LINE_BREAKS)
def test_header_injection_is_refused_in_a_custom_header(line_break: str) -> None:
    with pytest.raises(InvalidRequest, match="The header X-Lunch holds"):
        lunch(headers={"X-Lunch": f"noon{line_break}Bcc: eve@example.com"})
    with pytest.raises(InvalidRequest, match="The name of a header holds"):
        lunch(headers={f"X-Lunch{line_break}Bcc": "eve@example.com"})


@pytest.mark.parametrize("name", ["", "X Lunch", "X-Lünch", "X-Lunch:", "X" * 77])
def test_a_header_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="not the name of a header"):
        lunch(headers=[(name, "x")])


@pytest.mark.parametrize(
    ("name", "field"),
    [("To", "to"), ("FROM", "from_"), ("subject", "subject"), ("In-Reply-To", "in_reply_to"), ("Bcc", "bcc")],
)
def test_a_header_with_a_field_of_its_own_is_refused_with_the_fields_name(name: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        lunch(headers={name: "x"})

    assert caught.value.hint == f"Pass {field}= instead."


@pytest.mark.parametrize("name", ["Date", "MIME-Version", "Content-Type", "content-transfer-encoding"])
def test_a_header_that_is_ours_to_write_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="written by us"):
        lunch(headers={name: "x"})


@pytest.mark.parametrize("message_id", ["", "<>", "a b", "<a b>", "<ä@example.com>", f"<{'a' * 901}>"])
def test_what_is_no_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(InvalidRequest, match="not the id of a mail"):
        lunch(in_reply_to=message_id)


@pytest.mark.parametrize(("field", "value"), [("text", b"x"), ("html", 5), ("text", "\ud800")])
def test_a_body_that_is_no_text_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=f"{field}: "):
        lunch(**{field: value})


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": b"Lunch"},
        {"subject": None},
        {"headers": {"X-Lunch": 12}},
        {"headers": {12: "X-Lunch"}},
        {"in_reply_to": 5},
        {"references": [None]},
        {"attachments": {5: b""}},
        {"headers": "X-Lunch: noon"},
        {"headers": "ab"},
        {"headers": ["ab"]},
        {"headers": [("X-Lunch", "noon", "x")]},
        {"headers": None},
        {"references": None},
        {"signature": "Ada"},
        {"thread_id": 5},
        {"id": ""},
    ],
)
def test_what_is_no_text_is_refused_in_any_field(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        lunch(**fields)


def test_text_and_html_are_alternatives() -> None:
    message = parsed(lunch(text="Grüße", html="<p>Grüße</p>"))

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in message.iter_parts()] == ["Grüße", "<p>Grüße</p>"]


def test_html_alone_gets_a_text_made_from_it() -> None:
    text = parsed(lunch(text=None, html="<h1>Lunch</h1><p>At <b>noon</b>?</p>")).get_body(("plain",))

    assert text is not None
    assert text.get_content() == "Lunch\r\n\r\nAt noon?\r\n"


def test_a_draft_without_a_body_is_an_empty_text() -> None:
    assert parsed(lunch(text=None)).get_content() == "\r\n"


def test_an_inline_image_is_related_to_the_html() -> None:
    image = Attachment("logo.png", content=b"png", inline=True, content_id="logo")

    message = parsed(lunch(html='<img src="cid:logo">', attachments=[image, Attachment("menu.pdf", content=b"%PDF")]))

    related = message.get_body(("related",))
    assert message.get_content_type() == "multipart/mixed"
    assert related is not None
    *_, part = related.iter_parts()
    assert (part["Content-ID"], part.get_content_disposition(), part.get_content()) == ("<logo>", "inline", b"png")
    assert [each.get_filename() for each in message.iter_attachments()] == ["menu.pdf"]


def test_a_long_content_id_is_never_encoded_for_no_image_would_be_found_by_it() -> None:
    logo = Attachment("logo.png", content=b"png", content_id="logo" * 60)

    assert b"\r\nContent-ID: <" + b"logo" * 60 + b">\r\n" in written(lunch(attachments=[logo]))


@pytest.mark.parametrize(
    "name",
    [
        "Protokoll März 📎.pdf",
        "ä" * 120 + ".pdf",
        "x" * 250 + ".pdf",
        'a "b" \\ c; d=é.pdf',
        'a "b" \\ c.pdf',
        "a%20'b'.pdf",
    ],
)
def test_the_name_of_a_file_is_read_alike_by_new_programs_and_by_old_ones(name: str) -> None:
    message = parsed(lunch(attachments={name: b"%PDF"}))
    part = next(iter(message.iter_attachments()))

    old = str(email.header.make_header(email.header.decode_header(str(part.get_param("name")))))
    assert part.get_filename() == name
    assert old == name
    assert b"filename*1" not in written(lunch(attachments={name: b"%PDF"})), "many programs do not join the pieces"


def test_a_name_that_looks_encoded_is_read_as_it_was_written() -> None:
    part = next(iter(parsed(lunch(attachments={"=?utf-8?q?menu?=.txt": b"x"})).iter_attachments()))

    assert part.get_filename() == "=?utf-8?q?menu?=.txt"


def test_a_name_too_long_for_a_line_is_cut_where_the_standard_says() -> None:
    raw = written(lunch(attachments={"ä" * 400 + ".pdf": b"x"}))
    part = next(iter(email.message_from_bytes(raw, policy=email.policy.default).iter_attachments()))

    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert part.get_filename() == "ä" * 400 + ".pdf"


def test_a_mail_is_attached_byte_for_byte() -> None:
    content = b"From: x\nSubject: y\n\nbare newlines, 8 bit: \xff"

    (part,) = parsed(lunch(attachments={"thread.eml": content})).iter_attachments()

    assert part.get_content() == content
    assert part.get_filename() == "thread.eml"


def test_a_path_is_opened_by_the_shell_and_then_written() -> None:
    draft = lunch(attachments=["a.txt", "b.txt", "a.txt"])

    assert draft.paths == (Path("a.txt"), Path("b.txt"))
    opened = {Path("a.txt"): Content(b"a"), Path("b.txt"): Content(b"b")}
    written = all_of(draft.to_source(now=NOW, entropy=counting(), opened=opened))
    message = email.message_from_bytes(written, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [b"a", b"b", b"a"]


def test_an_unopened_attachment_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match=r"The attachment 'minutes\.pdf' was not opened"):
        written(lunch(attachments=["minutes.pdf"]))


def test_no_recipient_at_sending_is_refused_but_may_be_kept() -> None:
    draft = Draft(subject="Some day")

    assert b"Subject: Some day" in written(draft, for_sending=False)
    with pytest.raises(InvalidRequest, match="no recipient"):
        written(draft)


def test_a_blind_copy_alone_is_a_recipient() -> None:
    assert b"Bcc: ada@example.com" in written(Draft(bcc="ada@example.com"))


def test_more_recipients_than_gmail_takes_are_refused() -> None:
    crowd = [f"guest{number}@example.com" for number in range(501)]

    assert written(lunch(to=crowd[:500]))
    with pytest.raises(InvalidRequest, match="501 recipients; 500 are allowed") as refused:
        written(lunch(to=crowd))
    assert "the setting `recipients`" in str(refused.value.hint)


def test_blind_copies_count_towards_the_recipients_that_are_allowed() -> None:
    with pytest.raises(InvalidRequest, match="3 recipients; 2 are allowed"):
        written(lunch(cc="grace@example.com", bcc="eve@example.com"), most_recipients=2)


def test_more_than_25_megabytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mime, "MOST_ATTACHED", 2 * 1024 * 1024)

    assert written(lunch(attachments={"a.bin": bytes(2 * 1024 * 1024)}))
    with pytest.raises(InvalidRequest, match=r"The attachments have 2\.5 MB; Gmail takes 2\.0 MB"):
        written(lunch(attachments={"a.bin": bytes(1024 * 1024), "b.bin": bytes(1536 * 1024)}))


def test_a_mail_that_is_too_large_when_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mime, "MOST_WRITTEN", 1000)

    with pytest.raises(InvalidRequest, match="when written"):
        written(lunch(text="noon " * 1000))


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="time zone"):
        lunch().to_bytes(now=NOW.replace(tzinfo=None), entropy=counting())


def test_a_date_is_written_in_its_own_zone() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))

    assert b"Date: Thu, 05 Mar 2026 21:00:00 +0900\r\n" in lunch().to_bytes(now=tokyo, entropy=counting())


def test_a_kept_draft_has_gmails_ids() -> None:
    kept = lunch().kept_as(DraftRef("r-1", message_id="m1", thread_id="t1"))

    assert (kept.id, kept.message_id, kept.thread_id) == ("r-1", "m1", "t1")
    assert lunch().id is None


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "from_", "reply_to"])
def test_an_address_that_gmail_would_garble_is_refused_by_its_field(field: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"^{field}: 'üser@example\.com' cannot"):
        written(lunch(**{field: "üser@example.com"}))


@given(
    st.lists(ADDRESSES, min_size=1, max_size=4),
    st.lists(ADDRESSES, max_size=3),
    PRINTABLE,
    st.none() | BODIES,
    st.none() | BODIES,
    FILES,
)
def test_the_standard_library_reads_back_what_was_written(
    to: list[Address], cc: list[Address], subject: str, text: str | None, html: str | None, files: dict[str, bytes]
) -> None:
    raw = written(Draft(to, cc=cc, subject=subject, text=text, html=html, attachments=files))

    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert not message.defects
    assert str(message["Subject"] or "") == subject
    assert people(raw, "To") == [(address.name or "", ascii_email(address)) for address in to]
    assert people(raw, "Cc") == [(address.name or "", ascii_email(address)) for address in cc]
    if text is not None:
        assert body(message, "plain") == lines(text)
    if html is not None:
        assert body(message, "html") == lines(html)
    assert {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()} == files


def people(raw: bytes, name: str) -> list[tuple[str, str]]:
    """Read addresses by the older parser: the newer of Python 3.11 puts blanks between a name's encoded words."""
    message: Message = email.message_from_bytes(raw, policy=email.policy.compat32)
    values = [str(value) for value in message.get_all(name, [])]
    return [
        (str(email.header.make_header(email.header.decode_header(phrase))), found)
        for phrase, found in email.utils.getaddresses(values)
    ]


def ascii_email(address: Address) -> str:
    return address.header().rpartition("<")[2].rstrip(">")


def body(message: EmailMessage, kind: str) -> list[str]:
    part = message.get_body((kind,))
    assert part is not None
    return lines(part.get_content())


def lines(text: str) -> list[str]:
    """The lines of a body; how they end, and whether the last one does, is not kept by mail."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


@given(st.text(), st.text(), st.text(), st.text())
def test_header_injection_is_impossible_whatever_is_typed(to: str, subject: str, name: str, value: str) -> None:
    try:
        raw = written(Draft(to, subject=subject, headers={f"X-{name}": value}), for_sending=False)
    except InvalidRequest:
        return
    head = raw.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    expected = {
        "to",
        "subject",
        "date",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
        f"x-{name}".lower(),
    }
    assert {line.partition(":")[0].lower() for line in head.split("\r\n")} <= expected


def test_an_image_that_the_html_shows_is_part_of_it_without_being_told() -> None:
    chart = Attachment("chart.png", content=b"png", content_id="chart")

    message = parsed(lunch(html='<img src="cid:chart">', attachments=[chart]))

    related = message.get_body(("related",))
    assert related is not None
    assert [part.get_content_type() for part in related.iter_parts()] == ["text/html", "image/png"]
    assert list(message.iter_attachments()) == []


def test_an_invitation_is_a_form_of_the_mail_and_says_what_it_asks() -> None:
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"

    message = parsed(lunch(text="Come.", html="<p>Come.", calendar=calendar))

    plain, html, invitation = message.iter_parts()
    assert message.get_content_type() == "multipart/alternative"
    assert [plain.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    assert invitation.get_content_type() == "text/calendar"
    assert invitation.get_param("method") == "REQUEST"
    with pytest.raises(InvalidRequest, match="no iCalendar"):
        lunch(calendar="At noon")
