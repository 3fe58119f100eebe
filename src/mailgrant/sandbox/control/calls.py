"""
The control API, under `/_sandbox/`: what a test, a demo or a person does to this Google.

`guard.py` says who may use it. Unknown fields are refused, errors are
`{"error": {"message", "hint"}}`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mailgrant import _version
from mailgrant.errors import SettingsError
from mailgrant.sandbox.clock import stamped
from mailgrant.sandbox.control.accounts import Accounts, account_view
from mailgrant.sandbox.control.console import Console, client_view
from mailgrant.sandbox.control.faults import Fault, duration
from mailgrant.sandbox.control.fields import (
    ControlError,
    Work,
    json_answer,
    read_fields,
    read_object,
    required_text,
    text,
    text_or_texts,
    truth,
)
from mailgrant.sandbox.control.guard import CHALLENGE, check_caller
from mailgrant.sandbox.control.transcript import spell_all
from mailgrant.sandbox.control.webpage import SAFETY, WebPage, wants_page
from mailgrant.sandbox.frame.routes import Routes
from mailgrant.sandbox.frame.wire import Answer, ApiError, HttpRequest
from mailgrant.sandbox.mail import delivery
from mailgrant.sandbox.mail.push import Topic
from mailgrant.sandbox.seeding.seed_file import Seed
from mailgrant.sandbox.seeding.seed_places import Places

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

CONTROL = "/_sandbox/"

TOPIC = {"topic": required_text(), "push": text(), "publisher": truth(default=True)}
AUTHORIZATION = {"email": required_text(), "client_id": text(), "scopes": text_or_texts(required=True)}
GRANT = {"email": required_text(), "client_id": text()}


class Control:
    """Answers the control API of one sandbox."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world
        self._page = WebPage(world)
        self._routes: Routes[Work] = Routes()
        table: dict[tuple[str, str], Work] = {
            ("GET", ""): self._index,
            ("GET", "static/{name}"): self._page.static,
            ("POST", "topics"): self._add_topic,
            ("GET", "sent"): self._sent,
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
            **Accounts(world).table,
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
                "clock": {"now": stamped(world.clock.now())},
                "accounts": [account_view(person) for person in world.people],
                "clients": [client_view(client) for client in world.clients],
                "quota": world.quota.value,
                "consent": world.consent.value,
            }
        )

    def _add_topic(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        fields = read_fields(request, TOPIC)
        topic = Topic(fields["topic"], push=fields["push"], publisher=fields["publisher"])
        self._world.push.add_topic(topic)
        return json_answer({"topic": topic.name, "push": topic.push, "publisher": topic.publisher}, status=201)

    def _sent(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        return json_answer({"sent": [_sent_mail(mail) for mail in self._world.post.sent]})

    def _authorize(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        return json_answer(self._world.authorize(**read_fields(request, AUTHORIZATION)))

    def _revoke(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        self._world.revoke(**read_fields(request, GRANT))
        return json_answer({})

    def _expire(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        self._world.expire_tokens(**read_fields(request, {"email": text()}))
        return json_answer({})

    def _clock(self, _: HttpRequest, __: Mapping[str, str]) -> Answer:
        return json_answer({"now": stamped(self._world.clock.now())})

    def _set_clock(self, request: HttpRequest, _: Mapping[str, str]) -> Answer:
        fields = read_fields(request, {"advance": text(), "set": text()})
        if (fields["advance"] is None) == (fields["set"] is None):
            raise ControlError(400, "The clock takes `advance` or `set`, one of them.", 'Send {"advance": "8d"}.')
        if fields["advance"] is not None:
            now = self._world.clock.advance(duration(fields["advance"]))
        else:
            now = self._world.clock.set(datetime.fromisoformat(fields["set"]))
        return json_answer({"now": stamped(now)})

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


def _sent_mail(mail: delivery.SentMail) -> dict[str, Any]:
    return {
        "time": stamped(mail.at),
        "method": mail.method,
        "sender": mail.sender,
        "recipients": list(mail.recipients),
        "id": mail.message_id,
        "raw": urlsafe_b64encode(mail.raw).decode(),
    }
