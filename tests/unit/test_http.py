"""Requests and responses are values that know how they are written down."""

from __future__ import annotations

import pytest

from mailgrant.http import Request, Response, with_query


def test_a_read_leaves_out_what_is_none_and_repeats_lists() -> None:
    request = Request.get("https://gmail.googleapis.com/x", operation="x", q="a b", labelIds=["A", "B"], pageToken=None)

    assert request.url == "https://gmail.googleapis.com/x?q=a+b&labelIds=A&labelIds=B"
    assert request.safe


def test_booleans_are_written_as_google_reads_them() -> None:
    assert with_query("u", {"a": True, "b": False}) == "u?a=true&b=false"


def test_an_address_without_parameters_stays_as_it_is() -> None:
    assert with_query("https://x/y", {"a": None}) == "https://x/y"


def test_a_json_request_carries_its_value() -> None:
    request = Request.json("POST", "https://x", operation="x", value={"raw": "é"})

    assert Response(200, body=request.body).json() == {"raw": "é"}
    assert request.headers["Content-Type"] == "application/json"
    assert not request.safe


def test_a_form_is_percent_encoded() -> None:
    request = Request.form("https://x", operation="x", fields={"code": "4/0A&b", "state": "ü"})

    assert request.body == b"code=4%2F0A%26b&state=%C3%BC"


def test_a_request_does_not_print_its_body_or_headers() -> None:
    request = Request.form("https://x", operation="x", fields={"client_secret": "GOCSPX-something"})

    assert "GOCSPX" not in repr(request)


@pytest.mark.parametrize("body", [b"", b"[1]", b"<html>", b'{"a":', b"\xff\xfe"], ids=repr)
def test_an_answer_that_is_no_json_object_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        Response(200, body=body).json()
