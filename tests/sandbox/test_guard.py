"""The guard of the control API: this machine alone, or whoever shows the token; no foreign page ever."""

from __future__ import annotations

from base64 import b64encode

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.serving.server import listen
from mailgrant.secret import Secret

from .caller import Caller, body

TOKEN = "open-sesame"
ABROAD = {"host": "sandbox.example:8025"}


@pytest.fixture
def guarded(world: Sandbox, caller: Caller) -> Caller:
    """Somebody before a control API that wants a token."""
    world.control_token = Secret(TOKEN)
    return caller


def test_without_a_token_only_loopback_is_answered(caller: Caller) -> None:
    assert caller.control("GET", "").status == 200
    assert caller.control("GET", "", **ABROAD).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8025", "sandbox.example:8025"])
def test_with_a_token_whoever_shows_it_is_answered_and_nobody_else(guarded: Caller, host: str) -> None:
    basic = b64encode(f"anybody:{TOKEN}".encode()).decode()

    shown = [
        guarded.control("GET", "", host=host, authorization=f"{how}") for how in (f"Bearer {TOKEN}", f"Basic {basic}")
    ]
    wrong = [guarded.control("GET", "", host=host, authorization=how) for how in ("Bearer x", "Basic eA==", "x")]
    none = guarded.control("GET", "", host=host)

    assert [answer.status for answer in shown] == [200, 200]
    assert {answer.status for answer in [*wrong, none]} == {401}
    assert (none.header("WWW-Authenticate") or "").startswith("Basic realm=")
    assert "--control-token" in body(none)["error"]["hint"]


def test_a_token_opens_nothing_to_foreign_pages(guarded: Caller) -> None:
    shown = {"authorization": f"Bearer {TOKEN}", "origin": "https://evil.example"}

    assert guarded.control("GET", "", **ABROAD, **shown).status == 403


def test_google_itself_needs_no_token(guarded: Caller) -> None:
    guarded.sign_in("https://mail.google.com/")

    assert guarded.get("/gmail/v1/users/me/profile", **ABROAD).status == 200


def test_a_sandbox_that_others_reach_knows_itself_by_their_name_for_it_but_never_by_googles(guarded: Caller) -> None:
    document = "/discovery/v1/apis/gmail/v1/rest"

    assert body(guarded.get(document, **ABROAD))["rootUrl"] == "http://sandbox.example:8025/"
    assert body(guarded.get(document, host="www.googleapis.com"))["rootUrl"] == "https://gmail.googleapis.com/"


def test_other_hosts_than_loopback_are_served_with_a_token_only() -> None:
    with listen("0.0.0.0", 0, Secret(TOKEN)) as bound:
        assert bound.getsockname()[0] == "0.0.0.0"
