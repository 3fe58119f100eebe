"""
Hand: what a person does to a draft in Gmail's page, between two calls of a program.

A program that edits drafts has to reckon with it: the draft is another one, sent, or gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.mail import drafts

if TYPE_CHECKING:
    from email.message import EmailMessage

    from mailgrant.sandbox.mail.mailbox import StoredMessage
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

METHOD = "person"
HEADERS = {"to": "To", "cc": "Cc", "bcc": "Bcc", "subject": "Subject"}
BODIES = {"text": "plain", "html": "html"}


def edit(person: Person, draft_id: str, fields: Mapping[str, Any]) -> StoredMessage:
    """
    Change what is given (`to`, `cc`, `bcc`, `subject`, `text`, `html`) and keep the rest; return the new message.

    Raises ValueError naming a field that cannot be changed.
    """
    from email import message_from_bytes, policy
    from email.message import EmailMessage

    mail = message_from_bytes(drafts.message_of(person.mailbox, draft_id).raw, policy=policy.SMTP)
    assert isinstance(mail, EmailMessage)
    for name, value in fields.items():
        if name in HEADERS:
            _set_header(mail, HEADERS[name], value)
        elif name in BODIES:
            _set_body(mail, BODIES[name], str(value))
        else:
            raise ValueError(f"a draft has no field {name!r} to edit; it has {', '.join([*HEADERS, *BODIES])}")
    drafts.replace(person.mailbox, draft_id, mail.as_bytes())
    return drafts.message_of(person.mailbox, draft_id)


def send(world: Sandbox, person: Person, draft_id: str) -> StoredMessage:
    """Send a draft and return the copy in Sent; the draft is gone."""
    saved = drafts.message_of(person.mailbox, draft_id)
    conversation = person.mailbox.thread(saved.thread_id)
    sent = world.post.send(person, saved.raw, method=METHOD, conversation=conversation)
    person.mailbox.delete(saved)
    return sent


def delete(person: Person, draft_id: str) -> None:
    """Throw a draft away, for ever."""
    person.mailbox.delete(drafts.message_of(person.mailbox, draft_id))


def _set_header(mail: EmailMessage, header: str, value: Any) -> None:
    del mail[header]
    mail[header] = ", ".join(value) if isinstance(value, (list, tuple)) else str(value)


def _set_body(mail: EmailMessage, subtype: str, text: str) -> None:
    body = mail.get_body((subtype,))
    if body is not None:
        body.set_content(text, subtype=subtype)
    elif mail.is_multipart():
        raise ValueError(f"the draft has no {subtype} text to edit")
    elif subtype == "html":
        mail.add_alternative(text, subtype="html")
    else:
        mail.set_content(text)
