"""Consent: the question in the link, and the answer in the address a person comes back to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import AdminRefused, ConsentError, ConsentRefused, MailgrantError, SettingsError
from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.consent import (
    Consent,
    Redirect,
    Widening,
    begin,
    consent_id,
    read_answer,
    read_code,
    state_in,
)
from mailgrant.oauth.pkce import challenge
from mailgrant.oauth.realm import Realm
from mailgrant.oauth.scopes import IDENTITY, Scopes
from mailgrant.secret import Secret

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
LOOPBACK = "http://127.0.0.1:54321/"
CODE = "4/0AbCdEf-lunch_1"

Ask = Callable[..., Consent]


@pytest.fixture
def ask(client: ClientSecrets, entropy: Callable[[int], bytes]) -> Ask:
    """Begin a consent with Ada about sending, but for what is passed."""

    def asking(**changes: Any) -> Consent:
        fields: dict[str, Any] = {
            "account": "ada@example.com",
            "user": None,
            "scopes": Scopes("gmail.send"),
            "redirect_uri": LOOPBACK,
            "identity": True,
            "widens": None,
            "realm": Realm.google(),
            "now": NOON,
            "entropy": entropy,
        }
        return begin(client, **{**fields, **changes})

    return asking


def question(consent: Consent) -> dict[str, str]:
    parsed = parse_qs(urlsplit(consent.url).query, strict_parsing=True)
    assert all(len(values) == 1 for values in parsed.values())
    return {name: values[0] for name, values in parsed.items()}


def answer(consent: Consent, **changes: str | None) -> str:
    """The address that Google sends Ada back to."""
    values: dict[str, str | None] = {
        "state": consent.state.reveal(),
        "iss": "https://accounts.google.com",
        "code": CODE,
        "scope": "email https://www.googleapis.com/auth/gmail.send openid",
        "authuser": "0",
    }
    said = {name: value for name, value in {**values, **changes}.items() if value is not None}
    return f"{consent.redirect_uri}?{urlencode(said, quote_via=quote)}"


def test_the_link_asks_all_that_the_rules_of_consent_say(ask: Ask) -> None:
    consent = ask()

    assert consent.url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert question(consent) == {
        "response_type": "code",
        "client_id": "1234-lunch.apps.googleusercontent.com",
        "redirect_uri": LOOPBACK,
        "scope": str(Scopes("gmail.send") | IDENTITY),
        "state": consent.state.reveal(),
        "code_challenge": challenge(consent.code_verifier),
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": "ada@example.com",
    }


def test_every_consent_asks_who_answers_besides(ask: Ask) -> None:
    assert set(IDENTITY) <= set(ask().asked)
    assert set(IDENTITY) <= set(ask(scopes=Scopes()).asked)


def test_without_identity_only_what_the_caller_wants_is_asked(ask: Ask) -> None:
    consent = ask(identity=False)

    assert consent.asked == Scopes("gmail.send")
    assert question(consent)["scope"] == "https://www.googleapis.com/auth/gmail.send"


def test_identity_false_needs_an_account(ask: Ask) -> None:
    with pytest.raises(SettingsError, match="account="):
        ask(identity=False, account=None)


def test_nothing_to_ask_is_an_error(ask: Ask) -> None:
    with pytest.raises(SettingsError, match="nothing to ask"):
        ask(identity=False, scopes=Scopes())


def test_granted_scopes_are_included_only_when_a_grant_is_widened(ask: Ask) -> None:
    fresh = ask()
    wider = ask(widens=Widening("grant-7", Scopes("calendar gmail.metadata") | IDENTITY), scopes=Scopes("gmail.modify"))

    assert "include_granted_scopes" not in question(fresh)
    assert fresh.grant_id is None
    assert question(wider)["include_granted_scopes"] == "true"
    assert wider.grant_id == "grant-7"


def test_widening_asks_only_what_is_missing(ask: Ask) -> None:
    wider = ask(widens=Widening("grant-7", Scopes("calendar gmail.send")), scopes=Scopes("gmail.send gmail.labels"))

    assert wider.asked == Scopes("gmail.labels") | IDENTITY


def test_asking_again_for_what_is_held_asks_for_it(ask: Ask) -> None:
    wider = ask(widens=Widening("grant-7", Scopes("calendar gmail.send")), scopes=Scopes("gmail.send"))

    assert wider.asked == Scopes("gmail.send") | IDENTITY


def test_where_google_does_not_fold_in_everything_is_asked_so_that_the_new_token_covers_it(ask: Ask) -> None:
    held = Scopes("calendar gmail.metadata")

    wider = ask(widens=Widening("grant-7", held, folds=False), scopes=Scopes("gmail.modify"))

    assert wider.asked == Scopes("gmail.modify calendar") | IDENTITY
    assert question(wider)["scope"] == str(wider.asked)


def test_nobody_is_hinted_at_when_nobody_is_expected(ask: Ask) -> None:
    assert "login_hint" not in question(ask(account=None))


def test_a_sandbox_is_asked_at_its_own_address(ask: Ask) -> None:
    consent = ask(realm=Realm.at("http://127.0.0.1:8025"))

    assert consent.url.startswith("http://127.0.0.1:8025/o/oauth2/v2/auth?response_type=code&")
    assert question(consent)["login_hint"] == "ada@example.com"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:1/",
        "http://[::1]:8080/",
        "http://localhost:8080/",
        "https://localhost:9000/oauth2callback",
        "https://lunch.example/done?x=y",
    ],
)
def test_people_are_sent_back_by_https_or_to_this_machine(ask: Ask, redirect_uri: str) -> None:
    assert question(ask(redirect_uri=redirect_uri))["redirect_uri"] == redirect_uri


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://lunch.example/done",
        "https://lunch.example/done#part",
        "urn:ietf:wg:oauth:2.0:oob",
        "lunch://done",
        "https://",
        "http://[",
        "",
    ],
)
def test_an_answer_never_travels_in_the_open(ask: Ask, redirect_uri: str) -> None:
    with pytest.raises(SettingsError, match="not an address"):
        ask(redirect_uri=redirect_uri)


def test_a_consent_lasts_ten_minutes(ask: Ask) -> None:
    consent = ask()

    assert consent.begun_at == NOON
    assert consent.expires_at == NOON + timedelta(minutes=10)


def test_state_and_verifier_are_256_bits_and_new_every_time(ask: Ask) -> None:
    one, two = ask(), ask()
    texts = [secret.reveal() for consent in (one, two) for secret in (consent.state, consent.code_verifier)]

    assert [len(text) for text in texts] == [43, 43, 43, 43]
    assert len(set(texts)) == 4


def test_the_id_is_a_hash_that_gives_nothing_away(ask: Ask) -> None:
    consent = ask()

    assert consent.id == consent_id(consent.state)
    assert consent.state.reveal() not in consent.id
    assert len(consent.id) == 43
    assert quote(consent.id, safe="") == consent.id


def test_a_consent_prints_neither_state_nor_verifier_nor_its_link(ask: Ask) -> None:
    consent = ask()
    shown = f"{consent} {consent!r}"

    assert "ada@example.com" in shown
    assert consent.state.reveal() not in shown
    assert consent.code_verifier.reveal() not in shown


def test_a_consent_that_nobody_could_keep_cannot_exist(ask: Ask) -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(ask(), expires_at=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="account"):
        replace(ask(), account=None, identity=False)


@pytest.mark.parametrize(
    "shape",
    [
        lambda url: url,
        lambda url: url.removeprefix("http://127.0.0.1:54321"),
        lambda url: url.partition("?")[2],
        lambda url: f"?{url.partition('?')[2]}",
        lambda url: f"  {url}\n",
        lambda url: f"{url[:70]}\n   {url[70:]}",
        lambda url: f"{url}#",
        lambda url: url.replace("http://127.0.0.1:54321/", "https://lunch.example/oauth2callback"),
    ],
    ids=["address", "path", "query", "marked query", "spaces", "wrapped", "fragment", "behind a proxy"],
)
def test_a_yes_is_read_from_whatever_part_of_the_address_was_pasted(ask: Ask, shape: Callable[[str], str]) -> None:
    consent = ask()
    address = shape(answer(consent))

    assert state_in(address) == consent.state
    assert read_answer(consent, address) == Redirect(Secret(CODE), granted=Scopes("openid email gmail.send"))


def test_the_code_is_decoded_exactly_once(ask: Ask) -> None:
    consent = ask()

    assert "code=4%2F0AbCdEf" in answer(consent)
    assert read_answer(consent, answer(consent)).code == Secret(CODE)
    assert read_answer(consent, answer(consent, code="4%2F0A")).code == Secret("4%2F0A")


def test_an_answer_may_leave_out_the_scopes_and_the_issuer(ask: Ask) -> None:
    consent = ask()

    assert read_answer(consent, answer(consent, scope=None, iss=None)).granted is None


def test_scopes_that_were_never_heard_of_are_read_from_an_answer(ask: Ask) -> None:
    consent = ask()
    new = "https://www.googleapis.com/auth/gmail.telepathy"

    assert read_answer(consent, answer(consent, scope=new)).granted == Scopes.granted(new)


def test_an_answer_to_another_question_is_refused(ask: Ask) -> None:
    mine, theirs = ask(), ask()

    with pytest.raises(ConsentError, match="another question"):
        read_answer(mine, answer(theirs))
    with pytest.raises(ConsentError, match="another question"):
        read_answer(mine, answer(mine, state=None))
    with pytest.raises(ConsentError, match="another question"):
        read_answer(mine, f"{answer(mine)}&state={mine.state.reveal()}")


@pytest.mark.parametrize("iss", ["https://evil.example", "accounts.google.com", "https://accounts.google.com/", ""])
def test_an_answer_of_another_issuer_is_refused_whatever_it_says(ask: Ask, iss: str) -> None:
    consent = ask()

    with pytest.raises(ConsentError, match="not come from Google"):
        read_answer(consent, answer(consent, iss=iss))
    with pytest.raises(ConsentError, match="not come from Google"):
        read_answer(consent, answer(consent, iss=iss, error="access_denied"))


@pytest.mark.parametrize("name", ["code", "iss", "scope", "error"])
def test_an_answer_that_says_something_twice_is_refused(ask: Ask, name: str) -> None:
    consent = ask()

    with pytest.raises(ConsentError, match="twice"):
        read_answer(consent, f"{answer(consent)}&{name}=one&{name}=two")


@pytest.mark.parametrize("code", [None, ""])
def test_an_answer_without_a_code_is_refused(ask: Ask, code: str | None) -> None:
    consent = ask()

    with pytest.raises(ConsentError, match="no code"):
        read_answer(consent, answer(consent, code=code))


def test_a_no_is_said_with_the_name_of_who_said_it(ask: Ask) -> None:
    consent = ask()

    with pytest.raises(ConsentRefused, match=r"ada@example\.com did not allow it"):
        read_answer(consent, answer(consent, error="access_denied", code=None))


def test_a_no_wins_over_a_code_beside_it(ask: Ask) -> None:
    consent = ask()

    with pytest.raises(ConsentRefused):
        read_answer(consent, answer(consent, error="access_denied"))


@pytest.mark.parametrize("error", ["admin_policy_enforced", "org_internal"])
def test_what_an_administrator_forbids_says_so(ask: Ask, error: str) -> None:
    consent = ask(account=None)

    with pytest.raises(AdminRefused) as caught:
        read_answer(consent, answer(consent, error=error, code=None))

    assert caught.value.reason == error
    assert "Admin console" in caught.value.hint


def test_another_error_is_named_and_its_subtype_too(ask: Ask) -> None:
    consent = ask()
    address = answer(consent, error="interaction_required", error_subtype="access_denied", code=None)

    with pytest.raises(ConsentError, match=r"\(interaction_required, access_denied\)"):
        read_answer(consent, address)


def test_an_error_that_is_no_name_is_not_repeated_to_the_terminal(ask: Ask) -> None:
    consent = ask()

    with pytest.raises(ConsentError) as caught:
        read_answer(consent, answer(consent, error="<b>Call 555-1234</b>", code=None))

    assert "555" not in str(caught.value)


def test_no_error_repeats_the_code_or_the_state(ask: Ask) -> None:
    consent = ask()
    for changes in ({"iss": "x"}, {"error": "access_denied"}, {"error": "server_error"}, {"state": "wrong"}):
        with pytest.raises(MailgrantError) as caught:
            read_answer(consent, answer(consent, **changes))
        assert CODE not in str(caught.value)
        assert consent.state.reveal() not in str(caught.value)


@pytest.mark.parametrize("pasted", [CODE, f" {CODE}\n", f"{CODE[:6]}\n{CODE[6:]}", CODE.replace("/", "%2F")])
def test_a_bare_code_is_read(pasted: str) -> None:
    assert read_code(pasted).code == Secret(CODE)


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "hello",
        "yes, I agree",
        LOOPBACK,
        f"code={CODE}",
        f"{LOOPBACK}?code={CODE}",
        "4%252F0A",
        "4/",
        "4/" + "a" * 600,
    ],
)
def test_what_is_not_a_code_is_not_taken_for_one(pasted: str) -> None:
    with pytest.raises(ConsentError, match="neither an address nor a code"):
        read_code(pasted)


QUESTION = Consent(
    consent_id(Secret("lunch")),
    url="https://accounts.google.com/o/oauth2/v2/auth",
    client_id="1234",
    asked=Scopes("gmail.send"),
    redirect_uri=LOOPBACK,
    state=Secret("lunch"),
    code_verifier=Secret("verifier"),
    begun_at=NOON,
    expires_at=NOON + timedelta(minutes=10),
)
names = st.sampled_from(["state", "code", "iss", "error", "error_subtype", "scope", "x"])
queries = st.lists(st.tuples(names, st.text(max_size=12) | st.just("lunch")), max_size=6).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)


@given(st.text(max_size=80) | queries | queries.map(lambda query: f"http://127.0.0.1:5/?{query}"))
@example("http://[::1")
@example("http://127.0.0.1/?state=\ud800&code=\udfff")
@example("http://127.0.0.1/?state=%ED%A0%80")
@example("?state=lunch&code=%0d%0aX: y")
@example("&" * 100_000)
@example("?state=lunch&scope=%ff")
def test_reading_an_address_raises_nothing_but_our_own_errors(address: str) -> None:
    state = state_in(address)
    if state is not None:
        consent_id(state)
    readings: list[Callable[[], Redirect]] = [lambda: read_answer(QUESTION, address), lambda: read_code(address)]
    for read in readings:
        try:
            redirect = read()
        except MailgrantError:
            continue
        assert redirect.code
