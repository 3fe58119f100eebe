"""
Recipes: what each method needs to succeed.

`$message` stands for the id of a message that is made for the occasion, and so on for everything in
`MAKERS`. A method without a recipe takes what its group takes, and no body.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailgrant.sandbox.frame.discovery import ApiMethod
from mailgrant.sandbox.mail.push import Topic
from mailgrant.sandbox.oauth.clients import ClientKind

from .bench import ADA, GRACE, Bench, Order, Unplayed

ALIAS = {
    "sendAsEmail": "ada@elsewhere.example",
    "smtpMsa": {"host": "smtp.elsewhere.example", "port": 465, "securityMode": "ssl"},
}
MAIL = (
    b"From: ada@example.com\r\nTo: grace@example.com\r\nSubject: Lunch?\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nThursday at noon?\r\n"
    b'--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="menu.txt"\r\n\r\nSoup.\r\n--b--\r\n'
)
RAW = urlsafe_b64encode(MAIL).decode()
HOUR = {"start": {"dateTime": "2026-03-05T12:00:00Z"}, "end": {"dateTime": "2026-03-05T13:00:00Z"}}
ZONED = {name: {**moment, "timeZone": "Europe/Zurich"} for name, moment in HOUR.items()}
WEBHOOK = {"id": "lunch-channel", "type": "web_hook", "address": "https://hooks.example.com/calendar"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    What a call is made of.

    `astray` are bodies and queries, by name, that name something which is not there: 404. `lost` is status
    and reason by path parameter where an unknown id is answered otherwise. `refused` is status and reason
    where even the best call is refused, because nobody in a sandbox may make it.
    """

    path: Mapping[str, str] = field(kw_only=True, default_factory=dict)
    query: Mapping[str, str] = field(kw_only=True, default_factory=dict)
    body: Any = field(kw_only=True, default=None)
    astray: Mapping[str, str] = field(kw_only=True, default_factory=dict)
    lost: Mapping[str, tuple[int, str]] = field(kw_only=True, default_factory=dict)
    refused: tuple[int, str] | None = field(kw_only=True, default=None)


PATHS: dict[str, dict[str, str]] = {
    "gmail.users.drafts": {"id": "$draft"},
    "gmail.users.labels": {"id": "$label"},
    "gmail.users.messages": {"id": "$message"},
    "gmail.users.messages.attachments": {"id": "$attachment", "messageId": "$message"},
    "gmail.users.threads": {"id": "$thread"},
    "gmail.users.settings.cse.identities": {"cseEmailAddress": ADA, "emailAddress": ADA},
    "gmail.users.settings.cse.keypairs": {"keyPairId": "pair"},
    "gmail.users.settings.delegates": {"delegateEmail": "$delegate"},
    "gmail.users.settings.filters": {"id": "$filter"},
    "gmail.users.settings.forwardingAddresses": {"forwardingEmail": "$forwarding"},
    "gmail.users.settings.sendAs": {"sendAsEmail": "$alias"},
    "gmail.users.settings.sendAs.smimeInfo": {"sendAsEmail": ADA, "id": "1"},
    "calendar.acl": {"calendarId": "$calendar", "ruleId": "$rule"},
    "calendar.calendarList": {"calendarId": "$listed"},
    "calendar.calendars": {"calendarId": "$calendar"},
    "calendar.events": {"calendarId": "primary", "eventId": "$event"},
    "calendar.settings": {"setting": "timezone"},
}

RECIPES: dict[str, Recipe] = {
    "gmail.users.watch": Recipe(body={"topicName": "$topic"}),
    "gmail.users.drafts.create": Recipe(body={"message": {"raw": RAW}}),
    "gmail.users.drafts.send": Recipe(body={"id": "$draft"}, astray={"id": "r-1"}),
    "gmail.users.drafts.update": Recipe(body={"message": {"raw": RAW}}),
    "gmail.users.history.list": Recipe(query={"startHistoryId": "$history"}),
    "gmail.users.labels.create": Recipe(body={"name": "Lunches"}),
    "gmail.users.labels.patch": Recipe(body={"name": "Lunches"}),
    "gmail.users.labels.update": Recipe(body={"name": "Lunches"}),
    "gmail.users.messages.attachments.get": Recipe(lost={"id": (400, "invalidArgument")}),
    "gmail.users.messages.batchDelete": Recipe(body={"ids": ["$message"]}),
    "gmail.users.messages.batchModify": Recipe(body={"ids": ["$message"], "addLabelIds": ["STARRED"]}),
    "gmail.users.messages.import": Recipe(body={"raw": RAW}),
    "gmail.users.messages.insert": Recipe(body={"raw": RAW}),
    "gmail.users.messages.modify": Recipe(body={"addLabelIds": ["STARRED"]}),
    "gmail.users.messages.send": Recipe(body={"raw": RAW}),
    "gmail.users.threads.modify": Recipe(body={"addLabelIds": ["STARRED"]}),
    "gmail.users.settings.updateAutoForwarding": Recipe(body={"enabled": False}),
    "gmail.users.settings.updateImap": Recipe(body={"enabled": True}),
    "gmail.users.settings.updateLanguage": Recipe(body={"displayLanguage": "de"}),
    "gmail.users.settings.updatePop": Recipe(body={"accessWindow": "disabled", "disposition": "leaveInInbox"}),
    "gmail.users.settings.updateVacation": Recipe(body={"enableAutoReply": True, "responseSubject": "At lunch"}),
    "gmail.users.settings.delegates.create": Recipe(body={"delegateEmail": GRACE}),
    "gmail.users.settings.filters.create": Recipe(
        body={"criteria": {"from": GRACE}, "action": {"addLabelIds": ["STARRED"]}}
    ),
    "gmail.users.settings.forwardingAddresses.create": Recipe(body={"forwardingEmail": GRACE}),
    "gmail.users.settings.sendAs.create": Recipe(body=ALIAS),
    "gmail.users.settings.sendAs.patch": Recipe(body={"signature": "Ada"}),
    "gmail.users.settings.sendAs.update": Recipe(body={"signature": "Ada"}),
    "calendar.acl.insert": Recipe(body={"role": "reader", "scope": {"type": "user", "value": GRACE}}),
    "calendar.acl.patch": Recipe(body={"role": "writer"}),
    "calendar.acl.update": Recipe(body={"role": "writer"}),
    "calendar.acl.watch": Recipe(body=WEBHOOK),
    "calendar.calendarList.insert": Recipe(body={"id": "$seen"}, astray={"id": "nobody@example.com"}),
    "calendar.calendarList.patch": Recipe(body={"summaryOverride": "Grace"}),
    "calendar.calendarList.update": Recipe(body={"summaryOverride": "Grace"}),
    "calendar.calendarList.watch": Recipe(body=WEBHOOK),
    "calendar.calendars.clear": Recipe(path={"calendarId": "primary"}),
    "calendar.calendars.insert": Recipe(body={"summary": "Lunches"}),
    "calendar.calendars.patch": Recipe(body={"summary": "Lunches"}),
    "calendar.calendars.transferOwnership": Recipe(
        query={"newDataOwner": GRACE, "useAdminAccess": "true"}, refused=(403, "forbidden")
    ),
    "calendar.calendars.update": Recipe(body={"summary": "Lunches"}),
    "calendar.channels.stop": Recipe(
        body={"id": WEBHOOK["id"], "resourceId": "$channel"}, astray={"id": "none", "resourceId": "none"}
    ),
    "calendar.events.import": Recipe(body={"iCalUID": "lunch@example.com", "summary": "Lunch", **HOUR}),
    "calendar.events.insert": Recipe(body={"summary": "Lunch", **HOUR}),
    "calendar.events.instances": Recipe(path={"eventId": "$series"}),
    "calendar.events.move": Recipe(query={"destination": "$calendar"}, astray={"destination": "nobody@example.com"}),
    "calendar.events.patch": Recipe(body={"summary": "Late lunch"}),
    "calendar.events.quickAdd": Recipe(query={"text": "Lunch tomorrow at noon"}),
    "calendar.events.update": Recipe(body={"summary": "Late lunch", **HOUR}),
    "calendar.events.watch": Recipe(body=WEBHOOK),
    "calendar.freebusy.query": Recipe(
        body={"timeMin": "2026-03-05T00:00:00Z", "timeMax": "2026-03-06T00:00:00Z", "items": [{"id": "primary"}]}
    ),
    "calendar.settings.watch": Recipe(body=WEBHOOK),
}


def recipe(method: ApiMethod) -> Recipe:
    """Return a method's recipe."""
    return RECIPES.get(method.id, Recipe())


def cook(bench: Bench, method: ApiMethod) -> Order:
    """Return a call of a method that ought to succeed, with everything it needs made."""
    found = recipe(method)
    made: dict[str, str] = {}
    return Order(
        method,
        path=_filled(bench, made, usual_path(method)),
        query=list(_filled(bench, made, found.query).items()),
        body=_filled(bench, made, found.body),
    )


def usual_path(method: ApiMethod) -> dict[str, str]:
    """Return what goes into a method's path, things to be made as `$name`."""
    usual = {"userId": "me", "calendarId": "primary", **PATHS.get(group(method), {}), **recipe(method).path}
    return {name: usual[name] for name in path_parameters(method)}


def group(method: ApiMethod) -> str:
    """Return the resource that a method is of: `gmail.users.messages`."""
    return method.id.rpartition(".")[0]


def path_parameters(method: ApiMethod) -> list[str]:
    """Return the names of what a method's path is made of."""
    return re.findall(r"\{(\w+)\}", "/".join(method.segments))


def _filled(bench: Bench, made: dict[str, str], value: Any) -> Any:
    """Return a value with each `$name` replaced by the id of what is made under it, each made once."""
    if isinstance(value, Mapping):
        return {name: _filled(bench, made, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(bench, made, inner) for inner in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    return make(bench, value[1:], made)


def make(bench: Bench, name: str, made: dict[str, str]) -> str:
    """Return the id of what is made under a name; `made` remembers it as `$name`."""
    if f"${name}" not in made:
        try:
            made[f"${name}"] = MAKERS[name](bench, made)
        except Unplayed:
            # The method under test is then not played either: the name leads nowhere, and need not.
            made[f"${name}"] = name
    return made[f"${name}"]


def _attachment(bench: Bench, made: dict[str, str]) -> str:
    message_id = make(bench, "message", made)
    parts = bench.call("gmail.users.messages.get", id=message_id)["payload"]["parts"]
    return str(parts[1]["body"]["attachmentId"])


def _message(bench: Bench, _: dict[str, str]) -> str:
    return str(bench.call("gmail.users.messages.insert", {"raw": RAW, "labelIds": ["INBOX"]})["id"])


def _topic(bench: Bench, _: dict[str, str]) -> str:
    """Make a topic of the program's own project that nobody listens to."""
    topic = Topic(f"projects/{bench.world.clients.default(ClientKind.INSTALLED).project}/topics/mail")
    bench.world.push.add_topic(topic)
    return topic.name


def _history(bench: Bench, made: dict[str, str]) -> str:
    before = str(bench.call("gmail.users.getProfile")["historyId"])
    _message(bench, made)
    return before


def _seen(bench: Bench, _: dict[str, str]) -> str:
    """Let Ada read Grace's calendar."""
    bench.call("calendar.acl.insert", {"role": "reader", "scope": {"type": "user", "value": ADA}}, email=GRACE)
    return GRACE


def _listed(bench: Bench, made: dict[str, str]) -> str:
    bench.call("calendar.calendarList.insert", {"id": _seen(bench, made)})
    return GRACE


def _series(bench: Bench, _: dict[str, str]) -> str:
    body = {"summary": "Lunch", **ZONED, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}
    return str(bench.call("calendar.events.insert", body)["id"])


def _rule(bench: Bench, made: dict[str, str]) -> str:
    rule = {"role": "reader", "scope": {"type": "user", "value": GRACE}}
    return str(bench.call("calendar.acl.insert", rule, calendarId=make(bench, "calendar", made))["id"])


def _created(method_id: str, body: Any, key: str = "id") -> Callable[[Bench, dict[str, str]], str]:
    return lambda bench, _: str(bench.call(method_id, body)[key])


SETTINGS = "gmail.users.settings"
MAKERS: dict[str, Callable[[Bench, dict[str, str]], str]] = {
    "alias": _created(f"{SETTINGS}.sendAs.create", ALIAS, "sendAsEmail"),
    "attachment": _attachment,
    "calendar": _created("calendar.calendars.insert", {"summary": "Lunches"}),
    "channel": _created("calendar.events.watch", WEBHOOK, "resourceId"),
    "delegate": _created(f"{SETTINGS}.delegates.create", {"delegateEmail": GRACE}, "delegateEmail"),
    "draft": _created("gmail.users.drafts.create", {"message": {"raw": RAW}}),
    "event": _created("calendar.events.insert", {"summary": "Lunch", **HOUR}),
    "filter": _created(
        f"{SETTINGS}.filters.create", {"criteria": {"from": GRACE}, "action": {"addLabelIds": ["STARRED"]}}
    ),
    "forwarding": _created(f"{SETTINGS}.forwardingAddresses.create", {"forwardingEmail": GRACE}, "forwardingEmail"),
    "history": _history,
    "label": _created("gmail.users.labels.create", {"name": "Lunch"}),
    "listed": _listed,
    "message": _message,
    "rule": _rule,
    "seen": _seen,
    "series": _series,
    "thread": _created("gmail.users.messages.insert", {"raw": RAW, "labelIds": ["INBOX"]}, "threadId"),
    "topic": _topic,
}
