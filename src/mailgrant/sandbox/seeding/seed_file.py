"""
Seed files: what a sandbox holds from the beginning, written down by somebody else.

JSON as `docs/reference/sandbox-seed.md` describes it, or a single .mbox or .ics. Everything is read and
checked before there is a sandbox, and a complaint names file, line and field.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailgrant.errors import SettingsError
from mailgrant.sandbox.control.faults import duration
from mailgrant.sandbox.control.fields import ControlError, Field, required_text, text, text_or_texts, texts, truth
from mailgrant.sandbox.diary.ics import read_ics
from mailgrant.sandbox.frame.wire import ApiError
from mailgrant.sandbox.mail.mbox import read_mbox
from mailgrant.sandbox.oauth.clients import ClientKind, OAuthClient, Publishing
from mailgrant.sandbox.seeding.seed_places import Places, Trail, lines_of

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

# Whose a single .mbox or .ics is.
OWNER = {"email": "ada@example.com", "name": "Ada Lovelace"}
HINT = "docs/reference/sandbox-seed.md describes the format; nothing was started or changed."

WHOLE = {"accounts": Field((list,), "a list of objects"), "clients": Field((list,), "a list of objects")}
ACCOUNT = {
    "email": required_text(),
    "name": text(),
    "workspace": truth(default=False),
    "test_user": truth(default=True),
    "messages": Field((list,), "a list of objects"),
    "events": Field((list,), "a list of objects"),
    "mbox": texts(),
    "ics": texts(),
}
ADDRESSES = {name: text_or_texts() for name in ("to", "cc", "bcc")}
MESSAGE = {
    **{name: text() for name in ("from", "subject", "text", "html", "date", "raw")},
    **ADDRESSES,
    "labels": texts(),
    "attachments": Field((list,), "a list of objects"),
    "headers": Field((dict,), "an object"),
}
CLIENT = {
    "client_id": required_text(),
    "client_secret": required_text(),
    "type": text(),
    "name": text(),
    "redirect_uris": texts(),
    "publishing_status": text(),
    "verified": truth(default=True),
}


@dataclass(frozen=True, slots=True)
class Seed:
    """
    A seed that was read: `value` in the form of a seed file, without references to other files.

    Raises SettingsError for a field that is unknown, missing or of the wrong kind.
    """

    value: dict[str, Any] = field(repr=False)
    places: Places = field(kw_only=True, repr=False)

    def __post_init__(self) -> None:
        self._check((), self.value, WHOLE)
        for trail, account in _items(self.value, (), "accounts"):
            self._check(trail, account, ACCOUNT)
            for name in ("mbox", "ics"):
                if name in account:
                    raise self._wrong((*trail, name), "only a seed that is a file itself can name other files")
            for within, message in _items(account, trail, "messages"):
                self._check(within, message, MESSAGE)
            for within, event in _items(account, trail, "events"):
                self._check(within, event, None)
        for trail, client in _items(self.value, (), "clients"):
            self._check(trail, client, CLIENT)

    def count(self) -> dict[str, int]:
        """Return how many accounts, messages, events and clients it holds."""
        accounts = [account for _, account in _items(self.value, (), "accounts")]
        counted = {"accounts": len(accounts)}
        counted |= {noun: sum(len(account.get(noun, ())) for account in accounts) for noun in ("messages", "events")}
        return counted | {"clients": len(self.value.get("clients", ()))}

    def plant(self, world: Sandbox) -> None:
        """Put everything into a sandbox; an account that is there already gets the rest."""
        for trail, client in _items(self.value, (), "clients"):
            with self._at(trail):
                world.clients.add(_client(client))
        for trail, account in _items(self.value, (), "accounts"):
            with self._at(trail):
                person = _person(world, account)
            self._fill(world, person, trail, account)

    def _fill(self, world: Sandbox, person: Person, trail: Trail, account: dict[str, Any]) -> None:
        for within, message in _items(account, trail, "messages"):
            with self._at(within):
                _receive(world, person, message)
        for within, event in _items(account, trail, "events"):
            with self._at(within):
                person.diary.add_event("primary", event, actor=person.email)

    def _check(self, trail: Trail, value: Any, known: Mapping[str, Field] | None) -> None:
        """Refuse what is not an object, and in one whose fields are known every field that does not fit."""
        if not isinstance(value, dict):
            raise self._wrong(trail, f"an object belongs here, not {json.dumps(value)[:40]}")
        if known is None:
            return
        for name in value:
            if name not in known:
                raise self._wrong((*trail, name), f"there is no such field; there are {', '.join(known)}")
        for name, kind in known.items():
            if kind.required and name not in value:
                raise self._wrong(trail, f"the field {name!r} is missing")
            if name in value:
                with self._at((*trail, name)):
                    kind.check(name, value[name])

    @contextmanager
    def _at(self, trail: Trail) -> Iterator[None]:
        """Say of what goes wrong meanwhile that it went wrong there."""
        try:
            yield
        except (ControlError, ApiError) as error:
            raise self._wrong(trail, error.message) from error
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise self._wrong(trail, str(error)) from error

    def _wrong(self, trail: Trail, sentence: str) -> SettingsError:
        return SettingsError(f"{self.places.spell(trail)}: {sentence.rstrip('.')}.", hint=HINT)


def read_seed(path: Path, *, account: str | None = None) -> Seed:
    """
    Read a seed from a file, by its ending: JSON, .mbox or .ics.

    A single .mbox or .ics goes to `account`, Ada unless told. Raises SettingsError for everything that is
    wrong with it.
    """
    owner = OWNER if account is None else {"email": account}
    kind = path.suffix.lower()
    if kind in {".mbox", ".ics"}:
        value: Any = {"accounts": [{**owner, kind.removeprefix("."): [path.name]}]}
        places = Places(str(path))
    else:
        written = _read(path)
        value, places = _parse(path, written)
    _expand(value, places, path)
    return Seed(value, places=places)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"The seed {path} cannot be read: {error.strerror}.", hint=HINT) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The seed {path} is not text in UTF-8 (byte {error.start}).", hint=HINT) from error


def _parse(path: Path, written: str) -> tuple[Any, Places]:
    try:
        return json.loads(written), Places(str(path), lines_of(written))
    except json.JSONDecodeError as error:
        raise SettingsError(f"{path}, line {error.lineno}: this is not JSON: {error.msg}.", hint=HINT) from error
    except RecursionError as error:
        raise SettingsError(f"{path} is nested too deep.", hint=HINT) from error


def _expand(value: Any, places: Places, path: Path) -> None:
    """Put the mails and events of the files that accounts name in their place."""
    for trail, account in _items(value, (), "accounts"):
        for key, reader, noun in (("mbox", _mails, "messages"), ("ics", _found_events, "events")):
            named = account.get(key) if isinstance(account, dict) else None
            if not isinstance(named, list) or not isinstance(account.setdefault(noun, []), list):
                continue
            del account[key]
            for name in named:
                for item, file, line in reader(path.parent / str(name)):
                    places.add((*trail, noun, len(account[noun])), file, line)
                    account[noun].append(item)


def _mails(path: Path) -> Iterator[tuple[dict[str, Any], Path, int]]:
    try:
        for mail in read_mbox(path.read_bytes()):
            date = {"date": mail.date.isoformat()} if mail.date is not None else {}
            item = {"raw": urlsafe_b64encode(mail.raw).decode(), "labels": list(mail.labels), **date}
            yield item, path, mail.line
    except OSError as error:
        raise SettingsError(f"The mails in {path} cannot be read: {error.strerror}.", hint=HINT) from error
    except ValueError as error:
        raise SettingsError(f"{path}, line 1: {error}.", hint=HINT) from error


def _found_events(path: Path) -> Iterator[tuple[dict[str, Any], Path, int]]:
    try:
        written = path.read_bytes().decode()
    except OSError as error:
        raise SettingsError(f"The events in {path} cannot be read: {error.strerror}.", hint=HINT) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not text in UTF-8 (byte {error.start}).", hint=HINT) from error
    try:
        for found in read_ics(written):
            yield found.body, path, found.line
    except ValueError as error:
        raise SettingsError(f"{path}, {error}.", hint=HINT) from error


def _items(value: Any, trail: Trail, name: str) -> Iterator[tuple[Trail, Any]]:
    """Yield the items of a list that may be there, and the way to each."""
    items = value.get(name) if isinstance(value, dict) else None
    for number, item in enumerate(items if isinstance(items, list) else ()):
        yield (*trail, name, number), item


def _person(world: Sandbox, account: Mapping[str, Any]) -> Person:
    about = {name: account[name] for name in ("name", "workspace", "test_user") if account.get(name) is not None}
    return world.people.find(account["email"]) or world.people.add(account["email"], **about)


def _client(client: Mapping[str, Any]) -> OAuthClient:
    return OAuthClient(
        client["client_id"],
        secret=client["client_secret"],
        kind=ClientKind(client.get("type", "installed")),
        redirect_uris=tuple(client.get("redirect_uris", ())),
        name=client.get("name", "Mailgrant test"),
        publishing=Publishing(client.get("publishing_status", "production")),
        verified=client.get("verified", True),
    )


def _receive(world: Sandbox, person: Person, message: Mapping[str, Any]) -> None:
    """Put one mail in, as it is or as its fields say."""
    at = _date(message.get("date"), world.clock.now())
    if "raw" not in message:
        fields = {name: value for name, value in message.items() if name != "from"}
        world.account(person.email).receive(from_=message.get("from", ""), **{**fields, "date": at.isoformat()})
        return
    extra = sorted(set(message) - {"raw", "labels", "date"})
    if extra:
        raise ValueError(f"a message with `raw` has no field {extra[0]!r} beside it")
    raw = urlsafe_b64decode(message["raw"] + "=" * (-len(message["raw"]) % 4))
    person.mailbox.deliver(raw, labels=message.get("labels", ["INBOX", "UNREAD"]), at=at)


def _date(given: str | None, now: datetime) -> datetime:
    """Read a time, or how long ago: `2026-03-05T12:00:00Z`, `-26h`."""
    if given is None:
        return now
    if given.startswith("-"):
        return now - duration(given[1:])
    moment = datetime.fromisoformat(given)
    if moment.tzinfo is None:
        raise ValueError(f"the date {given} has no time zone")
    if moment < datetime.fromtimestamp(0, moment.tzinfo) - timedelta(days=1):
        raise ValueError(f"the date {given} is before 1970")
    return moment
