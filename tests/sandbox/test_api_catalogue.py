"""
Every refusal of the two APIs that can occur, provoked once: status, reason, domain and text.

A table for Gmail, one for Calendar; where a text is not known whole, its beginning is compared.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import Answer

from .caller import Caller, body

Provoke: TypeAlias = Callable[[Caller], Answer]
Row: TypeAlias = tuple[str, Provoke, int, str, str, str]

MAIL = "https://mail.google.com/"
METADATA = "https://www.googleapis.com/auth/gmail.metadata"
SETTINGS = "https://www.googleapis.com/auth/gmail.settings.basic"
SHARING = "https://www.googleapis.com/auth/gmail.settings.sharing"
CALENDAR = "https://www.googleapis.com/auth/calendar"
ME = "/gmail/v1/users/me"
EVENTS = "/calendar/v3/calendars/primary/events"
TAIL = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
START, END = {"dateTime": "2026-03-05T12:00:00Z"}, {"dateTime": "2026-03-05T13:00:00Z"}


def as_(*scopes: str, then: Provoke, email: str = "ada@example.com") -> Provoke:
    """Call with a token of other scopes."""
    return lambda caller: then(caller.sign_in(*scopes, email=email))


def get(path: str) -> Provoke:
    """Read a path under the mailbox, or a whole one."""
    return lambda caller: caller.get(path if path.startswith("/") else f"{ME}/{path}")


def post(path: str, value: Any) -> Provoke:
    """Send JSON to a path under the mailbox, or a whole one."""
    return lambda caller: caller.post(path if path.startswith("/") else f"{ME}/{path}", value)


def send(mail: str, path: str = "messages/send") -> Provoke:
    """Send a mail, given as it is."""
    return post(path, {"raw": urlsafe_b64encode(mail.encode()).decode()})


def after(*deeds: Callable[[Caller], Any], then: Provoke) -> Provoke:
    """Do some things first."""

    def provoke(caller: Caller) -> Answer:
        for deed in deeds:
            deed(caller)
        return then(caller)

    return provoke


def without_token(path: str) -> Provoke:
    """Call without a token."""
    return lambda caller: Caller(caller.world).get(path)


def with_dead_token(path: str) -> Provoke:
    """Call with a token whose hour is over."""

    def provoke(caller: Caller) -> Answer:
        caller.world.expire_tokens()
        return caller.get(path)

    return provoke


def expect(caller: Caller, *fields: Any) -> None:
    """Have a control call succeed."""
    assert caller.control(*fields).status in {200, 201}


def modify(change: dict[str, Any]) -> Provoke:
    """Change the labels of the newest message."""

    def provoke(caller: Caller) -> Answer:
        message = body(caller.get(f"{ME}/messages"))["messages"][0]["id"]
        return caller.post(f"{ME}/messages/{message}/modify", change)

    return provoke


def get_newest(form: str) -> Provoke:
    """Read the newest message in a format."""

    def provoke(caller: Caller) -> Answer:
        newest = body(caller.get(f"{ME}/messages"))["messages"][0]["id"]
        return caller.get(f"{ME}/messages/{newest}?format={form}")

    return provoke


def get_thread_as_message(caller: Caller) -> Answer:
    """Read a thread that began with another message by messages.get, after its first message is gone."""
    newest = body(caller.get(f"{ME}/messages"))["messages"][0]["id"]
    caller.request("DELETE", f"{ME}/messages/{newest}")
    return caller.get(f"{ME}/messages/{newest}")


def add_alias(caller: Caller) -> Answer:
    """Add an alias of a foreign domain."""
    return caller.sign_in(SHARING, MAIL, SETTINGS).post(f"{ME}/settings/sendAs", {"sendAsEmail": "x@elsewhere.example"})


def watch_twice(caller: Caller) -> Answer:
    """Watch a mailbox with a second topic of the project."""
    topics = [f"projects/sandbox-{caller.client.project}/topics/{name}" for name in ("one", "two")]
    for topic in topics:
        expect(caller, "POST", "topics", {"topic": topic})
    caller.post(f"{ME}/watch", {"topicName": topics[0]})
    return caller.post(f"{ME}/watch", {"topicName": topics[1]})


def watch_unwritable(caller: Caller) -> Answer:
    """Watch with a topic that Gmail may not publish to."""
    topic = f"projects/sandbox-{caller.client.project}/topics/closed"
    expect(caller, "POST", "topics", {"topic": topic, "publisher": False})
    return caller.post(f"{ME}/watch", {"topicName": topic})


def without_mailbox(caller: Caller) -> Answer:
    """Call for somebody who never had a mailbox set up."""
    expect(caller, "POST", "accounts", {"email": "alan@example.com", "gmail": False})
    return caller.sign_in(MAIL, email="alan@example.com").get(f"{ME}/profile")


def disable_gmail(caller: Caller) -> None:
    """Switch Gmail off for the project."""
    expect(caller, "POST", f"projects/{caller.client.project}", {"disabled_apis": ["gmail", "calendar"]})


def disable_apps(caller: Caller) -> None:
    """Let no application in at example.com."""
    expect(caller, "POST", "policies", {"domain": "example.com", "disabled_apis": ["gmail"]})


def fault(path: str, **effect: Any) -> Provoke:
    """Call while something is broken."""

    def provoke(caller: Caller) -> Answer:
        caller.world.fault(**effect)
        return caller.get(path)

    return provoke


def upload_too_much(caller: Caller) -> Answer:
    """Upload a mail of more than 35 MB."""
    headers = {"content-type": "message/rfc822"}
    path = f"/upload{ME}/messages/send?uploadType=media"
    return caller.request("POST", path, body=b"x" * (36 << 20), headers=headers)


DISABLED = (
    "Gmail API has not been used in project 407408718192 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/gmail.googleapis.com/overview?project=407408718192 then retry. "
    "If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
)
QUOTA = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
    "'gmail.googleapis.com' for consumer 'project_number:407408718192'."
)
GMAIL_ROWS: list[Row] = [
    (
        "no credential",
        without_token(f"{ME}/profile"),
        401,
        "required",
        "global",
        f"Request is missing required authentication credential. {TAIL}",
    ),
    (
        "dead token",
        with_dead_token(f"{ME}/profile"),
        401,
        "authError",
        "global",
        f"Request had invalid authentication credentials. {TAIL}",
    ),
    (
        "missing scope",
        as_(CALENDAR, then=get("profile")),
        403,
        "insufficientPermissions",
        "global",
        "Request had insufficient authentication scopes.",
    ),
    ("API disabled", after(disable_gmail, then=get("profile")), 403, "accessNotConfigured", "usageLimits", DISABLED),
    (
        "administrator lets no application in",
        after(disable_apps, then=get("profile")),
        403,
        "domainPolicy",
        "global",
        "The domain administrators have disabled Gmail apps.",
    ),
    (
        "another mailbox",
        get("/gmail/v1/users/grace@example.com/profile"),
        403,
        "forbidden",
        "global",
        "Delegation denied for ada@example.com",
    ),
    ("no mailbox", without_mailbox, 400, "failedPrecondition", "global", "Mail service not enabled"),
    ("malformed id", get("messages/nope!"), 400, "invalidArgument", "global", "Invalid id value"),
    (
        "unknown id",
        get("messages/00000000000000aa"),
        404,
        "notFound",
        "global",
        "Requested entity was not found.",
    ),
    ("stale history", get("history?startHistoryId=1"), 404, "notFound", "global", "Requested entity was not found."),
    ("id of what is gone", get_thread_as_message, 404, "notFound", "global", "Requested entity was not found."),
    (
        "unknown label",
        modify({"addLabelIds": ["CHAT"]}),
        400,
        "invalidArgument",
        "global",
        "Invalid label: CHAT",
    ),
    ("reserved label name", post("labels", {"name": "INBOX"}), 400, "invalidArgument", "global", "Invalid label name"),
    (
        "label exists",
        after(post("labels", {"name": "Lunch"}), then=post("labels", {"name": "lunch"})),
        409,
        "aborted",
        "global",
        "Label name exists or conflicts",
    ),
    (
        "colour off the palette",
        post("labels", {"name": "Red", "color": {"textColor": "#123456", "backgroundColor": "#000000"}}),
        400,
        "invalidArgument",
        "global",
        "Label color #123456 is not on the allowed color palette",
    ),
    ("nothing to change", modify({}), 400, "invalidArgument", "global", "No label add or removes specified"),
    (
        "more than a thousand",
        post("messages/batchModify", {"ids": ["aa"] * 1001, "addLabelIds": ["STARRED"]}),
        400,
        "invalidArgument",
        "global",
        "Number of ids cannot exceed 1000",
    ),
    ("nobody to send to", send("Subject: x\r\n\r\nx"), 400, "invalidArgument", "global", "Recipient address required"),
    (
        "blank line first",
        send("\r\nTo: a@b.example\r\n\r\n"),
        400,
        "invalidArgument",
        "global",
        "Recipient address required",
    ),
    ("recipient unreadable", send("To: <<<\r\n\r\nx"), 400, "invalidArgument", "global", "Invalid To header"),
    (
        "carbon copy unreadable",
        send("To: a@b.example\r\nCc: @\r\n\r\nx"),
        400,
        "invalidArgument",
        "global",
        "Invalid Cc header",
    ),
    (
        "no start",
        get("history"),
        400,
        "invalidArgument",
        "global",
        "Missing/invalid parameter: startHistoryId",
    ),
    (
        "searching metadata",
        as_(METADATA, then=get("messages?q=x")),
        403,
        "forbidden",
        "global",
        "Metadata scope does not support 'q' parameter",
    ),
    (
        "metadata in full",
        as_(METADATA, then=get_newest("full")),
        403,
        "forbidden",
        "global",
        "Metadata scope doesn't allow format FULL",
    ),
    (
        "metadata raw",
        as_(METADATA, then=get_newest("raw")),
        403,
        "forbidden",
        "global",
        "Metadata scope doesn't allow format RAW",
    ),
    (
        "alias without a server",
        add_alias,
        400,
        "invalidArgument",
        "global",
        "Custom from requires smtpMsa configuration",
    ),
    (
        "topic not writable",
        watch_unwritable,
        403,
        "forbidden",
        "global",
        "Error sending test message to Cloud PubSub projects/sandbox-407408718192/topics/closed : "
        "User not authorized to perform this action.",
    ),
    (
        "topic of nobody",
        post("watch", {"topicName": "news"}),
        400,
        "invalidArgument",
        "global",
        "Invalid topicName does not match projects/",
    ),
    (
        "second topic",
        watch_twice,
        400,
        "invalidArgument",
        "global",
        "Only one user push notification client allowed per developer (call /stop then try again)",
    ),
    (
        "unknown field",
        post("labels", {"x": 1}),
        400,
        "badRequest",
        "global",
        'Invalid JSON payload received. Unknown name "x"',
    ),
    (
        "unknown parameter",
        get("profile?x=1"),
        400,
        "badRequest",
        "global",
        'Invalid JSON payload received. Unknown name "x"',
    ),
    ("too large", upload_too_much, 413, "uploadTooLarge", "global", "Request payload size exceeds the limit"),
    ("broken", fault(f"{ME}/profile", status=500), 500, "backendError", "global", "Internal error encountered."),
    (
        "unavailable",
        fault(f"{ME}/profile", status=503),
        503,
        "backendError",
        "global",
        "The service is currently unavailable.",
    ),
    ("too much in a minute", fault(f"{ME}/profile", rate=True), 403, "rateLimitExceeded", "usageLimits", QUOTA),
    (
        "older words for it",
        fault(f"{ME}/profile", status=403, reason="userRateLimitExceeded", message="User Rate Limit Exceeded"),
        403,
        "userRateLimitExceeded",
        "usageLimits",
        "User Rate Limit Exceeded",
    ),
    (
        "the project's rate",
        fault(f"{ME}/profile", status=403),
        403,
        "rateLimitExceeded",
        "usageLimits",
        "Rate Limit Exceeded",
    ),
    (
        "the day's cap",
        fault(f"{ME}/profile", status=403, reason="dailyLimitExceeded", message="Daily Limit Exceeded"),
        403,
        "dailyLimitExceeded",
        "usageLimits",
        "Daily Limit Exceeded",
    ),
    (
        "too many at once",
        fault(f"{ME}/profile", rate="concurrent"),
        429,
        "rateLimitExceeded",
        "global",
        "Too many concurrent requests for user",
    ),
    (
        "overload",
        fault(f"{ME}/profile", status=429),
        429,
        "rateLimitExceeded",
        "global",
        "Resource has been exhausted (e.g. check quota).",
    ),
    (
        "too much sent",
        fault(f"{ME}/profile", rate="sending"),
        429,
        "userRateLimitExceeded",
        "usageLimits",
        "User-rate limit exceeded.  Retry after 2026-03-04T12:15:0",
    ),
]


def insert(**fields: Any) -> Provoke:
    """Add an event; a field that is None is left out."""
    event = {"summary": "Lunch", "start": START, "end": END} | fields
    return post(EVENTS, {name: value for name, value in event.items() if value is not None})


def change_event(verb: str, *, twice: bool = False, **headers: str) -> Provoke:
    """Add an event and do something to it."""

    def provoke(caller: Caller) -> Answer:
        event = body(caller.post(EVENTS, {"summary": "Lunch", "start": START, "end": END}))
        sent = {"content-type": "application/json", **headers}
        for _ in range(1 + twice):
            answer = caller.request(
                verb, f"{EVENTS}/{event['id']}", body=b"{}" if verb == "PATCH" else b"", headers=sent
            )
        return answer

    return provoke


def change_as_guest(caller: Caller) -> Answer:
    """Change what belongs to everybody in a meeting one is only invited to."""
    guests = [{"email": "grace@example.com"}]
    event = body(caller.post(EVENTS, {"summary": "Lunch", "start": START, "end": END, "attendees": guests}))
    caller.sign_in(CALENDAR, email="grace@example.com")
    headers = {"content-type": "application/json"}
    shared = json.dumps({"extendedProperties": {"shared": {"a": "b"}}}).encode()
    return caller.request("PATCH", f"{EVENTS}/{event['id']}", body=shared, headers=headers)


def invite_as_robot(caller: Caller) -> Answer:
    """Invite somebody as a service account in its own name."""
    world = caller.world
    account = world.service_accounts.default
    world.people.add(account.email, robot_id=account.client_id, gmail=False)
    caller.token = world.tokens.issue_access(account, account.email, frozenset({CALENDAR}), offline=False).text
    return insert(attendees=[{"email": "ada@example.com"}])(caller)


def write_as_reader(caller: Caller) -> Answer:
    """Write into a calendar that may only be read."""
    rule = {"role": "reader", "scope": {"type": "user", "value": "grace@example.com"}}
    caller.post("/calendar/v3/calendars/primary/acl", rule)
    caller.sign_in(CALENDAR, email="grace@example.com")
    return caller.post("/calendar/v3/calendars/ada@example.com/events", {"start": START, "end": END})


def open_channel(caller: Caller, address: str = "https://127.0.0.1:1/hook") -> Answer:
    """Watch the calendar."""
    return caller.post(f"{EVENTS}/watch", {"id": "channel-1", "type": "web_hook", "address": address})


LATE = {"dateTime": "2026-03-05T11:00:00Z"}
CALENDAR_ROWS: list[Row] = [
    (
        "nothing in range",
        get(f"{EVENTS}?timeMin=2026-03-05T00:00:00Z&timeMax=2026-03-04T00:00:00Z"),
        400,
        "timeRangeEmpty",
        "calendar",
        "The specified time range is empty.",
    ),
    (
        "ends before it starts",
        insert(end=LATE),
        400,
        "timeRangeEmpty",
        "calendar",
        "The specified time range is empty.",
    ),
    (
        "ordering",
        get(f"{EVENTS}?orderBy=startTime"),
        400,
        "invalid",
        "global",
        "The requested ordering is not available for the particular query.",
    ),
    ("time without offset", get(f"{EVENTS}?timeMin=2026-03-05T00:00:00"), 400, "badRequest", "global", "Bad Request"),
    ("date that is none", insert(start={"dateTime": "noon"}), 400, "badRequest", "global", "Bad Request"),
    (
        "series without a zone",
        insert(recurrence=["RRULE:FREQ=DAILY"]),
        400,
        "required",
        "global",
        "Missing time zone definition for start time.",
    ),
    ("no end", insert(end=None), 400, "required", "global", "Missing end time."),
    ("strange start", insert(start={**START, "date": "2026-03-05"}), 400, "invalid", "global", "Invalid start time."),
    (
        "strange zone",
        insert(start={**START, "timeZone": "Mars/Olympus"}),
        400,
        "invalid",
        "global",
        "Invalid time zone definition for start time.",
    ),
    (
        "strange rule",
        insert(start={**START, "timeZone": "UTC"}, end={**END, "timeZone": "UTC"}, recurrence=["RRULE:FREQ=SOMETIMES"]),
        400,
        "invalid",
        "global",
        "Invalid recurrence rule.",
    ),
    ("strange id", insert(id="NO!"), 400, "invalid", "global", "Invalid resource id value."),
    ("strange guest", insert(attendees=[{"email": "x"}]), 400, "invalid", "global", "Invalid attendee email."),
    (
        "sync with a filter",
        lambda c: c.get(f"{EVENTS}?q=x&syncToken={body(c.get(EVENTS))['nextSyncToken']}"),
        400,
        "invalid",
        "global",
        "Sync token cannot be used with",
    ),
    (
        "webhook in the clear",
        lambda c: open_channel(c, "http://app.example.com/hook"),
        400,
        "push.webhookUrlNotHttps",
        "global",
        "WebHook callback must be HTTPS: http://app.example.com/hook",
    ),
    (
        "channel twice",
        after(open_channel, then=open_channel),
        400,
        "channelIdNotUnique",
        "global",
        "Channel id channel-1 not unique",
    ),
    ("dead token", with_dead_token(EVENTS), 401, "authError", "global", "Invalid Credentials"),
    (
        "too much of a person",
        fault(EVENTS, rate=True),
        403,
        "userRateLimitExceeded",
        "usageLimits",
        "User Rate Limit Exceeded",
    ),
    (
        "too much of a project",
        fault(EVENTS, status=403),
        403,
        "rateLimitExceeded",
        "usageLimits",
        "Rate Limit Exceeded",
    ),
    (
        "looks like abuse",
        fault(EVENTS, rate="sending"),
        403,
        "quotaExceeded",
        "usageLimits",
        "Calendar usage limits exceeded.",
    ),
    (
        "a guest's hands",
        change_as_guest,
        403,
        "forbiddenForNonOrganizer",
        "calendar",
        "Shared properties can only be changed by the organizer of the event.",
    ),
    (
        "a robot's invitation",
        invite_as_robot,
        403,
        "forbiddenForServiceAccounts",
        "calendar",
        "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.",
    ),
    (
        "a reader's hands",
        write_as_reader,
        403,
        "requiredAccessLevel",
        "calendar",
        "You need to have writer access to this calendar.",
    ),
    (
        "missing scope",
        as_(MAIL, then=get(EVENTS)),
        403,
        "insufficientPermissions",
        "global",
        "Request had insufficient authentication scopes.",
    ),
    (
        "API disabled",
        after(disable_gmail, then=get(EVENTS)),
        403,
        "accessNotConfigured",
        "usageLimits",
        DISABLED.replace("Gmail API", "Google Calendar API").replace("gmail.google", "calendar-json.google"),
    ),
    ("unknown event", get(f"{EVENTS}/unknown"), 404, "notFound", "global", "Not Found"),
    (
        "calendar one may not see",
        get("/calendar/v3/calendars/grace@example.com/events"),
        404,
        "notFound",
        "global",
        "Not Found",
    ),
    (
        "id taken",
        after(insert(id="abcde"), then=insert(id="abcde")),
        409,
        "duplicate",
        "global",
        "The requested identifier already exists.",
    ),
    ("parts in conflict", fault(EVENTS, status=409), 409, "conflict", "global", "Conflict"),
    (
        "sync token void",
        get(f"{EVENTS}?syncToken=old"),
        410,
        "fullSyncRequired",
        "calendar",
        "Sync token is no longer valid, a full sync is required.",
    ),
    (
        "too far back",
        get(f"{EVENTS}?updatedMin=2020-01-01T00:00:00Z"),
        410,
        "updatedMinTooLongAgo",
        "calendar",
        "The requested minimum modification time lies too far in the past.",
    ),
    ("deleted twice", change_event("DELETE", twice=True), 410, "deleted", "global", "Resource has been deleted"),
    (
        "changed meanwhile",
        change_event("PATCH", **{"if-match": '"old"'}),
        412,
        "conditionNotMet",
        "global",
        "Precondition Failed",
    ),
    (
        "too many requests",
        fault(EVENTS, status=429, message="Rate Limit Exceeded"),
        429,
        "rateLimitExceeded",
        "usageLimits",
        "Rate Limit Exceeded",
    ),
    ("broken", fault(EVENTS, status=500, message="Backend Error"), 500, "backendError", "global", "Backend Error"),
]


@pytest.fixture
def caller(world: Sandbox) -> Caller:
    """Ada's program, which may do everything."""
    return Caller(world).sign_in(MAIL, CALENDAR)


def rows(table: list[Row]) -> pytest.MarkDecorator:
    """Return the parameters that a table makes."""
    return pytest.mark.parametrize(
        ("provoke", "status", "reason", "domain", "text"), [row[1:] for row in table], ids=[row[0] for row in table]
    )


@rows(GMAIL_ROWS)
def test_gmail_refuses_in_its_own_words(
    caller: Caller, provoke: Provoke, status: int, reason: str, domain: str, text: str
) -> None:
    answer = provoke(caller)

    said = body(answer)["error"]
    assert (answer.status, said["code"], said["errors"][0]["reason"]) == (status, status, reason)
    assert said["errors"][0]["domain"] == domain
    assert said["message"].startswith(text)
    assert said["status"]


@rows(CALENDAR_ROWS)
def test_calendar_refuses_in_its_own_words(
    caller: Caller, provoke: Provoke, status: int, reason: str, domain: str, text: str
) -> None:
    answer = provoke(caller)

    said = body(answer)["error"]
    assert (answer.status, said["code"], said["errors"][0]["reason"]) == (status, status, reason)
    assert said["errors"][0]["domain"] == domain
    assert said["message"].startswith(text)


def test_an_api_that_is_switched_off_says_where_to_switch_it_on(caller: Caller) -> None:
    disable_gmail(caller)

    said = body(caller.get(f"{ME}/profile"))["error"]
    help_, info = said["details"]

    assert said["errors"][0]["extendedHelp"] == "https://console.developers.google.com"
    assert help_["@type"] == "type.googleapis.com/google.rpc.Help"
    assert (info["reason"], info["domain"]) == ("SERVICE_DISABLED", "googleapis.com")
    assert info["metadata"]["consumer"] == "projects/407408718192"
    assert info["metadata"]["activationUrl"] in said["message"]


@pytest.mark.parametrize(
    ("provoke", "header"),
    [
        (without_token(f"{ME}/profile"), 'Bearer realm="https://accounts.google.com/"'),
        (with_dead_token(f"{ME}/profile"), 'Bearer realm="https://accounts.google.com/", error="invalid_token"'),
    ],
)
def test_a_refused_credential_names_the_realm(caller: Caller, provoke: Provoke, header: str) -> None:
    assert provoke(caller).header("WWW-Authenticate") == header


def test_what_leads_nowhere_is_a_page_and_no_json(caller: Caller) -> None:
    for verb, path in (("GET", "/gmail/v1/nowhere"), ("PUT", f"{ME}/profile")):
        answer = caller.request(verb, path)
        assert (answer.status, (answer.header("Content-Type") or "")[:9]) == (404, "text/html")
