"""
Faults: the failures a sandbox is told to produce, and which requests they are meant for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

# What Google says with a status when the fault names no reason of its own.
REASONS = {
    400: ("badRequest", "Bad Request"),
    401: ("authError", "Invalid Credentials"),
    403: ("rateLimitExceeded", "Rate Limit Exceeded"),
    404: ("notFound", "Not Found"),
    409: ("conflict", "Conflict"),
    410: ("deleted", "Resource has been deleted"),
    412: ("conditionNotMet", "Precondition Failed"),
    429: ("rateLimitExceeded", "Resource has been exhausted (e.g. check quota)."),
    500: ("backendError", "Internal error encountered."),
    503: ("backendError", "The service is currently unavailable."),
}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


# Reads may lag behind by as much as the sandbox remembers of its changes.
MOST_STALE = timedelta(minutes=10)
KINDS = ("status", "drop", "late", "delay", "hang", "stale", "truncate", "corrupt", "rate")


class Rate(Enum):
    """Of what there was too much."""

    MINUTE = "minute"
    CONCURRENT = "concurrent"
    SENDING = "sending"
    OVERLOAD = "overload"


class Moment(Enum):
    """Before or after the work of a request is done."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Effect:
    """
    What goes wrong with one request.

    `status` answers with an error instead of doing the work. `drop` closes the connection without an
    answer, before or after the work. `late` closes it at once and does the work that much later.
    `delay` waits before or after the work. `hang` does the work of nothing and never answers. `stale`
    answers a read as of that long ago. `truncate` breaks the connection off in the middle of the answer,
    `corrupt` ruins some of its bytes. `rate` refuses as Google does where there is too much.
    """

    status: int | None = field(default=None, kw_only=True)
    reason: str | None = field(default=None, kw_only=True)
    message: str | None = field(default=None, kw_only=True)
    drop: Moment | None = field(default=None, kw_only=True)
    late: timedelta | None = field(default=None, kw_only=True)
    delay: timedelta | None = field(default=None, kw_only=True)
    when: Moment = field(default=Moment.BEFORE, kw_only=True)
    hang: bool = field(default=False, kw_only=True)
    stale: timedelta | None = field(default=None, kw_only=True)
    truncate: bool = field(default=False, kw_only=True)
    corrupt: bool = field(default=False, kw_only=True)
    rate: Rate | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        chosen = [name for name in KINDS if getattr(self, name)]
        if len(chosen) != 1:
            raise ValueError(f"an effect is one of {', '.join(KINDS)}; this one has {chosen or 'none'}")
        if self.stale is not None and self.stale > MOST_STALE:
            raise ValueError(f"reads lag behind by 10m at most, not by {self.stale}")
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError(f"an effect's status is 400 to 599, not {self.status}")

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Effect:
        """Read an effect from its JSON; raises ValueError with a sentence."""
        _refuse_unknown(value, {*KINDS, "reason", "message", "when"}, "an effect")
        _refuse_other_than_text(value, ("reason", "message", "when", "drop"), "an effect")
        status = value.get("status")
        if status is not None and (not isinstance(status, int) or isinstance(status, bool)):
            raise ValueError(f"an effect's status is a number, not {status!r}")
        return cls(
            status=status,
            reason=value.get("reason"),
            message=value.get("message"),
            drop=Moment(value["drop"]) if "drop" in value else None,
            late=duration(value["late"]) if "late" in value else None,
            delay=duration(value["delay"]) if "delay" in value else None,
            when=Moment(value.get("when", "before")),
            stale=duration(value["stale"]) if "stale" in value else None,
            hang=value.get("hang", False) is True,
            truncate=value.get("truncate", False) is True,
            corrupt=value.get("corrupt", False) is True,
            rate=_rate(value.get("rate", False)),
        )

    @property
    def is_of_connection(self) -> bool:
        """True for what happens to the whole connection, however many calls it carries."""
        return bool(self.drop or self.late or self.delay or self.hang)

    @property
    def said(self) -> tuple[str, str]:
        """The reason and the message of a `status` effect."""
        reason, message = REASONS.get(self.status or 0, ("backendError", "Backend Error"))
        return self.reason or reason, self.message or message

    def __str__(self) -> str:
        if self.status is not None:
            return f"status {self.status}"
        if self.drop is not None:
            return f"drop {self.drop.value}"
        if self.delay is not None:
            return f"delay {self.when.value}"
        if self.rate is not None:
            return f"rate {self.rate.value}"
        return next(name for name in ("late", "hang", "stale", "truncate", "corrupt") if getattr(self, name))


@dataclass(slots=True)
class Fault:
    """
    An effect, the requests it is for, and how often.

    `method` is the log's (`gmail.users.messages.send`), `path` is without the query, `nth` counts the
    matching requests from one: with `nth=2` the first of them passes.
    """

    effect: Effect
    method: str | None = field(default=None, kw_only=True)
    path: str | None = field(default=None, kw_only=True)
    account: str | None = field(default=None, kw_only=True)
    nth: int = field(default=1, kw_only=True)
    times: int = field(default=1, kw_only=True)
    seen: int = field(default=0, init=False)

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Fault:
        """Read a fault from the control API's JSON; raises ValueError with a sentence."""
        _refuse_unknown(value, {"match", "times", "effect"}, "a fault")
        match, effect, times = value.get("match", {}), value.get("effect"), value.get("times", 1)
        if not isinstance(match, dict) or not isinstance(effect, dict):
            raise ValueError("a fault has an object `effect` and, if it is not for every request, an object `match`")
        _refuse_unknown(match, {"method", "path", "account", "nth"}, "a fault's match")
        _refuse_other_than_text(match, ("method", "path", "account"), "a fault's match")
        nth = match.get("nth", 1)
        if not all(type(number) is int and number >= 1 for number in (nth, times)):
            raise ValueError("a fault's `times` and `nth` are numbers from 1")
        names = {name: match.get(name) for name in ("method", "path", "account")}
        return cls(Effect.read(effect), nth=nth, times=times, **names)

    def matches(self, method: str, path: str, account: str | None) -> bool:
        """True if a request is one that this fault is meant for."""
        return (
            self.method in {None, method}
            and self.path in {None, path}
            and (self.account is None or self.account.casefold() == (account or "").casefold())
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fault as the control API lists it; `times` is what is left."""
        match = {"method": self.method, "path": self.path, "account": self.account, "nth": self.nth}
        present = {name: value for name, value in match.items() if value is not None}
        return {"match": present, "times": self.times, "effect": str(self.effect)}


class Faults:
    """The faults a sandbox still has to produce, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Ask for a fault."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def take(self, method: str, path: str, account: str | None) -> Effect | None:
        """Return what goes wrong with this request, and count it; None if nothing does."""
        for fault in self._waiting:
            if not fault.matches(method, path, account):
                continue
            fault.seen += 1
            if fault.seen < fault.nth:
                continue
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
            return fault.effect
        return None

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._waiting)


def header_effect(text: str) -> Effect:
    """Read the effect that a request asks for itself (`X-Sandbox-Fault`); raises ValueError."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("X-Sandbox-Fault holds an effect as a JSON object")
    return Effect.read(value)


def duration(text: object) -> timedelta:
    """Read `60ms`, `5s`, `8d` or `1h30m`; raises ValueError."""
    pieces = DURATION.findall(text) if isinstance(text, str) else []
    if not pieces or "".join(number + unit for number, unit in pieces) != text:
        raise ValueError(f"a duration is a number with ms, s, m, h or d, such as 5s or 8d; not {text!r}")
    return timedelta(**_summed(pieces))


def _rate(value: object) -> Rate | None:
    return Rate.MINUTE if value is True else None if value is False else Rate(value)


def _summed(pieces: list[tuple[str, str]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for number, unit in pieces:
        total[UNITS[unit]] = total.get(UNITS[unit], 0) + float(number)
    return total


def _refuse_unknown(value: Mapping[str, Any], known: set[str], what: str) -> None:
    strange = sorted(set(value) - known)
    if strange:
        raise ValueError(f"{what} has no field {strange[0]!r}; it may have {', '.join(sorted(known))}")


def _refuse_other_than_text(value: Mapping[str, Any], names: tuple[str, ...], what: str) -> None:
    for name in names:
        if not isinstance(value.get(name, ""), str):
            raise ValueError(f"the {name!r} of {what} is a text, not {value[name]!r}")
