"""
Conferences: the Meet link of an event, on request.

Google makes one asynchronously and usually before it answers; here it is always there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailgrant.sandbox.diary import refusals

MEET = "hangoutsMeet"
MEET_ICON = (
    "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png"
)
SOLUTIONS = frozenset({"eventHangout", "eventNamedHangout", MEET, "addOn"})


def read_conference(
    given: Mapping[str, Any] | None, before: Mapping[str, Any] | None, meeting_code: Callable[[], str]
) -> dict[str, Any] | None:
    """
    Read `conferenceData`, making a new conference when one is asked for.

    A request with the id of the last one is the same request: it is not carried out again.
    """
    if not given:
        return None
    request = given.get("createRequest")
    if not request:
        return _read_ready(given)
    wanted = request.get("requestId")
    if not wanted:
        raise refusals.required("Missing conference request id.")
    if before and (before.get("createRequest") or {}).get("requestId") == wanted:
        return dict(before)
    # Who names none gets the calendar's usual kind, and every calendar here has one.
    kind = (request.get("conferenceSolutionKey") or {"type": MEET}).get("type")
    if kind != MEET:
        raise refusals.invalid("Invalid conference type value.")
    return _meet(wanted, meeting_code())


def meet_link(conference: Mapping[str, Any] | None) -> str | None:
    """Return the address of a Meet conference (an event's `hangoutLink`), None if it is none."""
    solution = ((conference or {}).get("conferenceSolution") or {}).get("key") or {}
    if solution.get("type") != MEET:
        return None
    entries = (conference or {}).get("entryPoints") or ()
    return next((entry.get("uri") for entry in entries if entry and entry.get("entryPointType") == "video"), None)


def _read_ready(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read a conference that exists elsewhere and is copied to this event."""
    key = ((given.get("conferenceSolution") or {}).get("key") or {}).get("type")
    if key not in SOLUTIONS or not given.get("entryPoints"):
        raise refusals.invalid("Invalid conference data.")
    return {name: value for name, value in given.items() if value is not None}


def _meet(request_id: str, code: str) -> dict[str, Any]:
    return {
        "createRequest": {
            "requestId": request_id,
            "conferenceSolutionKey": {"type": MEET},
            "status": {"statusCode": "success"},
        },
        "entryPoints": [
            {"entryPointType": "video", "uri": f"https://meet.google.com/{code}", "label": f"meet.google.com/{code}"}
        ],
        "conferenceSolution": {"key": {"type": MEET}, "name": "Google Meet", "iconUri": MEET_ICON},
        "conferenceId": code,
    }
