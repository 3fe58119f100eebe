"""Every verb that asks Google says what it costs, what goes wrong, and where Google describes it."""

from __future__ import annotations

import inspect
import re

import pytest

from mailgrant._sync.calendar import BlockingCalendar
from mailgrant._sync.gmail import Gmail

VERBS = [
    (kind, name)
    for kind in (Gmail, BlockingCalendar)
    for name, _ in inspect.getmembers(kind)
    if not name.startswith("_")
]
# These look into the vault only.
ASK_NOBODY = {"cost", "unsettled"}
# What any method costs is for its caller to know.
ANY_METHOD = {"call"}
PAGE = re.compile(r"https://developers\.google\.com/workspace/(gmail|calendar)/api/\S+")
COST = re.compile(r"\b(units?|requests?|quota|costs?)\b", re.IGNORECASE)


@pytest.mark.parametrize(("kind", "name"), VERBS, ids=[f"{kind.__name__}.{name}" for kind, name in VERBS])
def test_a_verb_says_what_it_costs_and_names_googles_page(kind: type, name: str) -> None:
    said = inspect.getdoc(getattr(kind, name)) or ""

    assert said
    assert name in ASK_NOBODY or PAGE.search(said), f"{name} names no page of Google's"
    assert name in ASK_NOBODY | ANY_METHOD or COST.search(said), f"{name} does not say what it costs"


@pytest.mark.parametrize("kind", [Gmail, BlockingCalendar])
def test_what_any_verb_may_raise_is_said_once_for_all_of_them(kind: type) -> None:
    said = inspect.getdoc(kind) or ""

    assert [
        error for error in ("ConsentNeeded", "GoogleError", "NoAnswer", "OutcomeUnknown") if error not in said
    ] == []
