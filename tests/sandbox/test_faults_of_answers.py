"""Faults that show in an answer: reads that lag behind, broken-off and ruined answers, too much of something."""

from __future__ import annotations

import http.client
import json
import time
from base64 import urlsafe_b64encode
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.control.faults import Effect, Rate
from mailgrant.sandbox.past import Changes

from .batching import answers, send
from .caller import Caller, body

MAIL = "https://mail.google.com/"
CALENDAR = "https://www.googleapis.com/auth/calendar"
LABELS = "/gmail/v1/users/me/labels"
MESSAGES = "/gmail/v1/users/me/messages"
EVENTS = "/calendar/v3/calendars/primary/events"
STALE = {"x-sandbox-fault": json.dumps({"stale": "5m"})}
EVENT = {
    "summary": "Lunch",
    "start": {"dateTime": "2026-03-05T12:00:00Z", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-05T13:00:00Z", "timeZone": "UTC"},
}


class Moments:
    """A monotonic clock that moves by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        monkeypatch.setattr("mailgrant.sandbox.past.time.monotonic", lambda: self.now)

    def pass_(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by.total_seconds()


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> Moments:
    """The clock by which reads lag behind."""
    return Moments(monkeypatch)


@pytest.fixture
def settled(moments: Moments, caller: Caller) -> Caller:
    """Somebody whose mailbox has been as it is for so long that no copy of it lags behind."""
    moments.pass_(timedelta(minutes=6))
    return caller.sign_in(MAIL, CALENDAR)


def stale(caller: Caller, target: str) -> Any:
    """Read from a copy that lags behind by five minutes."""
    return body(caller.request("GET", target, headers=STALE))


def send_mail(caller: Caller, subject: str = "News") -> dict[str, Any]:
    """Send a mail to Grace."""
    raw = f"To: grace@example.com\r\nSubject: {subject}\r\n\r\nHello".encode()
    sent: dict[str, Any] = body(caller.post(f"{MESSAGES}/send", {"raw": urlsafe_b64encode(raw).decode()}))
    return sent


def test_a_copy_that_lags_behind_does_not_know_what_was_just_sent(settled: Caller, moments: Moments) -> None:
    before = body(settled.get(f"{MESSAGES}?maxResults=500"))
    sent = send_mail(settled)

    assert stale(settled, f"{MESSAGES}?maxResults=500") == before
    assert settled.request("GET", f"{MESSAGES}/{sent['id']}", headers=STALE).status == 404
    assert settled.get(f"{MESSAGES}/{sent['id']}").status == 200
    moments.pass_(timedelta(minutes=6))
    assert stale(settled, f"{MESSAGES}/{sent['id']}")["id"] == sent["id"]


def test_a_search_on_a_copy_finds_neither_words_nor_message_ids_of_what_is_new(settled: Caller) -> None:
    sent = send_mail(settled, "unheard-of")
    headers = body(settled.get(f"{MESSAGES}/{sent['id']}?format=metadata&metadataHeaders=Message-Id"))["payload"][
        "headers"
    ]
    message_id = headers[0]["value"].strip("<>")

    for query in ("subject:unheard-of", f"rfc822msgid:{message_id}", "in:sent"):
        found = [message["id"] for message in stale(settled, f"{MESSAGES}?q={query}").get("messages", [])]
        assert sent["id"] not in found
        assert sent["id"] in str(body(settled.get(f"{MESSAGES}?q={query}")))


def test_a_copy_still_has_the_old_labels_counts_and_history(settled: Caller) -> None:
    message = body(settled.get(MESSAGES))["messages"][0]["id"]
    old = body(settled.get(f"{MESSAGES}/{message}?format=minimal"))
    profile, inbox = body(settled.get("/gmail/v1/users/me/profile")), body(settled.get(f"{LABELS}/STARRED"))
    settled.post(f"{MESSAGES}/{message}/modify", {"addLabelIds": ["STARRED"], "removeLabelIds": ["INBOX"]})

    assert stale(settled, f"{MESSAGES}/{message}?format=minimal") == old
    assert stale(settled, "/gmail/v1/users/me/profile") == profile
    assert stale(settled, f"{LABELS}/STARRED") == inbox
    history = stale(settled, f"/gmail/v1/users/me/history?startHistoryId={profile['historyId']}")
    assert "history" not in history


def test_a_copy_still_has_what_was_just_deleted(settled: Caller) -> None:
    message = body(settled.get(MESSAGES))["messages"][0]
    thread = body(settled.get(f"/gmail/v1/users/me/threads/{message['threadId']}?format=minimal"))
    settled.request("DELETE", f"{MESSAGES}/{message['id']}")

    assert settled.get(f"{MESSAGES}/{message['id']}").status == 404
    assert stale(settled, f"{MESSAGES}/{message['id']}")["id"] == message["id"]
    seen = stale(settled, f"/gmail/v1/users/me/threads/{message['threadId']}?format=minimal")
    assert seen["messages"] == thread["messages"]
    assert settled.get(f"{MESSAGES}/{message['id']}").status == 404, "looking back changes nothing"


def test_a_copy_still_has_the_draft_that_was_just_sent(settled: Caller, moments: Moments) -> None:
    raw = urlsafe_b64encode(b"To: grace@example.com\r\nSubject: Soon\r\n\r\nHello").decode()
    draft = body(settled.post("/gmail/v1/users/me/drafts", {"message": {"raw": raw}}))
    moments.pass_(timedelta(minutes=6))
    settled.post("/gmail/v1/users/me/drafts/send", {"id": draft["id"]})

    assert "drafts" not in body(settled.get("/gmail/v1/users/me/drafts"))
    assert [kept["id"] for kept in stale(settled, "/gmail/v1/users/me/drafts")["drafts"]] == [draft["id"]]
    assert stale(settled, f"/gmail/v1/users/me/drafts/{draft['id']}")["message"]["id"] == draft["message"]["id"]


def test_a_copy_of_a_calendar_lags_behind_too(settled: Caller, moments: Moments) -> None:
    kept = body(settled.post(EVENTS, EVENT | {"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}))
    moments.pass_(timedelta(minutes=6))
    before = body(settled.get(EVENTS))
    new = body(settled.post(EVENTS, EVENT))
    settled.request(
        "PATCH", f"{EVENTS}/{kept['id']}", body=b'{"summary": "Supper"}', headers={"content-type": "application/json"}
    )
    settled.request("DELETE", f"{EVENTS}/{kept['id']}_20260306T120000Z")

    seen = stale(settled, EVENTS)

    assert seen["items"] == before["items"]
    assert stale(settled, f"{EVENTS}/{kept['id']}/instances")["items"][1]["status"] == "confirmed"
    assert settled.request("GET", f"{EVENTS}/{new['id']}", headers=STALE).status == 404
    assert body(settled.get(f"{EVENTS}/{kept['id']}"))["summary"] == "Supper"


def test_a_write_is_never_stale(settled: Caller) -> None:
    made = settled.request(
        "POST", LABELS, body=b'{"name": "Lunch"}', headers={"content-type": "application/json", **STALE}
    )

    assert made.status == 200


def test_changes_are_remembered_for_ten_minutes(moments: Moments) -> None:
    changes: Changes[str] = Changes()
    changes.note("old")
    moments.pass_(timedelta(minutes=11))
    changes.note("new")

    assert list(changes.since(0)) == ["new"]


def test_a_lag_longer_than_the_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="10m at most"):
        Effect(stale=timedelta(minutes=11))


def test_a_truncated_answer_announces_more_than_it_brings(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    world.fault("gmail.users.labels.list", truncate=True)
    with (
        world.serve() as served,
        closing(http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=10)) as connection,
    ):
        connection.request("GET", LABELS, headers={"Authorization": f"Bearer {caller.token}"})
        with connection.getresponse() as answer, pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        announced = int(answer.headers["Content-Length"])

    assert len(caught.value.partial) == announced // 2


def test_a_truncated_write_has_been_done(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    world.fault("gmail.users.labels.create", truncate=True)

    with pytest.raises(ConnectionResetError):
        caller.post(LABELS, {"name": "Lunch"})

    assert "Lunch" in str(body(caller.get(LABELS)))


def test_a_corrupt_answer_is_as_long_as_the_whole_one_and_cannot_be_read(world: Sandbox, caller: Caller) -> None:
    whole = caller.sign_in(MAIL).get(LABELS).body
    world.fault("gmail.users.labels.list", corrupt=True)

    ruined = caller.get(LABELS).body

    assert len(ruined) == len(whole)
    with pytest.raises(ValueError):
        json.loads(ruined)


QUOTA = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
    "'gmail.googleapis.com' for consumer 'project_number:407408718192'."
)


@pytest.mark.parametrize(
    ("rate", "path", "refusal"),
    [
        (True, LABELS, (403, "rateLimitExceeded", "usageLimits", QUOTA)),
        ("minute", LABELS, (403, "rateLimitExceeded", "usageLimits", QUOTA)),
        ("concurrent", LABELS, (429, "rateLimitExceeded", "global", "Too many concurrent requests for user")),
        (
            "overload",
            LABELS,
            (429, "rateLimitExceeded", "global", "Resource has been exhausted (e.g. check quota)."),
        ),
        (
            "sending",
            LABELS,
            (
                429,
                "userRateLimitExceeded",
                "usageLimits",
                "User-rate limit exceeded.  Retry after 2026-03-04T12:15:00.000Z (Mail sending)",
            ),
        ),
        (True, EVENTS, (403, "userRateLimitExceeded", "usageLimits", "User Rate Limit Exceeded")),
        ("concurrent", EVENTS, (429, "rateLimitExceeded", "usageLimits", "Rate Limit Exceeded")),
        ("overload", EVENTS, (429, "rateLimitExceeded", "usageLimits", "Rate Limit Exceeded")),
        ("sending", EVENTS, (403, "quotaExceeded", "usageLimits", "Calendar usage limits exceeded.")),
    ],
)
def test_too_much_is_refused_in_the_words_of_its_api(
    world: Sandbox, caller: Caller, rate: Any, path: str, refusal: tuple[int, str, str, str]
) -> None:
    caller.sign_in(MAIL, CALENDAR)
    world.fault(path=path, rate=rate)

    said = body(caller.get(path))["error"]

    message = said["message"]
    if rate == "sending" and path == LABELS:
        message = f"{message[:56]}00.000Z{message[63:]}"
    assert (said["code"], said["errors"][0]["reason"], said["errors"][0]["domain"], message) == refusal


def test_too_many_refreshes_are_refused_in_oauths_shape(world: Sandbox, caller: Caller) -> None:
    world.fault("oauth2.token", rate=True)

    assert body(caller.refresh("1//0"))["error"] == "rate_limit_exceeded"


def test_a_rate_is_a_known_one() -> None:
    assert Effect.read({"rate": True}).rate is Rate.MINUTE
    for wrong in ("fast", 3, []):
        with pytest.raises(ValueError):
            Effect.read({"rate": wrong})


@pytest.mark.parametrize("effect", [{"status": 503}, {"rate": "concurrent"}], ids=str)
def test_a_part_of_a_batch_fails_alone(world: Sandbox, caller: Caller, effect: dict[str, Any]) -> None:
    caller.sign_in(MAIL)
    world.fault("gmail.users.labels.list", nth=2, **effect)

    statuses = [status for _, status, _ in answers(send(caller, *[f"GET {LABELS}"] * 3))]

    assert statuses == [200, 503 if "status" in effect else 429, 200]


@pytest.mark.parametrize("effect", [{"truncate": True}, {"corrupt": True}], ids=str)
def test_a_part_of_a_batch_may_come_ruined(world: Sandbox, caller: Caller, effect: dict[str, Any]) -> None:
    caller.sign_in(MAIL)
    world.fault("gmail.users.labels.list", nth=2, **effect)

    batch = send(caller, *[f"GET {LABELS}"] * 3).body.split(b"--batch_")

    readable = [b'"labels"' in part and part.rstrip().endswith(b"}") and b"\xff" not in part for part in batch[1:4]]
    assert readable == [True, False, True]


def test_a_part_of_a_batch_may_lag_behind(settled: Caller) -> None:
    sent = send_mail(settled)
    part = f"GET {MESSAGES}/{sent['id']}?format=minimal HTTP/1.1\nX-Sandbox-Fault: {json.dumps({'stale': '5m'})}"

    statuses = [status for _, status, _ in answers(send(settled, part, part.partition("\n")[0]))]

    assert statuses == [404, 200]


@pytest.mark.parametrize(("moment", "done"), [("before", 0), ("after", 2)])
def test_what_happens_to_the_connection_of_a_part_happens_to_the_batch(
    world: Sandbox, caller: Caller, moment: str, done: int
) -> None:
    caller.sign_in(MAIL)
    before = len(body(caller.get(LABELS))["labels"])
    world.fault("gmail.users.labels.create", nth=2, drop=moment)
    create = 'POST /gmail/v1/users/me/labels HTTP/1.1\nContent-Type: application/json\n\n{{"name": "{}"}}'

    with pytest.raises(ConnectionResetError):
        send(caller, create.format("One"), create.format("Two"))

    assert len(body(caller.get(LABELS))["labels"]) == before + done
    assert [entry.method for entry in world.requests].count("gmail.users.labels.create") == 2


def test_a_delay_of_a_part_holds_up_the_batch(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    world.fault("gmail.users.labels.list", delay="50ms")
    started = time.monotonic()

    assert send(caller, f"GET {LABELS}").status == 200
    assert time.monotonic() - started >= 0.05


def test_a_fault_for_the_batch_itself_is_for_none_of_its_parts(caller: Caller) -> None:
    caller.sign_in(MAIL)
    own = {"content-type": "multipart/mixed; boundary=x", "x-sandbox-fault": '{"status": 503}'}

    answer = caller.request("POST", "/batch/gmail/v1", body=b"--x\n\nGET /a\n--x--", headers=own)

    assert (answer.status, body(answer)["error"]["errors"][0]["reason"]) == (503, "backendError")
