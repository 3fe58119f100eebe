"""Messages and events become tables whose columns do not depend on what is in them."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailgrant import Event, Message, Thread
from mailgrant.adapters.pandas import EVENTS, MESSAGES, events_frame, messages_frame
from mailgrant.errors import InvalidRequest, MissingExtra
from mailgrant.gmail.address import Address

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))


def test_a_message_is_a_row() -> None:
    message = Message(
        "m1",
        thread_id="t1",
        label_ids=frozenset({"UNREAD", "INBOX"}),
        date=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        from_=Address("ada@example.com", name="Ada"),
        to=(Address("grace@example.com"),),
        subject="Minutes",
        text="Attached.",
        size=1200,
    )

    (row,) = messages_frame([message]).to_dict("records")

    assert row["id"] == "m1"
    assert row["date"] == message.date
    assert (row["from_name"], row["from_email"], row["to"]) == ("Ada", "ada@example.com", ("grace@example.com",))
    assert (row["labels"], row["unread"], row["size"]) == (("INBOX", "UNREAD"), True, 1200)


def test_what_a_message_lacks_is_missing_in_its_row() -> None:
    table = messages_frame([Message("m1"), Message("m2", size=5)])

    assert table["size"].isna().tolist() == [True, False]
    assert table["from_email"].tolist() == [None, None]


def test_an_event_is_a_row_in_utc_and_a_day_is_midnights() -> None:
    lunch = Event("Lunch", start=NOON, duration=timedelta(hours=1), attendees=["grace@example.com"])
    feast = Event("Feast", start=date(2026, 5, 1))

    first, second = events_frame(iter([lunch, feast])).to_dict("records")

    assert (first["start"], first["all_day"]) == (datetime(2026, 3, 29, 10, 0, tzinfo=UTC), False)
    assert (first["busy"], second["busy"]) == (True, True)
    assert (first["attendees"], first["status"]) == (("grace@example.com",), "confirmed")
    assert (second["start"], second["all_day"]) == (datetime(2026, 5, 1, tzinfo=UTC), True)
    assert second["end"] == datetime(2026, 5, 2, tzinfo=UTC)


def test_what_is_no_row_is_named() -> None:
    with pytest.raises(InvalidRequest, match="one Message, not one Thread"):
        messages_frame([Thread("t1")])  # type: ignore[list-item]
    with pytest.raises(InvalidRequest, match="one Event, not one str"):
        events_frame(["lunch"])  # type: ignore[list-item]


def test_tables_of_nothing_have_the_same_columns_and_types() -> None:
    empty, full = messages_frame([]), messages_frame([Message("m1")])

    assert list(empty.columns) == list(MESSAGES)
    assert empty.dtypes.tolist() == full.dtypes.tolist()
    assert list(events_frame([]).columns) == list(EVENTS)


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(MissingExtra) as caught:
        messages_frame([])

    assert "mailgrant[pandas]" in caught.value.hint
