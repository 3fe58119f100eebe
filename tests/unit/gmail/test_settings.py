"""The settings of a mailbox are values, checked before anything travels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mailgrant.errors import InvalidRequest
from mailgrant.gmail import settings_calls
from mailgrant.gmail.settings import Disposition, Filter, Forwarding, SendAs, SizeIs, Vacation
from mailgrant.http import Request

Hold = Callable[..., tuple[Any, list[Request]]]

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        {"text": ""},
        {"text": "Away", "start": MARCH.replace(tzinfo=None)},
        {"text": "Away", "start": APRIL, "end": MARCH},
        {"text": "Away", "subject": "Away\r\nBcc: eve@example.com"},
    ],
    ids=["nothing to say", "no zone", "ends first", "two lines"],
)
def test_a_holiday_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Vacation(given.pop("text"), **given)


def test_a_holiday_comes_back_as_it_was_written() -> None:
    vacation = Vacation("Away", subject="Out", html="<p>Away", start=MARCH, end=APRIL, contacts_only=True)

    assert Vacation.from_json(vacation.to_json()) == vacation


def test_a_filter_comes_back_as_it_was_written() -> None:
    wanted = Filter("lunch", from_="grace", without="dinner", has_attachment=True, size=9, size_is=SizeIs.SMALLER,
                    add=frozenset({"Label_1"}), forward="grace@example.com")  # fmt: skip

    assert Filter.from_json({"id": None, **wanted.to_json()}) == wanted


@pytest.mark.parametrize(
    "value", [{}, {"criteria": 7, "action": []}, {"action": {"addLabelIds": [None, "x"]}}], ids=str
)
def test_a_strange_filter_still_reads(value: dict[str, Any]) -> None:
    assert Filter.from_json(value).query == ""


@pytest.mark.parametrize("value", [{}, {"startTime": "9" * 25}, {"responseSubject": "a\nb", "startTime": "x"}], ids=str)
def test_a_strange_holiday_still_reads(value: dict[str, Any]) -> None:
    found = Vacation.from_json(value)

    assert found is None or found.subject == "a b"


def test_forwarding_is_off_or_leads_somewhere() -> None:
    assert Forwarding.from_json({"enabled": False, "emailAddress": "grace@example.com"}) is None
    assert Forwarding("grace@example.com", disposition=Disposition.TRASH).to_json()["disposition"] == "trash"
    with pytest.raises(InvalidRequest):
        Forwarding("nobody").to_json()


def test_an_alias_is_found_by_any_spelling_and_must_be_verified(hold: Hold) -> None:
    listed = {"sendAs": [
        {"sendAsEmail": "team@example.com", "verificationStatus": "accepted", "signature": "The team"},
        {"sendAsEmail": "new@example.com", "verificationStatus": "pending"},
        {"sendAsEmail": "ada@example.com", "isPrimary": True, "isDefault": True},
    ]}  # fmt: skip

    found, _ = hold(settings_calls.alias("Team <TEAM@example.com>"), listed)
    everybody, _ = hold(settings_calls.send_as(), listed)

    assert found == SendAs("team@example.com", signature="The team")
    assert everybody[0].email == "ada@example.com"
    with pytest.raises(InvalidRequest, match="may not send as new@"):
        hold(settings_calls.alias("new@example.com"), listed)


def test_a_slip_in_a_filters_search_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="small letters"):
        Filter("from:ada or from:grace", add={"Lunch"}).to_json()
    with pytest.raises(InvalidRequest, match="no operator"):
        Filter("from:ada", without="form:grace", add={"Lunch"}).to_json()


def test_the_labels_of_a_filter_are_a_set() -> None:
    with pytest.raises(InvalidRequest, match="not 'Lunch'"):
        Filter("from:ada", add="Lunch")  # type: ignore[arg-type]
