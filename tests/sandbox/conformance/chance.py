"""
Chance: calls made at random from the discovery documents, most of them nearly right.

An id is drawn as `$message.7` and becomes, when the call is made, one of the messages that there are by
then; `$.7` becomes anything that has an id. Half of all bodies start from the method's recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from mailgrant.sandbox.frame.discovery import ApiMethod, document, method

from .bench import ADA, GRACE, Order
from .checks import all_methods
from .recipes import RAW, path_parameters, recipe, usual_path

Strategy = st.SearchStrategy[Any]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ZONES = ("Europe/Zurich", "America/Sao_Paulo", "Asia/Kolkata", "UTC", "Etc/GMT+12", "../etc/passwd", "")
MOMENTS = (
    "2026-03-05T12:00:00Z",
    "2026-03-05T13:00:00+01:00",
    "2026-03-29T02:30:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-02-30T00:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "24:00",
)
DATES = ("2026-03-05", "2026-03-06", "0001-01-01", "9999-12-31", "2026-02-29", "2026-3-5")
RULES = (
    "RRULE:FREQ=DAILY",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=9",
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "RRULE:FREQ=YEARLY;BYEASTER=1",
    "RRULE:FREQ=MONTHLY;BYDAY=-5FR;INTERVAL=999999999",
    "RRULE:FREQ=SECONDLY;COUNT=1000000",
    "RRULE:FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
    "RRULE:FREQ=HOURLY;BYSETPOS=400;BYHOUR=1",
    "RRULE:FREQ=DAILY;UNTIL=20270101T000000Z;COUNT=2",
    "RRULE:FREQ=DAILY;UNTIL=00010101",
    "RRULE:FREQ=NEVER",
    "RRULE:",
    "EXDATE;VALUE=DATE:20260312",
    "EXDATE;TZID=Europe/Zurich:20260312T130000",
    "RDATE:20260401T120000Z,20260402T120000Z",
    "EXRULE:FREQ=WEEKLY",
    "DTSTART:20260305T120000Z",
)
PEOPLE = (ADA, GRACE, "linus@elsewhere.example", "nobody", "", "ü@example.com", "a@b@c")
QUERIES = (
    "from:ada subject:lunch",
    "{has:attachment -in:inbox}",
    "(((((older_than:1d",
    'subject:"lunch',
    "larger:99999999999999999999M",
    "after:2026/13/45 before:0",
    "newer_than:999999999y",
    "rfc822msgid:<a@b>",
    "OR OR -",
    "AROUND 3 lunch",
    "label:^x",
    "is:nothing category:lunch",
)
MAILS = (
    RAW,
    "",
    "Rg==",
    "VG86IGdyYWNlQGV4YW1wbGUuY29tCgpIaQ==",
    "VG86ID09P3g/cT8/PQ0KU3ViamVjdDog////DQoNCg==",
    "Q29udGVudC1UeXBlOiBtdWx0aXBhcnQvbWl4ZWQ7IGJvdW5kYXJ5PSIiCgoK",
)
LABELS = ("INBOX", "UNREAD", "STARRED", "TRASH", "SPAM", "DRAFT", "SENT", "CHAT", "CATEGORY_SOCIAL", "Label_1", "lunch")
# What is worth trying under a name, whoever has it.
BY_NAME: dict[str, tuple[str, ...]] = {
    "accessRole": ("reader",),
    "address": ("https://hooks.example.com/", "http://hooks.example.com/", "https://[", "https://a:b/"),
    "addLabelIds": LABELS,
    "colorId": ("1", "11", "12", "24", "x"),
    "defaultReminders": (),
    "email": PEOPLE,
    "emailAddress": PEOPLE,
    "eventType": ("default", "birthday", "focusTime", "outOfOffice", "workingLocation", "fromGmail"),
    "expiration": ("1772712000000", "1", "999999999999999999"),
    "fields": ("*", "id,etag", "items(id,start/date)", "a(b(c", "items/*", "messages/payload/headers"),
    "labelIds": LABELS,
    "method": ("email", "popup"),
    "minAccessRole": ("owner",),
    "orderBy": ("startTime", "updated"),
    "pageToken": ("0", "x", "1", "AAAA", "CAEQAA"),
    "privateExtendedProperty": ("a=b", "=", "a"),
    "q": QUERIES,
    "raw": MAILS,
    "recurrence": RULES,
    "removeLabelIds": LABELS,
    "responseStatus": ("accepted", "declined", "tentative", "needsAction"),
    "role": ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner"),
    "scope": (),
    "showDeleted": (),
    "startHistoryId": ("1", "999999999"),
    "status": ("confirmed", "tentative", "cancelled"),
    "syncToken": ("x", "AAAA", ""),
    "text": ("Lunch tomorrow at noon", "at 25:99 on 31 February", "every day", " "),
    "timeZone": ZONES,
    "transparency": ("opaque", "transparent"),
    "ttl": ("3600", "-1", "x", "99999999999"),
    "type": ("user", "default", "domain", "group", "web_hook", "hangoutsMeet", "homeOffice", "customLocation"),
    "value": PEOPLE,
    "visibility": ("default", "public", "private", "confidential"),
}
IDS = frozenset({"calendarId", "destination", "eventId", "id", "ids", "messageId", "resourceId", "ruleId", "threadId"})
# Rather in the body than not: without them nothing much happens.
LIKELY = frozenset({"start", "end", "raw", "message", "id", "ids", "summary", "recurrence", "type", "address", "role"})
# Those decide who calls, and how errors look.
CREDENTIALS = frozenset({"access_token", "oauth_token", "key", "$.xgafv"})
DEEPEST = 4
MOST_FIELDS = 5


@cache
def orders() -> st.SearchStrategy[Order]:
    """Any call of any method."""
    return st.sampled_from(all_methods()).flatmap(_orders_of)


@cache
def _orders_of(method_id: str) -> st.SearchStrategy[Order]:
    known = method(method_id)
    queries = {name: spec for name, spec in known.parameters.items() if spec["location"] == "query"}
    queries |= {name: spec for name, spec in document(known.api)["parameters"].items() if name not in CREDENTIALS}
    return st.builds(
        Order,
        st.just(known),
        path=st.fixed_dictionaries({name: _path(known, name) for name in path_parameters(known)}),
        query=_query(known, queries),
        body=st.none() if known.request is None else _body(known, known.request),
        media=_media() if known.upload_segments else st.none(),
    )


def _path(known: ApiMethod, name: str) -> Strategy:
    """Return what may stand in a path: mostly an id of the right kind."""
    if name == "userId":
        return _rarely(st.sampled_from(("me", ADA)), st.sampled_from((GRACE, "x")), share=40)
    usual = usual_path(known)[name]
    kind = st.integers(0, 9).map(lambda number: f"{usual}.{number}") if usual.startswith("$") else st.just(usual)
    return _rarely(kind, _ids() | TEXTS.filter(bool))


def _ids() -> Strategy:
    return st.integers(0, 40).map(lambda number: f"$.{number}")


def _query(known: ApiMethod, specs: Mapping[str, Any]) -> Strategy:
    """Return what may stand behind a path: what the recipe has there, and some more."""
    wanted = tuple(recipe(known).query.items())
    names = st.lists(st.sampled_from(sorted(specs)), max_size=2)
    return names.flatmap(
        lambda names: st.tuples(*(st.tuples(st.just(name), _parameter(name, specs[name])) for name in names))
    ).map(lambda pairs: wanted + pairs)


def _parameter(name: str, spec: Mapping[str, Any]) -> Strategy:
    return _value("", spec, name, 0).map(lambda value: str(value).lower() if isinstance(value, bool) else str(value))


def _media() -> Strategy:
    return _rarely(st.none(), st.binary(max_size=40) | st.just(b"To: grace@example.com\r\n\r\nHi"), share=2)


def _body(known: ApiMethod, name: str) -> Strategy:
    proper, base = _value(known.api, {"$ref": name}, "", 0), recipe(known).body or {}
    mixed = st.builds(lambda more: {**base, **more} if isinstance(more, dict) else more, proper)
    broken = st.sampled_from((b"{", b"[]", b"1", b"null", b"\xff", b'{"a":' * 2000, b'"lunch"'))
    return _rarely(st.one_of(proper, mixed, st.just(base)), broken, share=40)


@cache
def _schema(api: str, name: str, depth: int) -> Strategy:
    """Return values of a schema, on the spot or later: schemas hold themselves."""
    return st.deferred(lambda: _object(api, document(api)["schemas"][name], depth))


def _value(api: str, spec: Mapping[str, Any], name: str, depth: int) -> Strategy:
    """Return values that a field may have, and now and then others."""
    if "$ref" in spec:
        proper = _schema(api, spec["$ref"], depth)
    elif spec["type"] == "array":
        proper = st.lists(_value(api, spec["items"], name, depth + 1), max_size=3)
    elif spec["type"] == "object":
        proper = _object(api, spec, depth)
    else:
        proper = _scalar(spec, name)
    return _rarely(proper, ANYTHING, share=60)


def _object(api: str, schema: Mapping[str, Any], depth: int) -> Strategy:
    properties = schema.get("properties")
    if properties is None:
        return st.dictionaries(TEXTS, _value(api, schema["additionalProperties"], "", depth + 1), max_size=3)
    if depth >= DEEPEST or not properties:
        return st.just({})
    likely = sorted(properties.keys() & LIKELY)
    some = st.lists(st.sampled_from(sorted(properties)), max_size=MOST_FIELDS, unique=True)
    names = st.tuples(some, st.lists(st.sampled_from(likely), unique=True) if likely else st.just([]))
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries(
            {name: _value(api, properties[name], name, depth + 1) for name in dict.fromkeys(chosen[0] + chosen[1])}
        )
    )


def _scalar(spec: Mapping[str, Any], name: str) -> Strategy:
    if name in IDS:
        return _ids()
    if "enum" in spec:
        return st.sampled_from(spec["enum"])
    if BY_NAME.get(name):
        return st.sampled_from(BY_NAME[name])
    return SCALARS.get(spec.get("format", spec["type"]), TEXTS)


def _rarely(usual: Strategy, odd: Strategy, share: int = 12) -> Strategy:
    """Return the usual, and once in so many times something odd."""
    return st.integers(1, share).flatmap(lambda number: odd if number == share else usual)


ANYTHING: Strategy = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just([]), st.just({}), st.just([[{"a": None}]])
)
NUMBERS = st.one_of(st.integers(-3, 300), st.sampled_from((2**31 - 1, -(2**31), 2**31, 2**64)))
SCALARS: dict[str, Strategy] = {
    "any": ANYTHING,
    "boolean": st.booleans(),
    "byte": st.sampled_from(MAILS),
    "date": st.sampled_from(DATES),
    "date-time": st.sampled_from(MOMENTS),
    "google-datetime": st.sampled_from(MOMENTS),
    "int32": NUMBERS,
    "int64": NUMBERS.map(str),
    "integer": NUMBERS,
    "number": st.floats(),
    "uint32": NUMBERS,
    "uint64": NUMBERS.map(str),
}
