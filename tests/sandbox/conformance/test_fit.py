"""The judge of answers sees what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from .fit import misfits

EVENT = {"$ref": "Event"}
MESSAGE = {"$ref": "Message"}
FINE: dict[str, Any] = {"id": "1", "sequence": 2, "attendees": [{"email": "grace@example.com", "self": True}]}


def test_an_answer_of_its_schema_fits() -> None:
    assert list(misfits("calendar", EVENT, FINE)) == []


@pytest.mark.parametrize(
    ("api", "schema", "answer", "complaint"),
    [
        ("calendar", EVENT, [], "$ is list, not object"),
        ("calendar", EVENT, {"lunch": 1}, "$.lunch is not in the schema"),
        ("calendar", EVENT, {"summary": 1}, "$.summary is int, not string"),
        ("calendar", EVENT, {"summary": None}, "$.summary is NoneType, not string"),
        ("calendar", EVENT, {"sequence": True}, "$.sequence is bool, not integer"),
        ("calendar", EVENT, {"sequence": 2**31}, "$.sequence is 2147483648, which is no int32"),
        ("calendar", EVENT, {"attendees": [{"self": 1}]}, "$.attendees[0].self is int, not boolean"),
        ("calendar", EVENT, {"created": "2026-03-04T12:00:00"}, "$.created is '2026-03-04T12:00:00', which is no"),
        ("calendar", EVENT, {"start": {"date": "20260304"}}, "$.start.date is '20260304', which is no date"),
        ("calendar", EVENT, {"extendedProperties": {"private": {"a": 1}}}, "$.extendedProperties.private.a is int"),
        ("gmail", MESSAGE, {"historyId": "-1"}, "$.historyId is '-1', which is no uint64"),
        ("gmail", MESSAGE, {"raw": "a+b="}, "$.raw is 'a+b=', which is no byte"),
        ("gmail", MESSAGE, {"classificationLabelValues": [{"fields": 1}]}, "is int, not array"),
        ("gmail", {"$ref": "Label"}, {"type": "lunch"}, "$.type is 'lunch', none of system, user"),
    ],
)
def test_what_a_schema_does_not_say_is_a_misfit(api: str, schema: Any, answer: Any, complaint: str) -> None:
    found = list(misfits(api, schema, answer))

    assert len(found) == 1
    assert complaint in found[0]
