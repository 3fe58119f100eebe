"""What every API call goes through before its handler: token, scope, parameters, body, mask."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.api import Api
from mailgrant.sandbox.frame.doors import Doors
from mailgrant.sandbox.frame.wire import Answer, ApiCall, Handler, HttpRequest

from .caller import Caller, body

MAIL = "https://mail.google.com/"
CALENDAR = "https://www.googleapis.com/auth/calendar"
SEND = "https://www.googleapis.com/auth/gmail.send"
LIST = "/gmail/v1/users/me/messages"
EVENTS = "/calendar/v3/calendars/primary/events"
UPLOAD = "/upload/gmail/v1/users/me/messages/send"

Play = Callable[[dict[str, Handler]], Caller]


@pytest.fixture
def calls() -> list[ApiCall]:
    """The calls that reached a handler."""
    return []


@pytest.fixture
def play(world: Sandbox, caller: Caller) -> Play:
    """Put handlers of the test's own behind the frame, and hold a token for everything."""

    def put(handlers: dict[str, Handler]) -> Caller:
        world._doors = Doors(world, Api(world, handlers))
        return caller.sign_in(MAIL, CALENDAR)

    return put


@pytest.fixture
def echo(play: Play, calls: list[ApiCall]) -> Caller:
    """A caller whose calls are written down and answered with nothing much."""

    def answer(call: ApiCall) -> dict[str, Any]:
        calls.append(call)
        return {}

    methods = (
        "gmail.users.messages.list",
        "gmail.users.messages.send",
        "gmail.users.messages.modify",
        "gmail.users.drafts.create",
        "calendar.events.list",
        "calendar.events.patch",
    )
    return play(dict.fromkeys(methods, answer))


def refusal(answer: Answer) -> tuple[int, str, str]:
    """Return status, reason and message of an API's refusal."""
    said = body(answer)["error"]
    assert said["code"] == answer.status
    return answer.status, said["errors"][0]["reason"], said["message"]


def test_a_call_without_a_token_is_told_to_log_in(caller: Caller) -> None:
    answer = caller.get(LIST)
    said = body(answer)["error"]

    assert answer.status == 401
    assert said["errors"][0] == {
        "message": "Login Required.",
        "domain": "global",
        "reason": "required",
        "location": "Authorization",
        "locationType": "header",
    }
    assert said["status"] == "UNAUTHENTICATED"
    assert said["details"][0]["reason"] == "CREDENTIALS_MISSING"
    assert answer.header("WWW-Authenticate") == 'Bearer realm="https://accounts.google.com/"'


def test_a_token_nobody_issued_is_refused_in_each_apis_dialect(caller: Caller) -> None:
    caller.token = "ya29.made-up"

    gmail, calendar = caller.get(LIST), caller.get(EVENTS)

    assert refusal(gmail)[2].startswith("Request had invalid authentication credentials.")
    assert body(gmail)["error"]["status"] == "UNAUTHENTICATED"
    assert refusal(calendar) == (401, "authError", "Invalid Credentials")
    assert "status" not in body(calendar)["error"]
    assert gmail.header("WWW-Authenticate") == 'Bearer realm="https://accounts.google.com/", error="invalid_token"'


def test_a_token_without_the_methods_scope_is_refused_and_told_which_would_do(caller: Caller) -> None:
    answer = caller.sign_in(SEND).get(LIST)
    said = body(answer)["error"]

    assert refusal(answer) == (403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    assert said["errors"][0]["message"] == "Insufficient Permission"
    assert said["details"][0] == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "gmail.googleapis.com", "method": "caribou.api.proto.MailboxService.ListMessages"},
    }
    challenge = answer.header("WWW-Authenticate") or ""
    assert 'error="insufficient_scope", scope="https://mail.google.com/ ' in challenge


def test_calendar_says_status_and_details_only_where_the_shared_front_end_speaks(caller: Caller) -> None:
    said = body(caller.sign_in(SEND).get(EVENTS))["error"]

    assert (said["status"], said["details"][0]["metadata"]["method"]) == (
        "PERMISSION_DENIED",
        "calendar.v3.events.list",
    )


def test_the_token_may_travel_in_the_query(echo: Caller, calls: list[ApiCall]) -> None:
    token, echo.token = echo.token, None

    assert echo.get(f"{LIST}?access_token={token}").status == 200
    assert calls[0].person.email == "ada@example.com"


def test_another_persons_mailbox_is_denied_and_ones_own_address_is_me(echo: Caller) -> None:
    assert refusal(echo.get("/gmail/v1/users/grace%40example.com/messages")) == (
        403,
        "forbidden",
        "Delegation denied for ada@example.com",
    )
    assert echo.get("/gmail/v1/users/Ada%40Example.com/messages").status == 200


def test_parameters_arrive_converted_and_absent_ones_are_absent(echo: Caller, calls: list[ApiCall]) -> None:
    echo.get(f"{LIST}?maxResults=5&labelIds=INBOX&labelIds=UNREAD&includeSpamTrash=true&q=&alt=json")

    assert calls[0].params == {
        "userId": "me",
        "maxResults": 5,
        "labelIds": ["INBOX", "UNREAD"],
        "includeSpamTrash": True,
        "q": "",
        "alt": "json",
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "foo=1",
            'Invalid JSON payload received. Unknown name "foo": Cannot bind query parameter. '
            "Field 'foo' could not be found in request message.",
        ),
        ("maxResults=many", "Invalid value at 'max_results' (TYPE_UINT32), \"many\""),
        ("maxResults=-1", "Invalid value at 'max_results' (TYPE_UINT32), \"-1\""),
        ("includeSpamTrash=perhaps", "Invalid value at 'include_spam_trash' (TYPE_BOOL), \"perhaps\""),
    ],
)
def test_gmail_refuses_parameters_it_cannot_read(echo: Caller, query: str, message: str) -> None:
    answer = echo.get(f"{LIST}?{query}")

    assert refusal(answer) == (400, "badRequest", message)
    assert body(answer)["error"]["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"


def test_calendar_ignores_parameters_it_does_not_know(echo: Caller, calls: list[ApiCall]) -> None:
    assert echo.get(f"{EVENTS}?foo=1&singleEvents=TRUE").status == 200
    assert calls[0].params == {"calendarId": "primary", "singleEvents": True}


@pytest.mark.parametrize(
    ("query", "reason", "message"),
    [
        ("orderBy=color", "invalidParameter", "Invalid string value: 'color'. Allowed values: [startTime, updated]"),
        ("maxResults=x", "invalidParameter", "Invalid integer value: 'x'."),
        (
            "maxResults=0",
            "invalidParameter",
            "Invalid value '0'. Values must be within the range: [1, 2147483647]",
        ),
        ("timeMin=2026-03-04T12:00:00", "badRequest", "Bad Request"),
    ],
)
def test_calendar_refuses_values_it_cannot_read(echo: Caller, query: str, reason: str, message: str) -> None:
    assert refusal(echo.get(f"{EVENTS}?{query}")) == (400, reason, message)


def test_an_encoded_slash_or_hash_stays_inside_its_segment(echo: Caller, calls: list[ApiCall]) -> None:
    echo.get("/calendar/v3/calendars/en.usa%23holiday%40group/events")
    echo.get("/calendar/v3/calendars/a%2Fb/events")

    assert [call.params["calendarId"] for call in calls] == ["en.usa#holiday@group", "a/b"]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"row": "aGk="}, "Invalid JSON payload received. Unknown name \"row\" at 'message': Cannot find field."),
        ({"raw": "a$"}, "Invalid value at 'message.raw' (TYPE_BYTES), \"a$\""),
        ({"raw": 5}, "Invalid value at 'message.raw' (TYPE_BYTES), 5"),
        ({"labelIds": "INBOX"}, "Invalid value at 'message.label_ids' (TYPE_STRING), \"INBOX\""),
        (
            {"threadId": ["a"]},
            "Invalid JSON payload received. Unknown name \"thread_id\" at 'message': "
            "Proto field is not repeating, cannot start list.",
        ),
        ({"payload": {"body": {"size": "big"}}}, "Invalid value at 'message.payload.body.size' (TYPE_INT32), \"big\""),
    ],
    ids=["unknown", "base64", "type", "not a list", "a list", "deep"],
)
def test_gmail_refuses_bodies_its_schema_does_not_allow(echo: Caller, sent: Any, message: str) -> None:
    assert refusal(echo.post(f"{LIST}/send", sent)) == (400, "badRequest", message)


def test_gmail_refuses_a_body_that_is_no_json(echo: Caller) -> None:
    refused = echo.request("POST", f"{LIST}/send", body=b"{raw}")

    assert refusal(refused)[2].startswith("Invalid JSON payload received.")


def test_gmail_reads_null_as_absent_and_64_bit_numbers_as_text(echo: Caller, calls: list[ApiCall]) -> None:
    echo.post(f"{LIST}/send", {"raw": "aGk", "threadId": None, "historyId": 12})

    assert calls[0].body == {"raw": "aGk", "historyId": "12"}


def test_calendar_drops_what_it_does_not_know_and_keeps_null(echo: Caller, calls: list[ApiCall]) -> None:
    sent = {"summary": "Lunch", "mood": "good", "location": None, "attendees": [{"email": "g@example.com", "x": 1}]}

    echo.request("PATCH", f"{EVENTS}/e1", body=json.dumps(sent).encode())

    assert calls[0].body == {"summary": "Lunch", "location": None, "attendees": [{"email": "g@example.com"}]}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(b"{", "parseError"), (b"[]", "parseError"), (b'{"start": "now"}', "invalid"), (b'{"summary": {}}', "invalid")],
)
def test_calendar_refuses_bodies_it_cannot_read(echo: Caller, sent: bytes, reason: str) -> None:
    assert refusal(echo.request("PATCH", f"{EVENTS}/e1", body=sent))[:2] == (400, reason)


def test_a_mail_may_be_uploaded_as_it_is(echo: Caller, calls: list[ApiCall]) -> None:
    mail = b"To: grace@example.com\r\n\r\nHello"

    echo.request("POST", f"{UPLOAD}?uploadType=media", body=mail, headers={"content-type": "message/rfc822"})

    assert calls[0].media is not None
    assert (calls[0].media.content_type, calls[0].media.content) == ("message/rfc822", mail)
    assert calls[0].body == {}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_multipart_upload_is_read_with_either_line_end(echo: Caller, calls: list[ApiCall], end: bytes) -> None:
    mail = b"To: grace@example.com\n\n--===7 is no boundary here\n"
    lines = [
        b"--===7==",
        b"Content-Type: application/json",
        b"MIME-Version: 1.0",
        b"",
        b'{"threadId": "18c"}',
        b"--===7==",
        b"Content-Type: message/rfc822",
        b"Content-Transfer-Encoding: binary",
        b"",
        mail,
        b"--===7==--",
        b"",
    ]
    headers = {"content-type": 'multipart/related; boundary="===7=="'}

    echo.request("POST", f"{UPLOAD}?uploadType=multipart", body=end.join(lines), headers=headers)

    assert calls[0].body == {"threadId": "18c"}
    assert calls[0].media is not None
    assert calls[0].media.content == mail


def test_uploads_are_refused_by_kind_and_by_size(echo: Caller) -> None:
    picture = echo.request("POST", UPLOAD, body=b"x", headers={"content-type": "image/png"})
    heavy = echo.request("POST", UPLOAD, body=bytes(36_700_161), headers={"content-type": "message/rfc822"})
    json_heavy = echo.request("POST", f"{LIST}/send", body=b" " * 8_000_000)

    assert refusal(picture)[0] == 400
    assert refusal(heavy)[0] == refusal(json_heavy)[0] == 413


def test_a_method_google_has_and_the_sandbox_has_not_says_so(play: Play) -> None:
    answer = play({}).get(LIST)

    assert answer.status == 501
    assert "does not play gmail.users.messages.list yet" in body(answer)["error"]["message"]


@pytest.mark.parametrize(("verb", "path"), [("GET", "/gmail/v1/nothing"), ("PUT", LIST), ("GET", "/batch")])
def test_a_path_or_verb_that_leads_nowhere_is_an_html_404(caller: Caller, verb: str, path: str) -> None:
    answer = caller.request(verb, path)

    assert (answer.status, answer.header("Content-Type")) == (404, "text/html; charset=UTF-8")


def test_a_get_too_long_for_an_address_comes_as_a_posted_form(echo: Caller, calls: list[ApiCall]) -> None:
    echo.form(LIST, {"q": "from:grace@example.com", "maxResults": "3"}, **{"x-http-method-override": "GET"})

    assert (calls[0].params["q"], calls[0].params["maxResults"]) == ("from:grace@example.com", 3)


def test_patch_may_come_as_post(echo: Caller, calls: list[ApiCall]) -> None:
    echo.request("POST", f"{EVENTS}/e1", body=b"{}", headers={"x-http-method-override": "PATCH"})

    assert calls[0].method.id == "calendar.events.patch"


def test_answers_are_indented_unless_asked_otherwise(play: Play) -> None:
    caller = play({"gmail.users.messages.list": lambda _: {"resultSizeEstimate": 0}})

    assert caller.get(LIST).body == b'{\n  "resultSizeEstimate": 0\n}\n'
    assert caller.get(f"{LIST}?prettyPrint=false").body == b'{"resultSizeEstimate":0}'


def test_a_handler_may_answer_with_json_already_written_or_with_nothing(play: Play) -> None:
    caller = play({"gmail.users.messages.list": lambda _: b'{"a": 1}', "gmail.users.labels.delete": lambda _: None})

    assert caller.get(LIST).body == b'{"a": 1}'
    gone = caller.request("DELETE", "/gmail/v1/users/me/labels/Label_1")
    assert (gone.status, gone.body) == (204, b"")


def test_gzip_needs_the_word_in_the_user_agent_too(play: Play) -> None:
    caller = play({"gmail.users.messages.list": lambda _: {"nextPageToken": "x" * 1000}})

    plain = caller.get(LIST, **{"accept-encoding": "gzip"})
    zipped = caller.get(LIST, **{"accept-encoding": "gzip, deflate", "user-agent": "x (gzip)"})

    assert plain.header("Content-Encoding") is None
    assert zipped.header("Content-Encoding") == "gzip"
    assert gzip.decompress(zipped.body) == plain.body


def test_a_handler_that_breaks_is_googles_internal_error(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: ApiCall) -> dict[str, Any]:
        raise KeyError("oops")

    answer = play({"gmail.users.messages.list": broken}).get(LIST)

    assert refusal(answer) == (500, "backendError", "Internal error encountered.")
    assert "gmail.users.messages.list" in caplog.text


def test_the_second_error_format_leaves_the_classic_list_out(echo: Caller) -> None:
    said = body(echo.get(f"{LIST}?foo=1&$.xgafv=2"))["error"]

    assert "errors" not in said
    assert said["status"] == "INVALID_ARGUMENT"


MESSAGES = {"messages": [{"id": "1", "threadId": "2", "snippet": "hi"}], "nextPageToken": "t", "resultSizeEstimate": 9}


@pytest.mark.parametrize(
    ("mask", "left"),
    [
        ("*", MESSAGES),
        ("nextPageToken", {"nextPageToken": "t"}),
        ("messages/id,nextPageToken", {"messages": [{"id": "1"}], "nextPageToken": "t"}),
        ("messages(id, threadId)", {"messages": [{"id": "1", "threadId": "2"}]}),
        ("messages(id),messages/threadId", {"messages": [{"id": "1", "threadId": "2"}]}),
        ("messages/payload/headers(name,value)", {"messages": [{}]}),
    ],
)
def test_a_mask_leaves_what_was_asked_for(play: Play, mask: str, left: Any) -> None:
    caller = play({"gmail.users.messages.list": lambda _: MESSAGES})

    assert body(caller.get(f"{LIST}?fields={mask.replace(' ', '%20')}")) == left


@pytest.mark.parametrize("mask", ["nope", "messages(nope)", "messages(id", "", "messages/id/deep"])
def test_a_bad_mask_is_refused_in_each_dialect(play: Play, mask: str) -> None:
    caller = play({"gmail.users.messages.list": lambda _: MESSAGES, "calendar.events.list": lambda _: {}})

    gmail, calendar = caller.get(f"{LIST}?fields={mask}"), caller.get(f"{EVENTS}?fields=items(nope)")

    assert refusal(gmail) == (400, "badRequest", "Request contains an invalid argument.")
    assert refusal(calendar) == (400, "invalidParameter", "Invalid field selection items/nope")
    assert body(calendar)["error"]["errors"][0]["location"] == "fields"


def test_no_token_prints_with_a_request(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    headers = {"authorization": f"Bearer {caller.token}"}
    request = HttpRequest("GET", f"{LIST}?access_token={caller.token}", headers=headers, body=b"token=ya29.")

    printed = f"{request!r} {world.admit(request)!r} {world.tokens.access(caller.token or '')!r}"

    assert "ya29." not in printed
