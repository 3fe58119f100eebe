"""Diary: adding events without a call, as seeds, tests and the control API do."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import ApiError

ADA, GRACE = "ada@example.com", "grace@example.com"
DAY = {"summary": "Holiday", "start": {"date": "2026-03-05"}, "end": {"date": "2026-03-06"}}


def test_an_event_added_by_hand_is_seen_by_programs(world: Sandbox, ada: Any) -> None:
    event = world.people.find(ADA).diary.add_event("primary", DAY, actor=ADA)

    assert event == ada.event(event["id"])
    assert event["creator"] == {"email": ADA, "self": True}


def test_an_event_added_by_hand_may_have_everything(world: Sandbox) -> None:
    wanted = {"createRequest": {"requestId": "one", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    body = DAY | {"conferenceData": wanted, "attachments": [{"fileUrl": "https://example.org/menu"}]}

    event = world.people.find(ADA).diary.add_event("primary", body, actor=ADA)

    assert event["hangoutLink"].startswith("https://meet.google.com/")
    assert event["attachments"] == [{"fileUrl": "https://example.org/menu"}]


def test_guests_are_told_when_the_diary_knows_its_neighbours(world: Sandbox, grace: Any) -> None:
    diary = world.people.find(ADA).diary
    diary.neighbours = world.people

    event = diary.add_event("primary", DAY | {"attendees": [{"email": GRACE}]}, actor=ADA)

    assert grace.event(event["id"])["organizer"] == {"email": ADA}


def test_what_google_would_refuse_is_refused_by_hand_too(world: Sandbox) -> None:
    diary = world.people.find(ADA).diary

    with pytest.raises(ApiError, match="Missing start time"):
        diary.add_event("primary", {"summary": "Sometime"}, actor=ADA)
    with pytest.raises(ApiError, match="Not Found"):
        diary.add_event("elsewhere@group.calendar.google.com", DAY, actor=ADA)
