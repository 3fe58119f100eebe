"""A signature goes below what the person wrote and above what they quote."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailgrant.gmail.address import Address
from mailgrant.gmail.draft import Draft
from mailgrant.gmail.message import Message
from mailgrant.gmail.settings import SendAs
from mailgrant.gmail.signature import as_sent_by, signed
from mailgrant.http import Request

Hold = Callable[..., tuple[Any, list[Request]]]

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
TEAM = SendAs("team@example.com", name="The team", signature="<p><b>The team</b><br>London</p>")
QUESTION = Message(
    "18f", date=NOW, from_=Address("grace@example.com"), subject="Lunch", text="At noon?", html="<p>At noon?</p>"
)
WROTE = "On 2026-03-05 at 12:00 UTC, grace@example.com wrote:"


def text_of(draft: Draft) -> str:
    raw = draft.to_bytes(now=NOW, entropy=lambda size: bytes(size), for_sending=False)
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_signature_ends_a_text_and_a_mark_of_its_own_line_is_above_it() -> None:
    draft = as_sent_by(TEAM, Draft(text="At noon?\n"))

    assert draft.text == "At noon?\n\n-- \nThe team\nLondon\n"


def test_a_signature_is_above_what_a_text_quotes_and_without_the_mark_that_would_hide_it() -> None:
    draft = as_sent_by(TEAM, QUESTION.reply(text="Yes."))

    assert draft.text == f"Yes.\n\nThe team\nLondon\n\n{WROTE}\n> At noon?\n"


def test_a_signature_is_above_what_html_quotes() -> None:
    draft = as_sent_by(TEAM, QUESTION.reply(html="<p>Yes.</p>"))

    assert draft.html is not None
    assert "-- " not in draft.html
    assert draft.html.index("Yes.") < draft.html.index(TEAM.signature) < draft.html.index(WROTE)
    assert draft.html.endswith("<blockquote><p>At noon?</p></blockquote>")


def test_a_text_made_from_html_is_signed_in_the_same_place() -> None:
    answer = as_sent_by(TEAM, QUESTION.reply(html="<p>Yes.</p>"))
    fresh = as_sent_by(TEAM, Draft(html="<p>Yes.</p>"))

    assert text_of(answer).splitlines() == ["Yes.", "", "The team", "London", "", WROTE, "", "> At noon?"]
    assert text_of(fresh).splitlines() == ["Yes.", "", "-- ", "The team", "London"]


def test_both_forms_of_an_answer_are_signed_above_what_they_quote() -> None:
    draft = as_sent_by(TEAM, QUESTION.reply(text="Yes.", html="<p>Yes.</p>"))

    assert draft.text == f"Yes.\n\nThe team\nLondon\n\n{WROTE}\n> At noon?\n"
    assert (draft.html or "").index(TEAM.signature) < (draft.html or "").index("<blockquote>")


@pytest.mark.parametrize("words", ["Look at this.", None])
def test_a_mail_that_is_passed_on_is_signed_above_it(words: str | None) -> None:
    draft = as_sent_by(TEAM, QUESTION.forward("bob@example.com", text=words))

    for body in (draft.text or "", draft.html or ""):
        assert 0 <= body.index("London") < body.index("Forwarded message")
    assert (draft.text or "").startswith(words or "The team")


def test_an_answer_without_a_quotation_is_signed_at_its_end() -> None:
    draft = as_sent_by(TEAM, QUESTION.reply(text="Yes.", quote=False))

    assert draft.text == "Yes.\n\n-- \nThe team\nLondon\n"


def test_a_quotation_that_was_written_over_is_no_quotation() -> None:
    draft = as_sent_by(TEAM, replace(QUESTION.reply(text="Yes."), text="Something else."))

    assert draft.text == "Something else.\n\n-- \nThe team\nLondon\n"


@pytest.mark.parametrize("signature", ["", "<p> </p>", '<img src="https://example.com/logo.png">'])
def test_a_signature_without_words_adds_no_text(signature: str) -> None:
    assert as_sent_by(replace(TEAM, signature=signature), Draft(text="At noon?")).text == "At noon?"


def test_a_mail_is_signed_once(hold: Hold) -> None:
    listed = {"sendAs": [{"sendAsEmail": "ada@example.com", "isDefault": True, "signature": "Ada"}]}
    once, _ = hold(signed(Draft(text="At noon?", signature=True)), listed)

    again, asked = hold(signed(once))

    assert (again, asked) == (once, [])
