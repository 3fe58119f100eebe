"""
Scope, Scopes: the permissions an application can ask for, and which of them stand in for others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import ClassVar

from mailgrant.errors import SettingsError

from .scope_table import ACCEPTED, ALIASES, DESCRIPTIONS, IRREGULAR, PREFIX, REACH

# Where a misspelt address is ours to notice; scopes of Google's other APIs are nobody's business here.
OURS = (f"{PREFIX}gmail", f"{PREFIX}calendar")

_URL_OF = {short: IRREGULAR.get(short, PREFIX + short) for short in DESCRIPTIONS}
_SHORT_OF = {url: short for short, url in _URL_OF.items()}
_PLACE = {url: place for place, url in enumerate(_URL_OF.values())}


class Scope(str):
    """
    One permission. It is text: the full address that Google knows it by.

    Made from a short name (`gmail.send`) or that address. `Scope` itself believes what it is told,
    because Google may grant what this version has never heard of; `parse` is for what people write.
    """

    __slots__ = ()

    OPENID: ClassVar[Scope]
    EMAIL: ClassVar[Scope]
    PROFILE: ClassVar[Scope]
    GMAIL_FULL: ClassVar[Scope]
    GMAIL_MODIFY: ClassVar[Scope]
    GMAIL_READONLY: ClassVar[Scope]
    GMAIL_METADATA: ClassVar[Scope]
    GMAIL_COMPOSE: ClassVar[Scope]
    GMAIL_SEND: ClassVar[Scope]
    GMAIL_INSERT: ClassVar[Scope]
    GMAIL_LABELS: ClassVar[Scope]
    GMAIL_SETTINGS_BASIC: ClassVar[Scope]
    GMAIL_SETTINGS_SHARING: ClassVar[Scope]
    GMAIL_ADDONS_CURRENT_ACTION_COMPOSE: ClassVar[Scope]
    GMAIL_ADDONS_CURRENT_MESSAGE_ACTION: ClassVar[Scope]
    GMAIL_ADDONS_CURRENT_MESSAGE_METADATA: ClassVar[Scope]
    GMAIL_ADDONS_CURRENT_MESSAGE_READONLY: ClassVar[Scope]
    CALENDAR: ClassVar[Scope]
    CALENDAR_READONLY: ClassVar[Scope]
    CALENDAR_EVENTS: ClassVar[Scope]
    CALENDAR_EVENTS_READONLY: ClassVar[Scope]
    CALENDAR_EVENTS_OWNED: ClassVar[Scope]
    CALENDAR_EVENTS_OWNED_READONLY: ClassVar[Scope]
    CALENDAR_EVENTS_PUBLIC_READONLY: ClassVar[Scope]
    CALENDAR_EVENTS_FREEBUSY: ClassVar[Scope]
    CALENDAR_FREEBUSY: ClassVar[Scope]
    CALENDAR_CALENDARLIST: ClassVar[Scope]
    CALENDAR_CALENDARLIST_READONLY: ClassVar[Scope]
    CALENDAR_CALENDARS: ClassVar[Scope]
    CALENDAR_CALENDARS_READONLY: ClassVar[Scope]
    CALENDAR_ACLS: ClassVar[Scope]
    CALENDAR_ACLS_READONLY: ClassVar[Scope]
    CALENDAR_SETTINGS: ClassVar[Scope]
    CALENDAR_SETTINGS_READONLY: ClassVar[Scope]
    CALENDAR_APP_CREATED: ClassVar[Scope]

    def __new__(cls, name: str) -> Scope:
        """Take a short name or an address as it is."""
        return super().__new__(cls, _URL_OF.get(ALIASES.get(name, name), name))

    @classmethod
    def parse(cls, name: str) -> Scope:
        """
        Read what a person wrote: a short name or a full address.

        Raises SettingsError, with the nearest names, for a short name or a Gmail or Calendar address
        that does not exist. Addresses of Google's other APIs pass.
        """
        scope = cls(name.strip())
        elsewhere = scope.startswith(PREFIX) and len(scope) > len(PREFIX) and not scope.startswith(OURS)
        if scope in _SHORT_OF or (elsewhere and not any(map(str.isspace, scope))):
            return scope
        raise SettingsError(f"There is no scope {name!r}.", hint=_nearest(name))

    @property
    def short(self) -> str:
        """The name to type: `gmail.send`, or the whole address for a scope of another API."""
        return _SHORT_OF.get(self, str(self))

    @property
    def description(self) -> str:
        """What it allows, in plain words that end a sentence: "this application may send mail"."""
        return DESCRIPTIONS.get(self.short, f"use {self.short}")

    def __or__(self, other: str | Iterable[str]) -> Scopes:
        return Scopes((self,)) | other

    def __repr__(self) -> str:
        return f"Scope({self.short!r})"


for _short, _url in _URL_OF.items():
    setattr(Scope, _short.upper().replace(".", "_"), Scope(_url))


class Scopes:
    """
    An immutable set of scopes, in a stable order.

    Made from names as people write them, in an iterable or separated by spaces. `covers` and
    `missing` know that a wider scope stands in for a narrower one; `in`, `==` and `-` do not.
    """

    __slots__ = ("_members",)

    def __init__(self, names: str | Iterable[str] = ()) -> None:
        if isinstance(names, str):
            names = (names,) if isinstance(names, Scope) else names.split()
        scopes = {name if isinstance(name, Scope) else Scope.parse(name) for name in names}
        self._members = tuple(sorted(scopes, key=_order))

    @classmethod
    def granted(cls, text: str) -> Scopes:
        """Read what Google, or the vault, says: scopes that are not known here are kept as they are."""
        return cls(map(Scope, text.split()))

    def covers(self, wanted: str | Iterable[str]) -> bool:
        """Tell whether every scope of `wanted` is here, or a wider one that stands in for it."""
        return not self.missing(wanted)

    def missing(self, wanted: str | Iterable[str]) -> Scopes:
        """Return those of `wanted` that nothing here stands in for."""
        return Scopes(one for one in Scopes(wanted) if not any(stands_in(held, one) for held in self))

    def widened(self, by: str | Iterable[str]) -> Scopes:
        """
        Return the union as it should be asked for: without `gmail.metadata` where mail is read anyway.

        A token that holds `gmail.metadata` is kept to headers by Google, whatever else it holds
        (known there since 2018 and never mended).
        """
        union = self | by
        poison = Scopes(Scope.GMAIL_METADATA)
        return union - poison if (union - poison).covers(poison) else union

    @property
    def api(self) -> Scopes:
        """These scopes without those that only say who somebody is."""
        return self - (Scope.OPENID, Scope.EMAIL, Scope.PROFILE)

    def __or__(self, other: str | Iterable[str]) -> Scopes:
        return Scopes((*self, *Scopes(other)))

    def __sub__(self, other: str | Iterable[str]) -> Scopes:
        unwanted = frozenset(Scopes(other))
        return Scopes(scope for scope in self if scope not in unwanted)

    def __contains__(self, name: object) -> bool:
        if isinstance(name, Scope):
            return name in self._members
        return isinstance(name, str) and Scope(name) in self._members

    def __iter__(self) -> Iterator[Scope]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __eq__(self, other: object) -> bool:
        return self._members == other._members if isinstance(other, Scopes) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._members)

    def __str__(self) -> str:
        """Return the addresses separated by spaces, as OAuth wants them (RFC 6749 §3.3)."""
        return " ".join(self._members)

    def __repr__(self) -> str:
        return f"Scopes({' '.join(scope.short for scope in self)!r})"


def _order(scope: Scope) -> tuple[int, str]:
    return _PLACE.get(scope, len(_PLACE)), scope


# What every consent asks besides, so that the grant has an owner who is known for certain.
IDENTITY = Scopes((Scope.OPENID, Scope.EMAIL))


@cache
def accepted_for(operation: str) -> Scopes:
    """Return the scopes of which any one allows an API method; none when the method is not known here."""
    return Scopes(map(Scope, ACCEPTED.get(operation, ())))


def narrowest_for(operation: str) -> Scope:
    """Return the scope to ask for so that an API method is allowed."""
    if operation not in ACCEPTED:
        raise SettingsError(f"{operation} is not a method of Gmail or Calendar.")
    return Scope(ACCEPTED[operation][0])


def stands_in(held: Scope, wanted: Scope) -> bool:
    """
    Tell whether `held` allows all that `wanted` would.

    It does when every method that accepts `wanted` accepts `held`, unless `held` shows those methods
    less than `wanted` does (`scope_table.REACH`).
    """
    if held == wanted:
        return True
    if REACH.get(held.short) not in (None, REACH.get(wanted.short)):
        return False
    opened = _methods(wanted.short)
    return bool(opened) and opened <= _methods(held.short)


@cache
def _methods(short: str) -> frozenset[str]:
    return frozenset(method for method, scopes in ACCEPTED.items() if short in scopes)


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    tail = name.strip().rstrip("/").rpartition("/")[2].lower()
    longer = [short for short in DESCRIPTIONS if short.startswith(f"{tail}.")]
    close = [ALIASES.get(match, match) for match in get_close_matches(tail, [*DESCRIPTIONS, *ALIASES], n=3)]
    near = list(dict.fromkeys(close + longer))[:5]
    return f"Did you mean {' or '.join(near)}?" if near else "Scopes are named like gmail.send or calendar.events."
