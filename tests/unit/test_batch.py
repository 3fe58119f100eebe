"""Several reads become one request and come apart again, whatever is done to the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.batch import answers_in, is_batch, together
from mailgrant.http import Request, Response
from mailgrant.sandbox.frame.batch import Part, read_parts, write_answers
from mailgrant.sandbox.frame.discovery import GMAIL
from mailgrant.sandbox.frame.wire import Answer, HttpRequest

BATCH = "https://gmail.googleapis.com/batch/gmail/v1"
MESSAGES = "https://gmail.googleapis.com/gmail/v1/users/me/messages"
READ = "gmail.users.messages.get"
KIND = {"content-type": 'multipart/mixed; boundary="frontier"'}

BODIES = st.lists(st.binary(max_size=200), min_size=1, max_size=7)


def reads(count: int) -> list[Request]:
    return [Request.get(f"{MESSAGES}/m{number}", operation=READ, format="full") for number in range(count)]


def written(*parts: str, end: str = "\r\n--frontier--") -> Response:
    body = "".join(f"\r\n--frontier\r\nContent-Type: application/http\r\n{part}" for part in parts)
    return Response(200, headers=KIND, body=(body.removeprefix("\r\n") + end).encode())


def part(number: int, said: str, status: int = 200) -> str:
    return f"Content-ID: <response-{number}>\r\n\r\nHTTP/1.1 {status} OK\r\nVary: Origin\r\n\r\n{said}"


def as_the_sandbox_hears(request: Request) -> list[Part]:
    """Read a batch as the other end does."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return read_parts(GMAIL, HttpRequest("POST", "/batch/gmail/v1", headers=headers, body=request.body))


def test_what_is_asked_together_arrives_as_it_would_alone() -> None:
    request = together(BATCH, reads(3))

    parts = as_the_sandbox_hears(request)

    assert [(each.request.verb, each.request.target) for each in parts] == [
        ("GET", f"/gmail/v1/users/me/messages/m{number}?format=full") for number in range(3)
    ]
    assert [each.content_id for each in parts] == ["<0>", "<1>", "<2>"]
    assert (request.method, request.url, request.safe) == ("POST", BATCH, True)
    assert request.calls == request.parts == tuple(reads(3))


def test_a_field_of_a_read_goes_with_it() -> None:
    asked = Request("GET", f"{MESSAGES}/m1", operation=READ, headers={"If-None-Match": '"7"'})

    (heard,) = as_the_sandbox_hears(together(BATCH, [asked]))

    assert heard.request.headers["if-none-match"] == '"7"'


@given(BODIES)
def test_what_is_answered_together_comes_apart_whatever_it_says(bodies: list[bytes]) -> None:
    parts = as_the_sandbox_hears(together(BATCH, reads(len(bodies))))
    answer = write_answers(parts, [Answer(200, headers=[("Vary", "Origin")], body=body) for body in bodies])
    headers = {name.lower(): value for name, value in answer.headers}

    found = answers_in(Response(200, headers=headers, body=answer.body), len(bodies))

    assert [each.body for each in found if each is not None] == bodies


def test_answers_are_found_by_their_number_not_by_their_place() -> None:
    found = answers_in(written(part(1, "second", 404), part(0, "first")), 2)

    assert [(each.status, each.body) for each in found if each] == [(200, b"first"), (404, b"second")]


@pytest.mark.parametrize(
    "answer",
    [
        written(part(7, "of nobody")),
        written("Content-ID: <1>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nno answer"),
        written("Content-ID: <response-1>\r\n\r\nnot HTTP\r\n\r\nat all"),
        written("Content-ID: <response-1>\r\n\r\nHTTP/1.1 200 OK"),
        written(part(1, "cut o"), end=""),
        Response(200, headers={"content-type": "multipart/mixed"}, body=b"--\r\n"),
        Response(200, headers={"content-type": "text/html; boundary=frontier"}, body=b"<p>Sign in.</p>"),
        Response(200, body=b""),
    ],
    ids=["another number", "not an answer's", "no status", "no end", "cut off", "no boundary", "a page", "nothing"],
)
def test_what_has_no_answer_of_its_own_has_none(answer: Response) -> None:
    assert answers_in(answer, 2) == [None, None]


@given(st.binary(max_size=400))
def test_nothing_that_is_answered_raises(body: bytes) -> None:
    for noise in (body, b"--frontier\r\n" + body + b"\r\n--frontier--"):
        assert len(answers_in(Response(200, headers=KIND, body=noise), 3)) == 3


def test_a_page_of_somebody_in_between_is_no_batch() -> None:
    assert is_batch(written())
    assert not is_batch(Response(200, headers={"content-type": "text/html"}, body=b"<p>Sign in.</p>"))


def test_only_plain_reads_go_together() -> None:
    write = Request.json("POST", f"{MESSAGES}/send", operation="gmail.users.messages.send", value={})

    for several in ([], [*reads(1), write]):
        with pytest.raises(ValueError, match="plain reads"):
            together(BATCH, several)
