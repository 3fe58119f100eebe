"""Seed files: what they may hold, and how a broken one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mailgrant.errors import SettingsError
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.seeding.seed_file import read_seed

from .caller import Caller, body
from .conftest import NOON

ADA = "ada@example.com"

TEAM = {
    "accounts": [
        {
            "email": ADA,
            "name": "Ada Lovelace",
            "workspace": True,
            "messages": [
                {"from": "Grace <grace@example.com>", "subject": "Lunch?", "text": "At noon?", "date": "-26h"},
                {"from": "news@example.net", "subject": "Engines", "html": "<b>Five</b>", "labels": ["Engines"]},
            ],
            "events": [
                {
                    "summary": "Lunch",
                    "start": {"dateTime": "2026-03-05T12:00:00Z"},
                    "end": {"dateTime": "2026-03-05T13:00:00Z"},
                }
            ],
        }
    ],
    "clients": [
        {
            "client_id": "1234-engine.apps.googleusercontent.com",
            "client_secret": "GOCSPX-sandbox-engine",
            "type": "web",
            "redirect_uris": ["https://engine.example.com/callback"],
        }
    ],
}

MBOX = (
    b"From grace@example.com Wed Mar  4 10:00:00 2026\n"
    b"From: Grace <grace@example.com>\nTo: ada@example.com\nSubject: First\n"
    b"Date: Wed, 4 Mar 2026 10:00:00 +0000\nX-Gmail-Labels: Inbox,Opened,Category Updates,Engines\n\n"
    b"Dear Ada,\n\n>From here the engine looks small.\n\n"
    b"From johannes@example.org Wed Mar  4 11:00:00 2026\n"
    b"From: johannes@example.org\nSubject: Second\nDate: nonsense\n\nHello\n"
)

ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:standup@example.com
DTSTART;TZID=Europe/London:20260302T090000
DURATION:PT15M
RRULE:FREQ=DAILY;COUNT=5
SUMMARY:Stand-up\\, daily
DESCRIPTION:Line one\\nline
  two
ATTENDEE;CN="Hopper: Grace";PARTSTAT=ACCEPTED:mailto:grace@example.com
BEGIN:VALARM
TRIGGER:-PT5M
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:standup@example.com
RECURRENCE-ID;TZID=Europe/London:20260304T090000
DTSTART;TZID=Europe/London:20260304T100000
DTEND;TZID=Europe/London:20260304T101500
SUMMARY:Stand-up\\, late
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260306
SUMMARY:Birthday of Charles
TRANSP:TRANSPARENT
END:VEVENT
END:VCALENDAR
"""


def write(folder: Path, value: Any, name: str = "team.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2), encoding="utf-8")
    return path


def events_of(world: Sandbox, query: str = "") -> list[dict[str, Any]]:
    """Return what Ada's calendar lists, instance by instance."""
    caller = Caller(world).sign_in("https://www.googleapis.com/auth/calendar")
    answer = caller.get(f"/calendar/v3/calendars/primary/events?singleEvents=true&orderBy=startTime{query}")
    items: list[dict[str, Any]] = body(answer)["items"]
    return items


def test_a_seed_plants_people_mail_events_and_clients(tmp_path: Path) -> None:
    world = Sandbox(NOON, seed=write(tmp_path, TEAM))

    ada = world.account(ADA)
    assert [mail.subject for mail in ada.messages()] == ["Engines", "Lunch?"]
    assert ada.messages("subject:lunch older_than:1d")
    assert ada.messages("label:engines")
    assert [event["summary"] for event in events_of(world)] == ["Lunch"]
    assert world.clients.find("1234-engine.apps.googleusercontent.com") is not None


def test_reset_goes_back_to_the_seed_file(tmp_path: Path) -> None:
    world = Sandbox(NOON, seed=str(write(tmp_path, TEAM)))
    world.account("charles@example.com")

    world.reset()

    assert [person.email for person in world.people] == [ADA]
    assert len(world.account(ADA).messages()) == 2


def test_an_mbox_is_read_with_takeouts_labels(tmp_path: Path) -> None:
    (tmp_path / "mail.mbox").write_bytes(MBOX)
    world = Sandbox(NOON, seed=tmp_path / "mail.mbox")

    second, first = world.account(ADA).messages()

    assert (first.subject, second.subject) == ("First", "Second")
    assert {"INBOX", "CATEGORY_UPDATES"} < first.labels
    assert world.account(ADA).messages("label:engines") == [first]
    assert "UNREAD" not in first.labels
    assert second.labels == {"INBOX", "UNREAD"}
    assert "\nFrom here the engine looks small." in first.text


def test_an_ics_is_read_with_series_days_and_guests(tmp_path: Path) -> None:
    world = Sandbox(NOON, seed=write(tmp_path, ICS, "week.ics"))

    found = events_of(world)

    assert [event["summary"] for event in found].count("Stand-up, daily") == 4
    (late,) = [event for event in found if event["summary"] == "Stand-up, late"]
    assert late["start"]["dateTime"] == "2026-03-04T10:00:00Z"
    assert found[0]["description"] == "Line one\nline two"
    assert found[0]["attendees"][0]["email"] == "grace@example.com"
    assert [event["end"] for event in found if "Birthday" in event["summary"]] == [{"date": "2026-03-07"}]


def test_a_seed_names_other_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mail.mbox").write_bytes(MBOX)
    write(tmp_path, ICS, "week.ics")
    team = {"accounts": [{"email": "charles@example.com", "mbox": ["mail.mbox"], "ics": ["week.ics"]}]}

    world = Sandbox(NOON, seed=write(tmp_path, team))

    assert len(world.account("charles@example.com").messages()) == 2
    assert read_seed(tmp_path / "team.json").count() == {"accounts": 1, "messages": 2, "events": 3, "clients": 0}


def one_line(text: str) -> str:
    """Return a seed that stands on lines of its own, so that they can be counted."""
    return '{\n  "accounts": [\n    {"email": "ada@example.com",\n     ' + text + "}\n  ]\n}\n"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ('{\n  "accounts": [\n}', "team.json, line 3: this is not JSON"),
        ("[]", "team.json, line 1, the whole: an object belongs here"),
        ('{"people": []}', "team.json, line 1, people: there is no such field; there are accounts, clients"),
        ('{"accounts": {}}', "line 1, accounts: The field 'accounts' is a list of objects"),
        ('{"accounts": [\n{}]}', "line 2, accounts[0]: the field 'email' is missing"),
        ('{"accounts": [\n{"email": "ada"}]}', "line 2, accounts[0]: 'ada' is not an email address"),
        ('{"accounts": [\n7]}', "line 2, accounts[0]: an object belongs here, not 7"),
        (one_line('"name": 7'), "line 4, accounts[0].name: The field 'name' is a text, not 7"),
        (one_line('"messages": [\n{"subject": "x",\n"sender": "y"}]'), "line 6, accounts[0].messages[0].sender"),
        (one_line('"messages": [\n{"from": "a@example.com", "date": "soon"}]'), "line 5, accounts[0].messages[0]"),
        (one_line('"messages": [{"raw": "é"}]'), "line 4, accounts[0].messages[0]"),
        (one_line('"events": [{"summary": "Lunch"}]'), "line 4, accounts[0].events[0]"),
        (one_line('"mbox": ["absent.mbox"]'), "absent.mbox cannot be read"),
        (one_line('"mbox": "mail.mbox"'), "line 4, accounts[0].mbox: The field 'mbox' is a list of texts"),
        ('{"clients": [{"client_id": "x",\n "client_secret": "y", "type": "tv"}]}', "line 1, clients[0]"),
        ("[" * 100_000, "nested too deep"),
    ],
    ids=lambda value: value[:60].replace("\n", " "),
)
def test_a_broken_seed_names_file_line_and_field(written: str, complaint: str, tmp_path: Path) -> None:
    path = write(tmp_path, written)

    with pytest.raises(SettingsError) as refused:
        Sandbox(NOON, seed=path)

    assert complaint in refused.value.message
    assert str(tmp_path) in refused.value.message


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("Dear Ada,\n", "week.ics, line 1: 'Dear Ada,' is not NAME:VALUE"),
        ("BEGIN:VTODO\nEND:VTODO\n", "line 1: an .ics file begins with BEGIN:VCALENDAR"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:noon\nEND:VEVENT\nEND:VCALENDAR", "line 3: DTSTART is not a date"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR", "line 2: an event has no DTSTART"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "line 2: the file ends inside VEVENT"),
        (ICS.replace("PT15M", "soon"), "line 6: DURATION is not like PT1H30M"),
        (ICS.replace("Europe/London:20260302", "Engine/Time:20260302"), "week.ics, line 3"),
    ],
    ids=["no ics", "no calendar", "no time", "no start", "no end", "no length", "no zone"],
)
def test_a_broken_calendar_names_file_and_line(written: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        Sandbox(NOON, seed=write(tmp_path, written, "week.ics"))

    assert complaint in refused.value.message


def test_a_file_that_is_no_mbox_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"line 1: an \.mbox file begins with"):
        Sandbox(NOON, seed=write(tmp_path, "Subject: Lunch\n", "mail.mbox"))


def test_a_seed_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "team.json").write_bytes(b'{"accounts": "\xff"}')

    with pytest.raises(SettingsError, match="is not text in UTF-8"):
        Sandbox(NOON, seed=tmp_path / "team.json")


def test_a_running_sandbox_takes_a_seed_over_the_control_api(caller: Caller) -> None:
    assert caller.control("POST", "seed", TEAM).status == 200

    assert caller.world.account(ADA).messages("subject:engines label:engines")


def test_a_seed_that_breaks_half_way_changes_nothing(caller: Caller) -> None:
    team = {"accounts": [{"email": "charles@example.com"}, {"email": ADA, "events": [{"summary": "Lunch"}]}]}

    answer = caller.control("POST", "seed", team)

    assert answer.status == 400
    assert "the seed, accounts[1].events[0]" in body(answer)["error"]["message"]
    assert caller.world.people.find("charles@example.com") is None


def test_the_control_api_reads_no_files(caller: Caller) -> None:
    answer = caller.control("POST", "seed", {"accounts": [{"email": ADA, "mbox": ["/etc/passwd"]}]})

    assert answer.status == 400
    assert "only a seed that is a file itself" in body(answer)["error"]["message"]
