"""
Scope and Scopes: one permission, and sets of them that know what covers what.

A short name is Google's URL without its prefix (`gmail.send`); `mail.google.com` is the one that
has none. See developers.google.com/workspace/gmail/api/auth/scopes and the same page of Calendar.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Set
from functools import cache
from typing import Any, ClassVar

from mailgrant.errors import SettingsError

from .methods import ACCEPTED

PREFIX = "https://www.googleapis.com/auth/"

# From narrow to wide, so that the first that opens a method is the least to ask for. The words are
# for people: "allow this application to …".
KNOWN: dict[str, str] = {
    "openid": "know who you are",
    "userinfo.email": "see your email address",
    "userinfo.profile": "see your name and picture",
    "gmail.labels": "see and edit your email labels",
    "gmail.send": "send email on your behalf",
    "gmail.readonly": "read your email and settings",
    "gmail.insert": "add mail to your mailbox",
    "gmail.settings.basic": "change your email settings and filters",
    "gmail.compose": "write drafts and send email",
    "gmail.modify": "read, write, send and organise your email",
    "gmail.settings.sharing": "manage who can use your mailbox",
    "mail.google.com": "read, write, send and permanently delete all your email",
    "calendar.settings.readonly": "see your calendar settings",
    "calendar.calendarlist.readonly": "see the list of your calendars",
    "calendar.freebusy": "see when you are free",
    "calendar.acls.readonly": "see who may use your calendars",
    "calendar.calendars.readonly": "see the names and zones of your calendars",
    "calendar.events.readonly": "see your calendar events",
    "calendar.readonly": "see your calendars and events",
    "calendar.settings": "change your calendar settings",
    "calendar.calendarlist": "change the list of your calendars",
    "calendar.events": "see and change your calendar events",
    "calendar.acls": "change who may use your calendars",
    "calendar.calendars": "make and change calendars",
    "calendar": "see, change, share and delete your calendars",
    "gmail.metadata": "see the headers and labels of your email, not its text",
    "calendar.events.owned.readonly": "see events on calendars you own",
    "calendar.events.owned": "see and change events on calendars you own",
    "calendar.events.public.readonly": "see events on public calendars",
    "calendar.events.freebusy": "see when people are free on calendars you can see",
    "calendar.app.created": "make calendars of its own and change events on them",
    "gmail.addons.current.action.compose": "write and send email when you use the add-on",
    "gmail.addons.current.message.action": "see the message you open when you use the add-on",
    "gmail.addons.current.message.metadata": "see the headers of the message you open while the add-on runs",
    "gmail.addons.current.message.readonly": "see the message you open while the add-on runs",
}
# These are accepted by methods but show or touch a part only, so holding one covers nothing else.
PARTIAL = (
    "gmail.metadata",
    "gmail.addons.",
    "calendar.app.created",
    "calendar.events.freebusy",
    "calendar.events.owned",
    "calendar.events.public.",
    "calendar.freebusy",
)
# Google rewrites the short identity names to the long ones in its answers.
ALIASES = {"email": "userinfo.email", "profile": "userinfo.profile"}
WITHOUT_PREFIX = {"openid": "openid", "mail.google.com": "https://mail.google.com/"}


class Scope(str):
    """
    One permission. As text it is what goes over the wire: Google's full URL, or `openid`.

    `Scope.parse` also takes short names. `a | b` is a `Scopes`.
    """

    __slots__ = ()

    OPENID: ClassVar[Scope]
    EMAIL: ClassVar[Scope]
    PROFILE: ClassVar[Scope]
    GMAIL_LABELS: ClassVar[Scope]
    GMAIL_SEND: ClassVar[Scope]
    GMAIL_READONLY: ClassVar[Scope]
    GMAIL_METADATA: ClassVar[Scope]
    GMAIL_INSERT: ClassVar[Scope]
    GMAIL_SETTINGS_BASIC: ClassVar[Scope]
    GMAIL_SETTINGS_SHARING: ClassVar[Scope]
    GMAIL_COMPOSE: ClassVar[Scope]
    GMAIL_MODIFY: ClassVar[Scope]
    GMAIL_FULL: ClassVar[Scope]
    CALENDAR: ClassVar[Scope]
    CALENDAR_READONLY: ClassVar[Scope]
    CALENDAR_EVENTS: ClassVar[Scope]
    CALENDAR_EVENTS_READONLY: ClassVar[Scope]
    CALENDAR_FREEBUSY: ClassVar[Scope]
    CALENDAR_CALENDARLIST_READONLY: ClassVar[Scope]

    @classmethod
    def parse(cls, name: str) -> Scope:
        """
        Return the scope called `name`: a short name, an alias, or a full URL.

        Other Google APIs' URLs are taken as they are. Raises SettingsError, with what was probably
        meant, when there is no such scope.
        """
        if isinstance(name, Scope):
            return name
        short = name.strip()
        short = short.removeprefix(PREFIX)
        if short.startswith("https://mail.google.com"):
            short = "mail.google.com"
        short = ALIASES.get(short, short)
        if short in KNOWN:
            return cls(WITHOUT_PREFIX.get(short, PREFIX + short))
        if name.startswith("https://") and not short.startswith(("gmail", "calendar")):
            return cls(name.strip())
        raise _no_such_scope(name, short)

    @property
    def short(self) -> str:
        """The name people use: `gmail.send`."""
        return "mail.google.com" if self == WITHOUT_PREFIX["mail.google.com"] else self.removeprefix(PREFIX)

    @property
    def description(self) -> str:
        """What it allows, in plain words that follow "allow this application to"."""
        return KNOWN.get(self.short, f"use {self}")

    @property
    def is_identity(self) -> bool:
        """True for the scopes that only say who somebody is."""
        return self.short in ("openid", "userinfo.email", "userinfo.profile")

    def __or__(self, other: str | Iterable[str]) -> Scopes:
        return Scopes((self,)) | Scopes(other)

    def __repr__(self) -> str:
        return f"Scope({self.short!r})"


class Scopes(Set[Scope]):
    """
    A set of scopes, made of names in any form or of a space-delimited string (RFC 6749 §3.3).

    Iterates in a stable order, narrow before wide. `str()` is what goes over the wire.
    """

    __slots__ = ("_scopes",)

    def __init__(self, names: str | Iterable[str] = ()) -> None:
        if isinstance(names, Scope):
            names = (names,)
        elif isinstance(names, str):
            names = names.replace(",", " ").split()
        self._scopes = frozenset(Scope.parse(name) for name in names)

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Scopes:  # type: ignore[override]  # only ever scopes
        return cls(it)

    @classmethod
    def granted(cls, text: str) -> Scopes:
        """Read what Google says it granted; a scope that is new to us is taken as it stands."""
        scopes = cls()
        scopes._scopes = frozenset(_parse_leniently(name) for name in text.split())
        return scopes

    def covers(self, wanted: str | Iterable[str]) -> bool:
        """True when everything wanted is allowed, a wider scope covering a narrower one."""
        return not self.missing(wanted)

    def missing(self, wanted: str | Iterable[str]) -> Scopes:
        """Return what is wanted and not covered."""
        return Scopes(
            scope for scope in Scopes(wanted) if scope not in self and not any(_covers(held, scope) for held in self)
        )

    @property
    def api(self) -> Scopes:
        """Without those that only say who somebody is."""
        return Scopes(scope for scope in self if not scope.is_identity)

    def __contains__(self, scope: object) -> bool:
        return scope in self._scopes

    def __iter__(self) -> Iterator[Scope]:
        order = {name: place for place, name in enumerate(KNOWN)}
        return iter(sorted(self._scopes, key=lambda scope: (order.get(scope.short, len(order)), scope)))

    def __len__(self) -> int:
        return len(self._scopes)

    def __or__(self, other: Iterable[str]) -> Scopes:  # type: ignore[override]  # takes names too
        return Scopes((*self, *Scopes(other)))

    def __hash__(self) -> int:
        return hash(self._scopes)

    def __str__(self) -> str:
        return " ".join(self)

    def __repr__(self) -> str:
        return f"Scopes({' '.join(scope.short for scope in self)!r})"


for _short in KNOWN:
    _name = {"userinfo.email": "EMAIL", "userinfo.profile": "PROFILE", "mail.google.com": "GMAIL_FULL"}.get(_short)
    setattr(Scope, _name or _short.replace(".", "_").upper(), Scope.parse(_short))

IDENTITY = Scopes((Scope.OPENID, Scope.EMAIL))


@cache
def accepted_for(operation: str) -> Scopes:
    """Return the scopes of which any one opens an API method; empty for a method we do not know."""
    for scopes, operations in ACCEPTED:
        if operation in operations.split():
            return Scopes(scopes)
    return Scopes()


def narrowest_for(operation: str) -> Scope:
    """Return the least to ask for so that a method opens; raises KeyError for a method we do not know."""
    for scope in accepted_for(operation):
        return scope
    raise KeyError(operation)


@cache
def _covers(wide: Scope, narrow: Scope) -> bool:
    """A scope covers another when it opens every method that the other opens, and shows as much."""
    if wide.short.startswith(PARTIAL):
        return narrow.short == f"{wide.short}.readonly"
    opened = [accepted.split() for accepted, _ in ACCEPTED if narrow.short in accepted.split()]
    return bool(opened) and all(wide.short in accepted for accepted in opened)


def _parse_leniently(name: str) -> Scope:
    try:
        return Scope.parse(name)
    except SettingsError:
        return Scope(name)


def _no_such_scope(name: str, short: str) -> SettingsError:
    close = difflib.get_close_matches(short, [*KNOWN, *ALIASES], n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else "For example: gmail.send, gmail.readonly, calendar."
    return SettingsError(f"There is no scope {name!r}.", hint=hint)
