"""users.settings as a program sees it: what is kept, what is refused, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox

from .mailing import ADA, BASIC, GRACE, READONLY, SHARING, Gmail, forward_to, organised, settings


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return settings(world)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("autoForwarding", {"enabled": False}),
        ("imap", {"enabled": True, "autoExpunge": True, "expungeBehavior": "archive", "maxFolderSize": 0}),
        ("pop", {"accessWindow": "disabled", "disposition": "leaveInInbox"}),
        ("language", {"displayLanguage": "en"}),
        ("vacation", {"enableAutoReply": False, "restrictToContacts": False, "restrictToDomain": False}),
    ],
)
def test_a_new_account_has_gmails_defaults(ada: Gmail, name: str, value: Any) -> None:
    assert ada.call("GET", f"settings/{name}") == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("imap", {"enabled": False, "autoExpunge": False, "expungeBehavior": "trash", "maxFolderSize": 2000}),
        ("pop", {"accessWindow": "allMail", "disposition": "markRead"}),
        ("language", {"displayLanguage": "en-GB"}),
        (
            "vacation",
            {
                "enableAutoReply": True,
                "responseSubject": "Away",
                "responseBodyPlainText": "Until Monday.",
                "restrictToContacts": True,
                "restrictToDomain": False,
                "startTime": "1772600000000",
                "endTime": "1772700000000",
            },
        ),
    ],
)
def test_what_is_set_is_answered_and_kept(ada: Gmail, name: str, value: Any) -> None:
    assert ada.call("PUT", f"settings/{name}", value) == value
    assert ada.call("GET", f"settings/{name}") == value


@pytest.mark.parametrize(
    ("given", "kept"), [("en_gb", "en-GB"), ("EN-us", "en"), ("de-DE", "de"), ("pt-br", "pt-BR"), ("fr", "fr")]
)
def test_a_language_is_kept_under_the_name_gmail_has_for_it(ada: Gmail, given: str, kept: str) -> None:
    assert ada.call("PUT", "settings/language", {"displayLanguage": given}) == {"displayLanguage": kept}


def test_what_an_update_leaves_out_goes_back_to_nothing(ada: Gmail) -> None:
    ada.call("PUT", "settings/vacation", {"enableAutoReply": True, "responseSubject": "Away"})
    ada.call("PUT", "settings/vacation", {})

    assert "responseSubject" not in ada.call("GET", "settings/vacation")
    assert ada.call("PUT", "settings/imap", {})["enabled"] is False


def test_html_of_an_answer_is_kept_without_what_would_run(ada: Gmail) -> None:
    html = '<p onclick="steal()">Away</p><script>steal()</script><a href="javascript:steal()">x</a>'

    kept = ada.call("PUT", "settings/vacation", {"enableAutoReply": True, "responseBodyHtml": html})

    assert kept["responseBodyHtml"] == '<p>Away</p><a href="">x</a>'


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("imap", {"maxFolderSize": 1001}, "invalidArgument"),
        ("imap", {"expungeBehavior": "expungeBehaviorUnspecified"}, "invalidArgument"),
        ("imap", {"expungeBehavior": "burn"}, "badRequest"),
        ("pop", {"accessWindow": "allMail"}, "invalidArgument"),
        ("pop", {"disposition": "archive"}, "invalidArgument"),
        ("language", {}, "invalidArgument"),
        ("language", {"displayLanguage": "not a language"}, "invalidArgument"),
        ("vacation", {"enableAutoReply": True}, "failedPrecondition"),
        ("vacation", {"startTime": "2000", "endTime": "1000"}, "invalidArgument"),
        ("vacation", {"startTime": "-1"}, "invalidArgument"),
        ("vacation", {"restrictToDomain": True}, "failedPrecondition"),
        ("vacation", {"startTime": "soon"}, "badRequest"),
        ("autoForwarding", {"enabled": True}, "invalidArgument"),
        ("autoForwarding", {"enabled": True, "emailAddress": GRACE}, "invalidArgument"),
    ],
)
def test_what_cannot_be_set_is_refused_and_changes_nothing(ada: Gmail, name: str, value: Any, reason: str) -> None:
    before = ada.call("GET", f"settings/{name}")

    assert ada.refused("PUT", f"settings/{name}", value)[:2] == (400, reason)

    assert ada.call("GET", f"settings/{name}") == before


def test_mail_is_forwarded_only_where_somebody_agreed(world: Sandbox, ada: Gmail) -> None:
    ada.call("POST", "settings/forwardingAddresses", {"forwardingEmail": GRACE})
    wanted = {"enabled": True, "emailAddress": GRACE, "disposition": "archive"}
    refusal = (400, "invalidArgument", "Unrecognized forwarding address")
    assert ada.refused("PUT", "settings/autoForwarding", wanted) == refusal

    world.account(ADA).confirm(GRACE)

    assert ada.call("PUT", "settings/autoForwarding", wanted) == wanted
    unspecified = wanted | {"disposition": "dispositionUnspecified"}
    assert ada.refused("PUT", "settings/autoForwarding", unspecified)[0] == 400


def test_deleting_a_forwarding_address_ends_the_forwarding(world: Sandbox, ada: Gmail) -> None:
    forward_to(world, ada, GRACE)
    ada.call("PUT", "settings/autoForwarding", {"enabled": True, "emailAddress": GRACE})

    ada.call("DELETE", f"settings/forwardingAddresses/{GRACE}")

    assert ada.call("GET", "settings/autoForwarding") == {"enabled": False}


def test_restricting_to_the_domain_is_for_organisations(world: Sandbox) -> None:
    value = {"enableAutoReply": True, "responseSubject": "Away", "restrictToDomain": True}

    assert organised(world).call("PUT", "settings/vacation", value)["restrictToDomain"] is True


@pytest.mark.parametrize(
    ("verb", "path", "scope"),
    [
        ("PUT", "settings/vacation", READONLY),
        ("PUT", "settings/imap", READONLY),
        ("PUT", "settings/autoForwarding", BASIC),
        ("POST", "settings/filters", READONLY),
        ("POST", "settings/sendAs", BASIC),
        ("POST", "settings/sendAs/x@example.com/verify", BASIC),
        ("POST", "settings/forwardingAddresses", BASIC),
        ("POST", "settings/delegates", BASIC),
        ("GET", "settings/vacation", SHARING),
    ],
)
def test_a_scope_that_is_not_enough_is_refused(world: Sandbox, verb: str, path: str, scope: str) -> None:
    refused = Gmail(world, ADA, scope).refused(verb, path, {} if verb != "GET" else None)

    assert refused == (403, "insufficientPermissions", "Request had insufficient authentication scopes.")


@pytest.mark.parametrize("name", ["autoForwarding", "imap", "language", "pop", "vacation", "filters", "sendAs"])
def test_settings_are_read_with_the_readers_scope(world: Sandbox, name: str) -> None:
    Gmail(world, ADA, READONLY).call("GET", f"settings/{name}")
