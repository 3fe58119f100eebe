"""Calendar events changed, moved, answered and deleted, singly and in series, against the sandbox on a real port."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, Event
from mailgrant.calendar.attendee import Response
from mailgrant.calendar.event import EventStatus, Visibility
from mailgrant.calendar.free_busy import Interval, WorkingHours
from mailgrant.calendar.recurrence import Recurrence
from mailgrant.calendar.reminder import Reminder
from mailgrant.changes import Gap
from mailgrant.errors import ChangedMeanwhile, InvalidRequest, NotFound
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
LONDON = ZoneInfo("Europe/London")
# A Monday; the clocks change on the last Sunday of that month.
MONDAY = datetime(2030, 3, 4, 18, tzinfo=LONDON)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
FAR = datetime(2031, 1, 1, tzinfo=UTC)


async def granted(mailgrant: AsyncMailgrant, person: Person, address: str = ADA) -> AsyncAccount:
    consent = await mailgrant.consents.begin(address, "calendar", redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(address)


@pytest.fixture
async def mailgrant(office: dict[str, Any]) -> AsyncIterator[AsyncMailgrant]:
    """A Mailgrant of this test's own."""
    async with AsyncMailgrant(**office) as opened:
        yield opened


@pytest.fixture
async def ada(mailgrant: AsyncMailgrant, person: Person) -> AsyncAccount:
    """Ada, who has said yes to the whole calendar."""
    return await granted(mailgrant, person)


async def rehearsals(ada: AsyncAccount, **fields: Any) -> list[Event]:
    """Add a rehearsal for four weeks and return its occurrences."""
    weekly = Recurrence.weekly("MO", count=4)
    series = await ada.calendar.add(summary="Rehearsal", start=MONDAY, duration=HOUR, recurrence=weekly, **fields)
    return [each async for each in ada.calendar.instances(series)]


async def diary(ada: AsyncAccount) -> list[tuple[str, str]]:
    """Return what is in the diary, each event by its name and its start."""
    found = [each async for each in ada.calendar.events(MONDAY - WEEK, FAR)]
    return [(each.summary, f"{each.start:%m-%d %H:%M}") for each in found]


REHEARSALS = [("Rehearsal", f"{day} 18:00") for day in ("03-04", "03-11", "03-18", "03-25")]


# Editing one event


async def test_an_edit_moves_an_event_and_keeps_its_length_and_its_guests(ada: AsyncAccount) -> None:
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY, duration=2 * HOUR, attendees=[GRACE], location="Bar")

    edited = await ada.calendar.edit(lunch, start=MONDAY + HOUR, location=None)

    assert (edited.start, edited.end, edited.location) == (MONDAY + HOUR, MONDAY + 3 * HOUR, None)
    assert [guest.email for guest in edited.attendees] == [GRACE]


async def test_an_edit_of_what_somebody_else_changed_meanwhile_changes_nothing(ada: AsyncAccount) -> None:
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)
    await ada.calendar.edit(lunch, summary="Late lunch")

    with pytest.raises(ChangedMeanwhile):
        await ada.calendar.edit(lunch, summary="Early lunch")

    assert [name for name, _ in await diary(ada)] == ["Late lunch"]


async def test_a_timed_event_becomes_a_day_and_a_time_again(ada: AsyncAccount) -> None:
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)
    assert lunch.id is not None

    day = await ada.calendar.edit(lunch.id, start=date(2030, 3, 31))
    again = await ada.calendar.edit(day, start=MONDAY)

    assert (day.start, day.end) == (date(2030, 3, 31), date(2030, 4, 1))
    assert (again.start, again.end) == (MONDAY, MONDAY + HOUR)


async def test_reminders_and_a_meet_link_are_asked_for(ada: AsyncAccount) -> None:
    reminders = [timedelta(minutes=10), Reminder(timedelta(days=1), by="email")]

    added = await ada.calendar.add(summary="Call", start=MONDAY, reminders=reminders, meet=True)
    cleared = await ada.calendar.edit(added, reminders=None)

    assert added.reminders == (Reminder(timedelta(minutes=10)), Reminder(timedelta(days=1), by="email"))
    assert added.meet_link is not None and cleared.meet_link == added.meet_link
    assert cleared.reminders is None


@pytest.mark.parametrize(
    "changes",
    [
        {"start": datetime(2030, 3, 5, 12)},  # noqa: DTZ001 (that is the mistake)
        {"end": MONDAY - HOUR},
        {"recurrence": "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
        {"id": "another"},
        {"reminders": timedelta(days=100)},
    ],
    ids=["naive", "ends before it starts", "an impossible rule", "no field to change", "a reminder too early"],
)
async def test_an_impossible_edit_is_refused_before_anything_is_sent(
    sandbox: Sandbox, ada: AsyncAccount, changes: dict[str, Any]
) -> None:
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)
    asked = len(sandbox.requests)

    for which in ("this", "following", "all"):
        with pytest.raises(InvalidRequest):
            await ada.calendar.edit(lunch, which=which, **changes)

    assert len(sandbox.requests) == asked


async def test_which_and_send_updates_have_few_words(ada: AsyncAccount) -> None:
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)

    with pytest.raises(InvalidRequest, match="this, following, all"):
        await ada.calendar.edit(lunch, which="these", summary="Dinner")
    with pytest.raises(InvalidRequest, match="all, externalOnly, none"):
        await ada.calendar.edit(lunch, send_updates="everybody", summary="Dinner")


# Series


async def test_one_occurrence_changes_alone(ada: AsyncAccount) -> None:
    second = (await rehearsals(ada))[1]

    await ada.calendar.edit(second, start=MONDAY + WEEK + HOUR, summary="Late rehearsal")

    assert await diary(ada) == [REHEARSALS[0], ("Late rehearsal", "03-11 19:00"), *REHEARSALS[2:]]


async def test_all_occurrences_change_with_one(ada: AsyncAccount) -> None:
    second = (await rehearsals(ada))[1]

    await ada.calendar.edit(second, which="all", start=MONDAY + WEEK + HOUR, duration=2 * HOUR)

    assert await diary(ada) == [("Rehearsal", f"{day} 19:00") for day in ("03-04", "03-11", "03-18", "03-25")]


async def test_this_and_the_following_become_a_series_of_their_own(ada: AsyncAccount) -> None:
    third = (await rehearsals(ada, location="Hall", attendees=[GRACE]))[2]

    begun = await ada.calendar.edit(third, which="following", start=MONDAY + 2 * WEEK + HOUR, summary="Run-through")

    assert await diary(ada) == [*REHEARSALS[:2], ("Run-through", "03-18 19:00"), ("Run-through", "03-25 19:00")]
    assert begun.recurrence == ("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2",)
    assert (begun.location, [guest.email for guest in begun.attendees]) == ("Hall", [GRACE])


async def test_the_first_occurrence_and_the_following_are_all_of_them(ada: AsyncAccount) -> None:
    first, *_ = await rehearsals(ada)

    changed = await ada.calendar.edit(first, which="following", summary="Concert")

    assert changed.id == first.recurring_event_id
    assert {name for name, _ in await diary(ada)} == {"Concert"}


async def test_the_same_edit_said_again_changes_nothing_more(ada: AsyncAccount) -> None:
    third = (await rehearsals(ada))[2]

    begun = await ada.calendar.edit(third, which="following", summary="Concert")
    again = await ada.calendar.edit(third, which="following", summary="Concert")

    assert again.id == begun.id
    assert len(await diary(ada)) == 4


async def test_a_series_may_be_cut_again_where_a_later_series_was_deleted(ada: AsyncAccount) -> None:
    third = (await rehearsals(ada))[2]
    assert third.recurring_event_id is not None
    whole = await ada.calendar.get(third.recurring_event_id)
    begun = await ada.calendar.edit(third, which="following", summary="Concert")
    await ada.calendar.delete(begun, which="all")
    await ada.calendar.edit(third.recurring_event_id, recurrence=whole.recurrence)
    assert third.id is not None

    await ada.calendar.edit(third.id, which="following", summary="Concert")

    assert [name for name, _ in await diary(ada)] == ["Rehearsal", "Rehearsal", "Concert", "Concert"]


async def test_a_series_that_was_changed_meanwhile_is_not_cut(ada: AsyncAccount) -> None:
    third = (await rehearsals(ada))[2]
    assert third.recurring_event_id is not None
    await ada.calendar.edit(third.recurring_event_id, summary="Practice")

    with pytest.raises(ChangedMeanwhile):
        await ada.calendar.edit(third, which="following", summary="Concert")

    assert [name for name, _ in await diary(ada)] == ["Practice"] * 4


async def test_a_refused_cut_leaves_nothing_of_the_new_series(sandbox: Sandbox, ada: AsyncAccount) -> None:
    third = (await rehearsals(ada))[2]
    sandbox.fault("calendar.events.patch", status=403, reason="forbidden")

    with pytest.raises(Exception, match="forbidden"):
        await ada.calendar.edit(third, which="following", summary="Concert")

    assert await diary(ada) == REHEARSALS


async def test_the_series_itself_has_nothing_that_follows(ada: AsyncAccount) -> None:
    first, *_ = await rehearsals(ada)
    assert first.recurring_event_id is not None

    with pytest.raises(InvalidRequest, match="which occurrence"):
        await ada.calendar.edit(first.recurring_event_id, which="following", summary="Concert")


@pytest.mark.parametrize(("which", "left"), [("this", [0, 2, 3]), ("following", [0]), ("all", [])])
async def test_deleting_goes_as_far_as_it_is_said(ada: AsyncAccount, which: str, left: list[int]) -> None:
    second = (await rehearsals(ada))[1]

    await ada.calendar.delete(second, which=which)

    assert await diary(ada) == [REHEARSALS[number] for number in left]


# Days, zones and clocks


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/London", date(2030, 3, 31)),
        ("America/New_York", date(2030, 3, 10)),
        ("Australia/Lord_Howe", date(2030, 4, 7)),
        ("Africa/Casablanca", date(2030, 2, 10)),
    ],
)
async def test_google_and_we_agree_on_the_week_in_which_clocks_change(
    ada: AsyncAccount, zone: str, change: date
) -> None:
    before = change - timedelta(days=3)
    start = datetime.combine(before, time(9), tzinfo=ZoneInfo(zone))
    daily = Recurrence.daily(count=7)

    series = await ada.calendar.add(summary="Stand-up", start=start, duration=HOUR, recurrence=daily)
    week = await ada.calendar.add(summary="Fair", start=before, end=before + timedelta(days=7))
    found = [each async for each in ada.calendar.instances(series)]

    assert [each.start for each in found] == list(daily.occurrences(start))
    assert {each.duration for each in found} == {HOUR}
    assert (week.start, week.end) == (before, before + timedelta(days=7))


async def test_an_occurrence_is_moved_across_the_change_of_clocks_and_keeps_its_time(ada: AsyncAccount) -> None:
    last = (await rehearsals(ada))[3]

    moved = await ada.calendar.edit(last, start=datetime(2030, 4, 1, 18, tzinfo=LONDON))

    assert moved.duration == HOUR
    assert (await diary(ada))[-1] == ("Rehearsal", "04-01 18:00")


async def test_days_repeat_as_days(ada: AsyncAccount) -> None:
    weekly = Recurrence.weekly(until=date(2030, 4, 14))
    series = await ada.calendar.add(summary="Market", start=date(2030, 3, 30), recurrence=weekly)
    found = [each async for each in ada.calendar.instances(series)]

    await ada.calendar.edit(found[1], which="following", duration=timedelta(days=2))

    left = [each async for each in ada.calendar.events(MONDAY, FAR)]
    assert [(each.start, each.end) for each in left] == [
        (date(2030, 3, 30), date(2030, 3, 31)),
        (date(2030, 4, 6), date(2030, 4, 8)),
        (date(2030, 4, 13), date(2030, 4, 15)),
    ]


# Other people


async def test_an_answer_is_ones_own_only(mailgrant: AsyncMailgrant, ada: AsyncAccount, person: Person) -> None:
    grace = await granted(mailgrant, person, GRACE)
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY, attendees=[GRACE, "alan@example.com"])
    assert lunch.id is not None

    await grace.calendar.respond(lunch.id, "accepted", comment="With pleasure")

    seen = {each.email: each for each in (await ada.calendar.get(lunch.id)).attendees}
    assert (seen[GRACE].response, seen[GRACE].comment) == (Response.ACCEPTED, "With pleasure")
    assert seen["alan@example.com"].response is Response.NEEDS_ACTION


async def test_an_answer_to_one_occurrence_leaves_the_others_open(
    mailgrant: AsyncMailgrant, ada: AsyncAccount, person: Person
) -> None:
    grace = await granted(mailgrant, person, GRACE)
    first, second, *_ = await rehearsals(ada, attendees=[GRACE])
    assert first.recurring_event_id is not None

    await grace.calendar.respond(second, "declined")
    after_one = [each async for each in grace.calendar.instances(first.recurring_event_id)]
    await grace.calendar.respond(first, "accepted", which="all")
    whole = await grace.calendar.get(first.recurring_event_id)

    assert [each.attendees[0].response for each in after_one[:2]] == [Response.NEEDS_ACTION, Response.DECLINED]
    assert whole.attendees[0].response is Response.ACCEPTED


async def test_who_is_not_invited_has_nothing_to_answer(ada: AsyncAccount) -> None:
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)

    with pytest.raises(InvalidRequest, match="not invited"):
        await ada.calendar.respond(lunch, "accepted")
    with pytest.raises(InvalidRequest, match="is none of"):
        await ada.calendar.respond(lunch, "perhaps")


async def test_busy_times_are_asked_for_and_the_first_gap_is_found(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, ada: AsyncAccount, person: Person
) -> None:
    grace = await granted(mailgrant, person, GRACE)
    nine = datetime(2030, 3, 4, 9, tzinfo=LONDON)
    await ada.calendar.add(summary="Ada's", start=nine, duration=HOUR)
    await grace.calendar.add(summary="Grace's", start=nine + 2 * HOUR, duration=HOUR)
    await share_free_busy(sandbox, grace, ADA)

    busy = await ada.calendar.free_busy([ADA, GRACE], nine - WEEK, nine + WEEK)
    free = await ada.calendar.first_free(
        [ADA, GRACE], 2 * HOUR, (nine, nine + WEEK), hours=WorkingHours(zone="Europe/London")
    )

    assert busy == {ADA: (Interval(nine, nine + HOUR),), GRACE: (Interval(nine + 2 * HOUR, nine + 3 * HOUR),)}
    assert free == Interval(nine + 3 * HOUR, nine + 5 * HOUR)


async def share_free_busy(sandbox: Sandbox, owner: AsyncAccount, reader: str) -> None:
    """Let `reader` see when `owner` is busy."""
    token = (await owner.token()).reveal()
    rule = {"role": "freeBusyReader", "scope": {"type": "user", "value": reader}}
    request = urllib.request.Request(
        f"{sandbox.url}/calendar/v3/calendars/primary/acl",
        data=json.dumps(rule).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


async def test_who_cannot_be_seen_is_not_taken_for_free(ada: AsyncAccount) -> None:
    with pytest.raises(NotFound, match=r"nobody@example\.com"):
        await ada.calendar.first_free([ADA, "nobody@example.com"], HOUR, (MONDAY, MONDAY + WEEK))


# Quickly, and elsewhere


async def test_a_sentence_becomes_an_event(ada: AsyncAccount) -> None:
    added = await ada.calendar.quick_add("Lunch with Grace tomorrow at noon")

    assert "Lunch" in added.summary
    with pytest.raises(InvalidRequest, match="nothing to add"):
        await ada.calendar.quick_add(" ")


# What changed


async def test_changes_come_after_a_cursor_that_can_be_stored(ada: AsyncAccount) -> None:
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)
    first = await ada.calendar.changes()
    dinner = await ada.calendar.add(summary="Dinner", start=MONDAY + HOUR)
    await ada.calendar.delete(lunch)

    second = await ada.calendar.changes(first.cursor)
    third = await ada.calendar.changes(second.cursor)

    assert [each.summary for each in first if isinstance(each, Event)] == ["Lunch"]
    assert {each.id: each.status for each in second if isinstance(each, Event)} == {
        dinner.id: EventStatus.CONFIRMED,
        lunch.id: EventStatus.CANCELLED,
    }
    assert (len(third), third.gap) == (0, None)


async def test_a_cursor_that_is_too_old_gives_a_gap_and_then_everything(sandbox: Sandbox, ada: AsyncAccount) -> None:
    await ada.calendar.add(summary="Lunch", start=MONDAY)
    old = (await ada.calendar.changes()).cursor
    sandbox.fault("calendar.events.list", status=410, reason="fullSyncRequired")

    found = await ada.calendar.changes(old)

    assert [type(each) for each in found] == [Gap, Event]
    assert found.gap == Gap(old, "fullSyncRequired")
    assert len(await ada.calendar.changes(found.cursor)) == 0


async def test_a_cursor_of_another_calendar_or_of_nothing_is_refused(ada: AsyncAccount) -> None:
    cursor = (await ada.calendar.changes()).cursor

    with pytest.raises(InvalidRequest, match="not of work"):
        await ada.calendar.changes(cursor, calendar="work")
    with pytest.raises(InvalidRequest, match="no cursor"):
        await ada.calendar.changes("CPDAlvWDx70CEPDAlvWDx70CGAU=")


async def test_a_calendar_is_watched_until_it_is_not(sandbox: Sandbox, ada: AsyncAccount) -> None:
    watch = await ada.calendar.watch("http://127.0.0.1:1/hook", lasting=timedelta(days=3))
    await ada.calendar.stop_watching(watch)

    with pytest.raises(NotFound):
        await ada.calendar.stop_watching(watch)

    assert timedelta(days=2) < watch.expires_at - sandbox.clock.now() <= timedelta(days=3)


async def test_whether_an_event_takes_time_and_who_sees_it_can_be_said_and_taken_back(ada: AsyncAccount) -> None:
    focus = await ada.calendar.add(
        summary="Focus", start=MONDAY, duration=HOUR, busy=False, visibility="private", color_id="5"
    )
    free = await ada.calendar.free_busy(ada.address, MONDAY, MONDAY + HOUR)

    plain = await ada.calendar.edit(focus, busy=True, visibility=None, color_id=None)

    assert (focus.busy, focus.visibility, focus.color_id) == (False, Visibility.PRIVATE, "5")
    assert focus.ical_uid
    assert focus.ical_uid == plain.ical_uid
    assert (plain.busy, plain.visibility, plain.color_id) == (True, Visibility.DEFAULT, None)
    busy = await ada.calendar.free_busy(ada.address, MONDAY, MONDAY + HOUR)
    assert [*map(len, free.values()), *map(len, busy.values())] == [0, 1]


async def test_the_following_ones_take_over_what_is_not_changed_of_how_they_show(ada: AsyncAccount) -> None:
    _, second, *_ = await rehearsals(ada, busy=False, visibility="private", color_id="5")

    new = await ada.calendar.edit(second, which="following", busy=True)

    assert (new.busy, new.visibility, new.color_id) == (True, Visibility.PRIVATE, "5")


async def test_a_misspelt_field_is_refused_with_the_one_that_is_meant(ada: AsyncAccount) -> None:
    focus = await ada.calendar.add(summary="Focus", start=MONDAY)

    with pytest.raises(InvalidRequest, match="colour is no field") as adding:
        await ada.calendar.add(summary="Focus", start=MONDAY, colour="5")
    with pytest.raises(InvalidRequest, match="sumary is no field") as editing:
        await ada.calendar.edit(focus, sumary="Rest")

    assert (adding.value.hint, editing.value.hint) == ("Did you mean color_id?", "Did you mean summary?")


async def test_two_years_can_be_asked_about_at_once(ada: AsyncAccount) -> None:
    years = timedelta(days=730)
    across = await ada.calendar.add(summary="Sail", start=MONDAY + timedelta(days=58), duration=timedelta(days=4))
    assert across.start is not None
    assert across.end is not None

    busy = await ada.calendar.free_busy(ada.address, MONDAY, MONDAY + years)
    free = await ada.calendar.first_free(ada.address, timedelta(days=100), (MONDAY, MONDAY + years))

    assert busy == {ada.address: (Interval(across.start, across.end),)}
    assert free == Interval(across.end, across.end + timedelta(days=100))
