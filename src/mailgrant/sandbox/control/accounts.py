"""
Accounts: what a test or a person does to somebody's account: open it, fill it, answer for its owner.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.control.fields import (
    ControlError,
    Field,
    Work,
    json_answer,
    present_fields,
    read_fields,
    read_object,
    required_text,
    text,
    text_or_texts,
    texts,
    truth,
)
from mailgrant.sandbox.control.guard import RFC822
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.mail import delivery, hand
from mailgrant.sandbox.mail.arrival import Arrival
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

ACCOUNT = {
    "email": required_text(),
    "name": text(""),
    "workspace": truth(default=False),
    "test_user": truth(default=True),
    "gmail": truth(default=True),
}
MAIL = {
    **{name: text() for name in ("from", "subject", "text", "html", "date")},
    **{name: text_or_texts() for name in ("to", "cc", "bcc")},
    "labels": texts(),
    "attachments": Field((list,), "a list of objects"),
    "headers": Field((dict,), "an object"),
}
DRAFT = {
    "edit": Field((dict,), "an object"),
    "send": truth(default=False),
    "delete": truth(default=False),
}


class Accounts:
    """The part of one sandbox's control API that is about accounts, their mail and their diaries."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world

    @property
    def table(self) -> dict[tuple[str, str], Work]:
        """What is done by which verb and path."""
        return {
            ("POST", "accounts"): self._add,
            ("DELETE", "accounts/{email}"): self._delete,
            ("POST", "accounts/{email}/password"): self._change_password,
            ("POST", "accounts/{email}/messages"): self._deliver,
            ("GET", "accounts/{email}/messages"): self._messages,
            ("POST", "accounts/{email}/drafts/{id}"): self._handle_draft,
            ("POST", "accounts/{email}/events"): self._add_event,
            ("POST", "accounts/{email}/confirm"): self._confirm,
        }

    def _add(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        fields = read_fields(request, ACCOUNT)
        return json_answer(account_view(self._world.people.add(**fields)), status=201)

    def _delete(self, _: HttpRequest, values: Mapping[str, str]) -> Answer:
        self._world.people.remove(self._person(values["email"]))
        return json_answer({})

    def _change_password(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        read_fields(request, {})
        self._world.tokens.end_gmail(self._person(values["email"]).email)
        return json_answer({})

    def _deliver(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        person = self._person(values["email"])
        if request.media_type == RFC822:
            stored = Arrival(self._world, person, request.body).receive()
        else:
            stored = delivery.deliver_fields(
                self._world, person, present_fields(request, MAIL), self._world.clock.now()
            )
        return json_answer({"id": stored.id, "threadId": stored.thread_id}, status=201)

    def _messages(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        query = dict(request.query).get("q", "")
        held = self._person(values["email"]).mailbox.search(query)
        return json_answer({"messages": [_message(stored) for stored in held]})

    def _handle_draft(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        fields = present_fields(request, DRAFT)
        person, draft_id = self._person(values["email"]), values["id"]
        if len(fields) != 1 or False in fields.values():
            raise ControlError(400, "A draft takes `edit`, `send` or `delete`, one of them.", 'Send {"send": true}.')
        if "delete" in fields:
            hand.delete(person, draft_id)
            return json_answer({})
        if "send" in fields:
            stored = hand.send(self._world, person, draft_id)
        else:
            stored = hand.edit(person, draft_id, fields["edit"])
        return json_answer({"id": stored.id, "threadId": stored.thread_id})

    def _add_event(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        person = self._person(values["email"])
        return json_answer(person.diary.add_event("primary", read_object(request), actor=person.email), status=201)

    def _confirm(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        address = read_fields(request, {"address": required_text()})["address"]
        if not self._person(values["email"]).settings.confirm(address):
            raise ControlError(404, f"{values['email']} has asked nothing of {address}.", "Add the address first.")
        return json_answer({})

    def _person(self, email: str) -> Person:
        person = self._world.people.find(email)
        if person is None:
            raise ControlError(404, f"There is no account {email}.", "POST /_sandbox/accounts adds one.")
        return person


def account_view(person: Person) -> dict[str, Any]:
    """Return an account as the control API tells of it."""
    return {
        "email": person.email,
        "name": person.name,
        "sub": person.sub,
        "workspace": person.workspace,
        "test_user": person.test_user,
    }


def _message(stored: delivery.StoredMessage) -> dict[str, Any]:
    return {
        "id": stored.id,
        "threadId": stored.thread_id,
        "labelIds": sorted(stored.labels),
        "raw": urlsafe_b64encode(stored.raw).decode(),
    }
