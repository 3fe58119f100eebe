"""Scopes: the names people write, the sets they make, and which of them stand in for others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import googleapiclient
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import SettingsError
from mailgrant.oauth.scope_table import ACCEPTED, ALIASES, DESCRIPTIONS, REACH
from mailgrant.oauth.scopes import IDENTITY, Scope, Scopes, accepted_for, narrowest_for, stands_in

DRIVE = "https://www.googleapis.com/auth/drive.file"

known = st.sampled_from([Scope(short) for short in DESCRIPTIONS])
sets = st.frozensets(known, max_size=8).map(Scopes)


def discovery(name: str) -> dict[str, Any]:
    documents = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    document: dict[str, Any] = json.loads((documents / f"{name}.json").read_text())
    return document


def methods(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods(inner)


@pytest.mark.parametrize("name", ["gmail.v1", "calendar.v3"])
def test_the_table_accepts_for_every_method_what_googles_discovery_document_says(name: str) -> None:
    told = {method["id"]: Scopes(method["scopes"]) for method in methods(discovery(name))}
    api = name.partition(".")[0]

    assert {method: accepted_for(method) for method in ACCEPTED if method.startswith(f"{api}.")} == told


@pytest.mark.parametrize("name", ["gmail.v1", "calendar.v3"])
def test_every_scope_of_the_discovery_document_is_known_and_described(name: str) -> None:
    told = discovery(name)["auth"]["oauth2"]["scopes"]

    assert all(Scope.parse(scope).short in DESCRIPTIONS for scope in told)


def test_every_scope_has_a_constant_and_every_constant_is_a_scope() -> None:
    constants = {name for name in Scope.__annotations__ if name.isupper()}

    assert {getattr(Scope, name).short.upper().replace(".", "_") for name in constants} == constants
    assert {getattr(Scope, name).short for name in constants} == set(DESCRIPTIONS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gmail.send", "https://www.googleapis.com/auth/gmail.send"),
        (" gmail.send\n", "https://www.googleapis.com/auth/gmail.send"),
        ("https://www.googleapis.com/auth/gmail.send", "https://www.googleapis.com/auth/gmail.send"),
        ("gmail.full", "https://mail.google.com/"),
        ("mail.google.com", "https://mail.google.com/"),
        ("https://mail.google.com/", "https://mail.google.com/"),
        ("calendar", "https://www.googleapis.com/auth/calendar"),
        ("openid", "openid"),
        ("email", "https://www.googleapis.com/auth/userinfo.email"),
        ("userinfo.profile", "https://www.googleapis.com/auth/userinfo.profile"),
        (DRIVE, DRIVE),
    ],
)
def test_short_names_and_addresses_mean_the_same_scope(written: str, meant: str) -> None:
    assert Scope.parse(written) == meant


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("gmail.snd", "gmail.send"),
        ("gmail", "gmail.send"),
        ("https://www.googleapis.com/auth/gmail.sned", "gmail.send"),
        ("https://www.googleapis.com/auth/calendar.event", "calendar.events"),
        ("https://mail.google.com", "gmail.full"),
        ("Calendar.Events", "calendar.events"),
        ("", "gmail.send or calendar.events"),
        ("x", "gmail.send or calendar.events"),
        ("https://evil.example/auth/gmail.send", "gmail.send"),
        ("http://www.googleapis.com/auth/drive", "Scopes are named"),
        ("https://www.googleapis.com/auth/", "Scopes are named"),
    ],
)
def test_a_scope_that_does_not_exist_is_refused_with_the_nearest_ones(written: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Scope.parse(written)

    assert repr(written) in caught.value.message
    assert hint in caught.value.hint


def test_a_scope_is_its_address_and_prints_its_short_name() -> None:
    assert f"{Scope.GMAIL_SEND}" == "https://www.googleapis.com/auth/gmail.send"
    assert repr(Scope.GMAIL_SEND) == "Scope('gmail.send')"
    assert Scope.GMAIL_FULL.short == "gmail.full"
    assert Scope.parse(DRIVE).short == DRIVE


@given(known)
def test_the_short_name_of_a_scope_names_it(scope: Scope) -> None:
    assert Scope.parse(scope.short) == scope


def test_a_description_ends_a_sentence_in_plain_words() -> None:
    assert Scope.GMAIL_SEND.description == "send mail"
    assert all(text[0].islower() and text[-1].isalpha() for text in DESCRIPTIONS.values())
    assert Scope.parse(DRIVE).description == f"use {DRIVE}"


def test_scopes_are_read_from_a_list_or_from_text_with_any_spaces() -> None:
    listed = Scopes(["gmail.send", "calendar.events"])

    assert Scopes("calendar.events  gmail.send\tgmail.send") == listed
    assert Scopes(Scope.GMAIL_SEND) == Scopes("gmail.send")
    assert str(listed) == ("https://www.googleapis.com/auth/gmail.send https://www.googleapis.com/auth/calendar.events")
    assert repr(listed) == "Scopes('gmail.send calendar.events')"


def test_what_google_grants_is_kept_even_if_it_was_never_heard_of() -> None:
    new = "https://www.googleapis.com/auth/gmail.telepathy"

    granted = Scopes.granted(f"email {new} openid")

    assert new in granted
    assert Scope.EMAIL in granted
    assert granted == Scopes.granted(str(granted))
    assert granted | Scopes("gmail.send") == Scopes.granted(f"{granted} {Scope.GMAIL_SEND}")
    with pytest.raises(SettingsError):
        Scopes(new)


def test_membership_takes_any_spelling_and_never_raises() -> None:
    scopes = Scopes("gmail.send email")

    assert "gmail.send" in scopes
    assert "userinfo.email" in scopes
    assert "gmail.readonly" not in scopes
    assert "no such scope" not in scopes
    assert 5 not in scopes


def test_two_scopes_are_joined_by_a_bar() -> None:
    assert Scopes("gmail.send calendar") == Scope.GMAIL_SEND | Scope.CALENDAR
    assert Scopes("gmail.send calendar") == Scope.GMAIL_SEND | "calendar"
    assert Scopes("gmail.send") | Scope.CALENDAR == Scopes("gmail.send calendar")


def test_scopes_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Scopes("gmail.send").extra = 1  # type: ignore[attr-defined]


@given(sets, sets)
def test_union_and_difference_are_those_of_sets(left: Scopes, right: Scopes) -> None:
    assert set(left | right) == set(left) | set(right)
    assert set(left - right) == set(left) - set(right)
    assert left | right == right | left
    assert hash(left | right) == hash(right | left)
    assert len(left | right) == len(set(left) | set(right))
    assert bool(left) == bool(len(left))


@given(sets)
def test_scopes_survive_being_written_as_text(scopes: Scopes) -> None:
    assert Scopes(str(scopes)) == scopes
    assert Scopes.granted(str(scopes)) == scopes
    assert list(Scopes(reversed(list(scopes)))) == list(scopes)


@given(sets, sets, sets)
def test_covering_is_reflexive_and_transitive_and_grows(one: Scopes, two: Scopes, three: Scopes) -> None:
    assert one.covers(one)
    assert (one | two).covers(one)
    if one.covers(two) and two.covers(three):
        assert one.covers(three)


@given(sets, sets)
def test_what_is_missing_is_what_would_have_to_be_added(held: Scopes, wanted: Scopes) -> None:
    missing = held.missing(wanted)

    assert (held | missing).covers(wanted)
    assert held.covers(wanted - missing)
    assert set(missing) <= set(wanted)


@given(known, known)
def test_a_scope_that_stands_in_for_another_opens_every_method_of_it(held: Scope, wanted: Scope) -> None:
    if held != wanted and stands_in(held, wanted):
        assert all(held in accepted_for(method) for method in ACCEPTED if wanted in accepted_for(method))


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("gmail.full", "gmail.modify"),
        ("gmail.modify", "gmail.readonly gmail.compose gmail.send gmail.labels gmail.insert gmail.metadata"),
        ("gmail.readonly", "gmail.metadata"),
        ("gmail.compose", "gmail.send"),
        ("calendar", "calendar.events calendar.readonly calendar.freebusy calendar.settings calendar.acls"),
        ("calendar.events", "calendar.events.readonly"),
        ("calendar.events.owned", "calendar.events.owned.readonly"),
    ],
)
def test_a_wider_scope_covers_narrower_ones(wide: str, narrow: str) -> None:
    assert Scopes(wide).covers(narrow)
    assert not Scopes(narrow).covers(wide)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("gmail.full", "gmail.settings.basic"),  # Google refuses settings writes to it
        ("gmail.settings.sharing", "gmail.settings.basic"),
        ("gmail.readonly", "gmail.send"),
        ("gmail.metadata", "gmail.addons.current.message.readonly"),
        ("calendar.events", "calendar.freebusy"),
        ("calendar.readonly", "calendar.events"),
        ("email", "openid"),
        ("gmail.full", "email"),
        ("profile", "email"),
    ],
)
def test_a_scope_covers_nothing_that_its_methods_do_not(held: str, wanted: str) -> None:
    assert not Scopes(held).covers(wanted)


@pytest.mark.parametrize(
    "held",
    ["calendar.events.owned", "calendar.events.freebusy", "calendar.app.created", "calendar.events.public.readonly"],
)
def test_a_scope_that_sees_only_a_part_does_not_stand_in_for_the_whole(held: str) -> None:
    assert Scope(held) in accepted_for("calendar.events.list")
    assert not Scopes(held).covers("calendar.events.readonly")


def test_widening_never_asks_for_metadata_beside_a_scope_that_reads() -> None:
    assert Scopes("gmail.metadata").widened("gmail.modify") == Scopes("gmail.modify")
    assert Scopes("gmail.metadata").widened("gmail.send") == Scopes("gmail.metadata gmail.send")
    assert Scopes("gmail.send").widened(Scope.CALENDAR) == Scopes("gmail.send calendar")


def test_api_leaves_out_what_only_says_who_somebody_is() -> None:
    assert Scopes("openid email profile gmail.send").api == Scopes("gmail.send")
    assert not IDENTITY.api


def test_identity_is_asked_in_the_long_forms() -> None:
    assert str(IDENTITY) == "openid https://www.googleapis.com/auth/userinfo.email"


@pytest.mark.parametrize(
    ("operation", "scope"),
    [
        ("gmail.users.messages.send", "gmail.send"),
        ("gmail.users.messages.list", "gmail.readonly"),
        ("gmail.users.messages.delete", "gmail.full"),
        ("gmail.users.drafts.create", "gmail.compose"),
        ("gmail.users.getProfile", "gmail.readonly"),
        ("calendar.events.list", "calendar.events.readonly"),
        ("calendar.events.insert", "calendar.events"),
        ("calendar.freebusy.query", "calendar.freebusy"),
    ],
)
def test_the_narrowest_scope_is_enough_for_the_whole_method(operation: str, scope: str) -> None:
    assert narrowest_for(operation).short == scope


@pytest.mark.parametrize("operation", ACCEPTED)
def test_no_other_whole_scope_of_a_method_is_narrower_than_the_one_to_ask_for(operation: str) -> None:
    chosen = narrowest_for(operation)
    whole = [scope for scope in accepted_for(operation) if scope.short not in REACH]

    assert all(stands_in(scope, chosen) for scope in whole if stands_in(chosen, scope))


def test_a_method_that_is_not_known_wants_no_scope_and_has_none_to_ask_for() -> None:
    assert accepted_for("oauth2.token") == Scopes()
    with pytest.raises(SettingsError, match=r"gmail\.users\.messages\.sned"):
        narrowest_for("gmail.users.messages.sned")


def test_aliases_lead_to_scopes_that_exist() -> None:
    assert all(short in DESCRIPTIONS for short in ALIASES.values())
