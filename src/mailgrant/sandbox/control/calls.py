"""
The control API, under `/_sandbox/`: what a test, a demo or a person does to this Google.

`guard.py` says who may use it. Unknown fields are refused, errors are
`{"error": {"message", "hint"}}`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant import _version
from mailgrant.errors import SettingsError
from mailgrant.sandbox import entropy
from mailgrant.sandbox.control.console import Console
from mailgrant.sandbox.control.faults import Fault, duration
from mailgrant.sandbox.control.fields import (
    ControlError,
    Field,
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
from mailgrant.sandbox.control.guard import CHALLENGE, RFC822, check_caller
from mailgrant.sandbox.control.transcript import spell_all
from mailgrant.sandbox.control.webpage import SAFETY, WebPage, wants_page
from mailgrant.sandbox.frame.routes import Routes
from mailgrant.sandbox.frame.wire import Answer, ApiError, HttpRequest
from mailgrant.sandbox.mail import delivery, hand
from mailgrant.sandbox.mail.arrival import Arrival
from mailgrant.sandbox.mail.push import Topic
from mailgrant.sandbox.oauth.clients import ClientKind, OAuthClient, Publishing
from mailgrant.sandbox.people import Person
from mailgrant.sandbox.seeding.seed_file import Seed
from mailgrant.sandbox.seeding.seed_places import Places

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

CONTROL = "/_sandbox/"

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
TOPIC = {"topic": required_text(), "push": text(), "publisher": truth(default=True)}
CLIENT = {
    "type": required_text(),
    "redirect_uris": texts(),
    "publishing_status": text("production"),
    "verified": truth(default=True),
    "secret": text(),
    "project": text(),
    "client_id": text(),
    "name": text("Mailgrant test"),
}
AUTHORIZATION = {"email": required_text(), "client_id": text(), "scopes": text_or_texts(required=True)}
GRANT = {"email": required_text(), "client_id": text()}

Work: TypeAlias = Callable[[HttpRequest, Mapping[str, str]], Answer]


class Control:
    """Answers the control API of one sandbox."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world
        self._page = WebPage(world)
        self._routes: Routes[Work] = Routes()
        table: dict[tuple[str, str], Work] = {
            ("GET", ""): self._index,
            ("GET", "static/{name}"): self._page.static,
            ("POST", "accounts"): self._add_account,
            ("POST", "accounts/{email}/messages"): self._deliver,
            ("GET", "accounts/{email}/messages"): self._messages,
            ("POST", "accounts/{email}/events"): self._add_event,
            ("POST", "accounts/{email}/drafts/{id}"): self._handle_draft,
            ("POST", "accounts/{email}/confirm"): self._confirm,
            ("POST", "topics"): self._add_topic,
            ("GET", "sent"): self._sent,
            ("POST", "clients"): self._add_client,
            ("POST", "authorize"): self._authorize,
            ("POST", "grants/revoke"): self._revoke,
            ("POST", "tokens/expire"): self._expire,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._set_clock,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "requests"): self._requests,
            ("GET", "quota"): self._quota,
            ("POST", "reset"): self._reset,
            ("POST", "seed"): self._sow,
            ("GET", "transcript"): self._transcript,
            **Console(world).table,
        }
        self.calls = frozenset(table)
        for (verb, path), work in table.items():
            self._routes.add(verb, f"_sandbox/{path}".strip("/").split("/"), work)

    def answer(self, request: HttpRequest) -> Answer:
        """Answer one request."""
        try:
            check_caller(request, self._world.control_token)
            found = self._routes.find(request.verb, request.raw_path)
            if found is None:
                raise ControlError(
                    404,
                    f"There is no {request.verb} {request.path}.",
                    "Its calls are listed in the reference of the sandbox.",
                )
            work, values = found
            return work(request, values)
        except ControlError as error:
            answer = json_answer({"error": {"message": error.message, "hint": error.hint}}, status=error.status)
            if error.status == 401:
                answer.headers.append(CHALLENGE)
            return answer
        except ApiError as error:
            return json_answer({"error": {"message": error.message, "hint": ""}}, status=error.status)
        except (ValueError, OverflowError) as error:
            return json_answer({"error": {"message": f"{error}", "hint": "Change it and send it again."}}, status=400)

    def _index(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        if wants_page(request):
            return self._page.show(request)
        world = self._world
        return json_answer(
            {
                "version": _version.__version__,
                "clock": {"now": _written(world.clock.now())},
                "accounts": [_account(person) for person in world.people],
                "clients": [_client(client) for client in world.clients],
                "quota": world.quota.value,
                "consent": world.consent.value,
            }
        )

    def _add_account(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        fields = read_fields(request, ACCOUNT)
        return json_answer(_account(self._world.people.add(**fields)), status=201)

    def _person(self, email: str) -> Person:
        person = self._world.people.find(email)
        if person is None:
            raise ControlError(404, f"There is no account {email}.", "POST /_sandbox/accounts adds one.")
        return person

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

    def _confirm(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        address = read_fields(request, {"address": required_text()})["address"]
        if not self._person(values["email"]).settings.confirm(address):
            raise ControlError(404, f"{values['email']} has asked nothing of {address}.", "Add the address first.")
        return json_answer({})

    def _add_topic(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        fields = read_fields(request, TOPIC)
        topic = Topic(fields["topic"], push=fields["push"], publisher=fields["publisher"])
        self._world.push.add_topic(topic)
        return json_answer({"topic": topic.name, "push": topic.push, "publisher": topic.publisher}, status=201)

    def _add_event(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        person = self._person(values["email"])
        return json_answer(person.diary.add_event("primary", read_object(request), actor=person.email), status=201)

    def _sent(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        return json_answer({"sent": [_sent_mail(mail) for mail in self._world.post.sent]})

    def _add_client(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        fields = read_fields(request, CLIENT)
        project = fields["project"] or self._world.ids.decimal("project", 12)
        name = self._world.ids.base32hex26("client")
        client = OAuthClient(
            fields["client_id"] or f"{project}-{name}000000.apps.googleusercontent.com",
            secret=fields["secret"] or entropy.client_secret(),
            kind=ClientKind(fields["type"]),
            redirect_uris=tuple(fields["redirect_uris"]),
            publishing=Publishing(fields["publishing_status"]),
            verified=fields["verified"],
            project=project,
            name=fields["name"],
        )
        self._world.clients.add(client)
        return json_answer(_client(client) | {"client_secret": client.secret, "file": client.file()}, status=201)

    def _authorize(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        return json_answer(self._world.authorize(**read_fields(request, AUTHORIZATION)))

    def _revoke(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        self._world.revoke(**read_fields(request, GRANT))
        return json_answer({})

    def _expire(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        self._world.expire_tokens(**read_fields(request, {"email": text()}))
        return json_answer({})

    def _clock(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        return json_answer({"now": _written(self._world.clock.now())})

    def _set_clock(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        fields = read_fields(request, {"advance": text(), "set": text()})
        if (fields["advance"] is None) == (fields["set"] is None):
            raise ControlError(400, "The clock takes `advance` or `set`, one of them.", 'Send {"advance": "8d"}.')
        if fields["advance"] is not None:
            now = self._world.clock.advance(duration(fields["advance"]))
        else:
            now = self._world.clock.set(datetime.fromisoformat(fields["set"]))
        return json_answer({"now": _written(now)})

    def _faults(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        return json_answer({"faults": [fault.to_json() for fault in self._world.faults]})

    def _add_fault(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        self._world.faults.add(Fault.read(read_object(request)))
        return json_answer({})

    def _clear_faults(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        self._world.faults.clear()
        return json_answer({})

    def _requests(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        return json_answer({"requests": [entry.to_json() for entry in self._world.journal]})

    def _quota(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        used = self._world.ledger.used()
        return json_answer(
            {"quota": [{"account": email, "api": api, "units": units} for (email, api), units in used.items()]}
        )

    def _sow(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        try:
            self._world.sow(Seed(read_object(request), places=Places("the seed")))
        except SettingsError as error:
            raise ControlError(400, error.message, error.hint) from error
        return json_answer({})

    def _transcript(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        written = spell_all(self._world.journal)
        if "application/json" in request.headers.get("accept", ""):
            return json_answer({"transcript": written})
        headers = [("Content-Type", "text/plain; charset=utf-8"), *SAFETY]
        return Answer(200, headers=headers, body=written.encode(errors="replace"))

    def _reset(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        read_fields(request, {})
        self._world.reset()
        return json_answer({})


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _account(person: Person) -> dict[str, Any]:
    return {
        "email": person.email,
        "name": person.name,
        "sub": person.sub,
        "workspace": person.workspace,
        "test_user": person.test_user,
    }


def _client(client: OAuthClient) -> dict[str, Any]:
    return {
        "client_id": client.id,
        "type": client.kind.value,
        "name": client.name,
        "project": client.project,
        "redirect_uris": list(client.redirect_uris),
        "publishing_status": client.publishing.value,
        "verified": client.verified,
    }


def _message(stored: delivery.StoredMessage) -> dict[str, Any]:
    return {
        "id": stored.id,
        "threadId": stored.thread_id,
        "labelIds": sorted(stored.labels),
        "raw": urlsafe_b64encode(stored.raw).decode(),
    }


def _sent_mail(mail: delivery.SentMail) -> dict[str, Any]:
    return {
        "time": _written(mail.at),
        "method": mail.method,
        "sender": mail.sender,
        "recipients": list(mail.recipients),
        "id": mail.message_id,
        "raw": urlsafe_b64encode(mail.raw).decode(),
    }
