"""A large mail is handed over once, and gone on with where it broke off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailgrant.errors import InvalidRequest, MailgrantError, NoAnswer, NotFound, OutcomeUnknown, ServerError
from mailgrant.gmail import calls, upload
from mailgrant.gmail.source import all_of
from mailgrant.http import Request, Response

RAW = b"To: ada@example.com\r\n\r\n" + b"x" * upload.LARGEST_IN_JSON
SIZE = len(RAW)
SESSION = "https://gmail.googleapis.com/upload/gmail/v1/users/me/messages/send?uploadType=resumable&upload_id=u1"
OPENED = Response(200, headers={"location": SESSION})
DONE = Response(200, body=json.dumps({"id": "m1", "threadId": "t1"}).encode())
LOST = OutcomeUnknown("lost", evidence="cut off")


def unfinished(stored: int) -> Response:
    return Response(308, headers={"range": f"bytes=0-{stored - 1}"} if stored else {})


def uploaded(*answers: Response | MailgrantError) -> tuple[Any, list[Request]]:
    """Send a large mail, each request answered in turn."""
    call = calls.send(RAW, thread_id="t1")
    asked = [next(call)]
    for answer in answers:
        try:
            asked.append(call.throw(answer) if isinstance(answer, MailgrantError) else call.send(answer))
        except StopIteration as end:
            return end.value, asked
    raise AssertionError("more is asked than was answered")


def ranges(asked: list[Request]) -> list[str]:
    return [request.headers["Content-Range"].removeprefix("bytes ") for request in asked[1:]]


def test_a_mail_goes_in_one_piece_when_nothing_breaks() -> None:
    sent, (opening, delivery) = uploaded(OPENED, DONE)

    assert (sent.id, sent.thread_id) == ("m1", "t1")
    assert json.loads(opening.body) == {"threadId": "t1"}
    assert (delivery.method, delivery.url) == ("PUT", SESSION)
    assert delivery.headers["Content-Length"] == str(SIZE)
    assert delivery.stream is not None
    assert all_of(delivery.stream) == RAW


def test_a_mail_that_breaks_off_is_gone_on_with_where_the_session_has_it() -> None:
    sent, asked = uploaded(OPENED, LOST, unfinished(1000), DONE)

    assert sent.id == "m1"
    assert ranges(asked) == [f"0-{SIZE - 1}/{SIZE}", f"*/{SIZE}", f"1000-{SIZE - 1}/{SIZE}"]
    assert asked[-1].stream is not None
    assert all_of(asked[-1].stream) == RAW[1000:]


def test_nothing_is_sent_again_when_the_session_has_become_a_mail() -> None:
    sent, asked = uploaded(OPENED, LOST, DONE)

    assert sent.id == "m1"
    assert len(asked) == 3


def test_a_session_that_has_everything_and_says_nothing_is_asked_again() -> None:
    _, asked = uploaded(OPENED, unfinished(SIZE), DONE)

    assert ranges(asked)[-1] == f"*/{SIZE}"


def test_a_session_without_a_range_has_nothing() -> None:
    _, asked = uploaded(OPENED, LOST, unfinished(0), DONE)

    assert ranges(asked)[-1] == f"0-{SIZE - 1}/{SIZE}"


def test_a_session_that_kept_nothing_of_three_cuts_in_a_row_is_gone_on_with() -> None:
    sent, asked = uploaded(OPENED, *[LOST, unfinished(0)] * 3, DONE)

    assert sent.id == "m1"
    assert len(asked) == 8


def test_a_lost_opening_says_that_nothing_happened() -> None:
    with pytest.raises(NoAnswer, match="Nothing happened"):
        uploaded(LOST)


def test_a_mail_whose_end_nobody_knows_is_said_to_be_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        uploaded(OPENED, LOST, LOST, LOST, LOST)
    with pytest.raises(OutcomeUnknown):
        uploaded(OPENED, LOST, NoAnswer("down"), NoAnswer("down"), NoAnswer("down"))
    with pytest.raises(OutcomeUnknown):
        uploaded(OPENED, LOST, NotFound("gone"))


def test_a_connection_that_was_never_made_says_that_nothing_happened() -> None:
    with pytest.raises(NoAnswer):
        uploaded(OPENED, *[NoAnswer("refused")] * 4)


def test_a_session_that_does_not_get_on_is_given_up() -> None:
    with pytest.raises(OutcomeUnknown, match="did not get on"):
        uploaded(OPENED, *[unfinished(0)] * 4)


def test_a_refusal_is_raised_as_it_is() -> None:
    with pytest.raises(InvalidRequest, match="Recipient"):
        uploaded(OPENED, InvalidRequest("Recipient address required"))


def test_the_token_is_never_taken_to_the_host_that_an_answer_names() -> None:
    elsewhere = Response(200, headers={"location": "https://evil.example/upload/x?upload_id=u1"})

    _, asked = uploaded(elsewhere, DONE)

    assert asked[-1].url == "https://gmail.googleapis.com/upload/x?upload_id=u1"


@pytest.mark.parametrize("location", ["", "https://gmail.googleapis.com/elsewhere"])
def test_an_opening_that_leads_nowhere_is_an_error(location: str) -> None:
    with pytest.raises(ServerError):
        uploaded(Response(200, headers={"location": location}))
