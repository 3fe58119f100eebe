"""
Seeds: what a sandbox holds from the beginning.

The dates of the demo are relative to the clock's start, so that "yesterday's mail" always is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant.sandbox.mail import delivery

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

Plant: TypeAlias = "Callable[[Sandbox], None]"

ADA = "ada@example.com"
GRACE = "grace@example.com"
JOHANNES = "Jöhannes Ølander <johannes@example.org>"


def named(name: str | Path) -> Plant:
    """
    Return the seed of that name, or of that file.

    Raises ValueError if there is no such name, SettingsError for a file that cannot be used.
    """
    if isinstance(name, str) and name in SEEDS:
        return SEEDS[name]
    path = Path(name)
    if isinstance(name, str) and not path.suffix:
        raise ValueError(f"there is no seed {name!r}; there are {', '.join(SEEDS)}, and files by their ending")
    from mailgrant.sandbox.seeding.seed_file import read_seed

    return read_seed(path).plant


def plant_nothing(_: Sandbox) -> None:
    """Leave the sandbox empty: no accounts, but the default clients."""


def plant_demo(world: Sandbox) -> None:
    """Give Ada and Grace a week of mail and a few appointments."""
    ada = world.people.add(ADA, name="Ada Lovelace")
    grace = world.people.add(GRACE, name="Grace Hopper")
    now = world.clock.start
    for age, fields in _mail_for_ada():
        _receive(world, ada, fields, now - age)
    for age, fields in _mail_for_grace():
        _receive(world, grace, fields, now - age)
    for person, event in _events(now, ada, grace):
        person.diary.add_event("primary", event, actor=person.email)


def _receive(world: Sandbox, person: Person, fields: dict[str, Any], at: datetime) -> None:
    delivery.deliver_fields(world, person, {"to": f"{person.name} <{person.email}>"} | fields, at)


def _mail_for_ada() -> list[tuple[timedelta, dict[str, Any]]]:
    minutes = b64encode(b"Minutes\n\n1. The engine turns.\n2. Lunch on Thursday.\n").decode()
    first = "<lunch-1@mail.example.com>"
    grace = f"Grace Hopper <{GRACE}>"
    return [
        (timedelta(days=6), {"from": JOHANNES, "subject": "Grüße aus Århus", "text": "Das Wetter ist schön. ☀\n"}),
        (
            timedelta(days=3),
            {
                "from": "The Weekly <news@example.net>",
                "subject": "Five engines you should know",
                "text": "",
                "html": "<h1>Five engines</h1><p>Number one will <b>compute</b> you &amp; yours.</p>",
                "labels": ["INBOX", "UNREAD", "CATEGORY_PROMOTIONS"],
            },
        ),
        (
            timedelta(days=2),
            {
                "from": grace,
                "subject": "Minutes of Monday",
                "text": "Attached, with thanks to all.\n",
                "attachments": [{"filename": "minutes – Monday.txt", "type": "text/plain", "content": minutes}],
                "labels": ["INBOX"],
            },
        ),
        (
            timedelta(hours=26),
            {"from": grace, "subject": "Lunch?", "text": "Thursday at noon?\n", "headers": {"Message-ID": first}},
        ),
        (
            timedelta(hours=25),
            {
                "from": grace,
                "subject": "Re: Lunch?",
                "text": "Or one o'clock, if that suits you better.\n",
                "headers": {"In-Reply-To": first, "References": first},
            },
        ),
    ]


def _mail_for_grace() -> list[tuple[timedelta, dict[str, Any]]]:
    return [
        (
            timedelta(days=1),
            {"from": f"Ada Lovelace <{ADA}>", "subject": "Notes on the engine", "text": "See note G.\n"},
        ),
    ]


def _events(now: datetime, ada: Person, grace: Person) -> list[tuple[Person, dict[str, Any]]]:
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    noon = morning + timedelta(hours=3)
    day = (morning + timedelta(days=4)).date()
    whole = {"start": {"date": day.isoformat()}, "end": {"date": (day + timedelta(days=1)).isoformat()}}
    weekly = {"start": _at(morning, "UTC"), "end": _at(morning + timedelta(minutes=15), "UTC")}
    return [
        (ada, {"summary": "Stand-up", **weekly, "recurrence": ["RRULE:FREQ=DAILY;COUNT=20"]}),
        (ada, {"summary": "Lunch with Grace", "location": "Café Ørsted", **_hour(noon)}),
        (ada, {"summary": "Engine demonstration", **_hour(noon + timedelta(days=2))}),
        (ada, {"summary": "Birthday of Charles", **whole}),
        (grace, {"summary": "Compiler review", **_hour(noon + timedelta(days=1))}),
    ]


def _hour(start: datetime) -> dict[str, Any]:
    return {"start": _at(start), "end": _at(start + timedelta(hours=1))}


def _at(moment: datetime, zone: str | None = None) -> dict[str, str]:
    return {"dateTime": moment.isoformat()} | ({"timeZone": zone} if zone else {})


SEEDS: dict[str, Plant] = {"demo": plant_demo, "empty": plant_nothing}
