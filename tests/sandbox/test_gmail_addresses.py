"""users.settings.sendAs, forwardingAddresses and delegates, and From on what is sent."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.gmail.addresses import MOST_DELEGATES

from .mailing import ADA, BASIC, COLLEAGUE, GRACE, ORGANISED, READONLY, Gmail, header, mail, organised, settings

SALES = "sales@example.com"
DESK = "desk@office.example"
SERVER = {"host": "smtp.example.org", "port": 587, "securityMode": "starttls"}
NOT_FOUND = (404, "notFound", "Requested entity was not found.")
EXISTS = (409, "alreadyExists", "Requested entity already exists")
ADMINISTRATORS = (
    403,
    "forbidden",
    "Access restricted to service accounts that have been delegated domain-wide authority",
)


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return settings(world)


@pytest.fixture
def linus(world: Sandbox) -> Gmail:
    return organised(world)


def alias(gmail: Gmail, address: str, **more: Any) -> Any:
    return gmail.call("POST", "settings/sendAs", {"sendAsEmail": address, **more})


def from_of(gmail: Gmail, given: str) -> str:
    return header(gmail.get(gmail.send(mail(From=given))["id"]), "from")


def test_the_first_address_is_the_accounts_own(ada: Gmail) -> None:
    own = {
        "sendAsEmail": ADA,
        "displayName": "Ada Lovelace",
        "replyToAddress": "",
        "signature": "",
        "isPrimary": True,
        "isDefault": True,
    }

    assert ada.call("GET", "settings/sendAs") == {"sendAs": [own]}
    assert ada.call("GET", f"settings/sendAs/{ADA}") == own


def test_an_address_of_the_organisation_is_believed(linus: Gmail) -> None:
    made = alias(linus, DESK, displayName="Front desk", treatAsAlias=True)

    assert made == {
        "sendAsEmail": DESK,
        "displayName": "Front desk",
        "replyToAddress": "",
        "signature": "",
        "isDefault": False,
        "treatAsAlias": True,
        "verificationStatus": "accepted",
    }
    assert from_of(linus, DESK) == f"Front desk <{DESK}>"
    assert from_of(linus, f"Anybody <{DESK}>") == f"Anybody <{DESK}>"


def test_an_alias_without_a_name_goes_by_the_accounts(linus: Gmail) -> None:
    alias(linus, DESK)

    assert from_of(linus, DESK) == f"Linus <{DESK}>"


def test_an_alias_is_not_used_before_its_owner_agreed(world: Sandbox, ada: Gmail) -> None:
    assert alias(ada, SALES)["verificationStatus"] == "pending"
    assert from_of(ada, SALES) == f"Ada Lovelace <{ADA}>"

    world.account(ADA).confirm(SALES)

    assert ada.call("GET", f"settings/sendAs/{SALES}")["verificationStatus"] == "accepted"
    assert from_of(ada, SALES) == f"Ada Lovelace <{SALES}>"


def test_the_owner_of_an_address_is_asked_by_mail_and_may_be_asked_again(world: Sandbox, ada: Gmail) -> None:
    alias(ada, GRACE)
    assert ada.answer("POST", f"settings/sendAs/{GRACE}/verify").status == 204

    asked = world.account(GRACE).messages("from:gmail-noreply@google.com")
    assert len(asked) == 2
    assert ADA in asked[0].subject

    world.account(ADA).confirm(GRACE)
    refused = ada.refused("POST", f"settings/sendAs/{GRACE}/verify")
    assert refused == (400, "failedPrecondition", "Precondition check failed.")


def test_an_address_elsewhere_needs_a_server(ada: Gmail) -> None:
    refused = ada.refused("POST", "settings/sendAs", {"sendAsEmail": "ada@elsewhere.example"})
    assert refused == (400, "invalidArgument", "Custom from requires smtpMsa configuration")

    secret = {"username": "ada", "password": "not kept"}
    made = alias(ada, "ada@elsewhere.example", smtpMsa={**SERVER, **secret})

    assert made["smtpMsa"] == SERVER
    assert ada.call("GET", "settings/sendAs/ada@elsewhere.example")["smtpMsa"] == SERVER


def test_patch_keeps_and_update_resets_what_is_left_out(linus: Gmail) -> None:
    alias(linus, DESK, displayName="Front desk", replyToAddress=COLLEAGUE)

    patched = linus.call("PATCH", f"settings/sendAs/{DESK}", {"signature": "<b>Desk</b><script>x</script>"})
    assert (patched["displayName"], patched["signature"]) == ("Front desk", "<b>Desk</b>")
    updated = linus.call("PUT", f"settings/sendAs/{DESK}", {"displayName": "Desk"})
    assert (updated["displayName"], updated["signature"], updated["replyToAddress"]) == ("Desk", "", "")


def test_one_address_is_the_default_and_only_true_can_be_written(linus: Gmail) -> None:
    alias(linus, DESK)
    linus.call("PATCH", f"settings/sendAs/{DESK}", {"isDefault": True})

    defaults = {found["sendAsEmail"]: found["isDefault"] for found in linus.call("GET", "settings/sendAs")["sendAs"]}
    assert defaults == {ORGANISED: False, DESK: True}
    assert linus.refused("PATCH", f"settings/sendAs/{DESK}", {"isDefault": False})[0] == 400

    linus.call("DELETE", f"settings/sendAs/{DESK}")
    assert linus.call("GET", f"settings/sendAs/{ORGANISED}")["isDefault"] is True


def test_an_address_that_nobody_agreed_to_is_not_made_the_default(ada: Gmail) -> None:
    alias(ada, SALES)

    assert ada.refused("PATCH", f"settings/sendAs/{SALES}", {"isDefault": True})[1] == "failedPrecondition"


def test_the_api_never_writes_a_signature_into_mail(ada: Gmail) -> None:
    ada.call("PATCH", f"settings/sendAs/{ADA}", {"signature": "<b>The Countess</b>"})

    assert b"Countess" not in ada.raw(ada.send(mail())["id"])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "invalidArgument"),
        ({"sendAsEmail": "nobody"}, "invalidArgument"),
        ({"sendAsEmail": SALES, "replyToAddress": "nobody"}, "invalidArgument"),
        ({"sendAsEmail": SALES, "displayName": "a\nb"}, "invalidArgument"),
        ({"sendAsEmail": "a@b.example", "smtpMsa": {"host": "smtp.example.org"}}, "invalidArgument"),
        ({"sendAsEmail": ADA.upper()}, "alreadyExists"),
    ],
)
def test_an_alias_that_cannot_be_is_refused(ada: Gmail, body: Any, reason: str) -> None:
    assert ada.refused("POST", "settings/sendAs", body)[1] == reason
    assert len(ada.call("GET", "settings/sendAs")["sendAs"]) == 1


def test_the_accounts_own_address_cannot_be_removed(ada: Gmail) -> None:
    assert ada.refused("DELETE", f"settings/sendAs/{ADA}")[0] == 400
    assert ada.refused("DELETE", "settings/sendAs/other@example.com") == NOT_FOUND


def test_the_basic_scope_changes_the_own_address_only(world: Sandbox, linus: Gmail) -> None:
    alias(linus, DESK)
    basic = Gmail(world, ORGANISED, BASIC)

    assert basic.call("PATCH", f"settings/sendAs/{ORGANISED}", {"displayName": "L."})["displayName"] == "L."
    assert basic.refused("PATCH", f"settings/sendAs/{DESK}", {"displayName": "D."}) == ADMINISTRATORS


def test_a_forwarding_address_waits_for_the_yes_of_who_gets_the_mail(world: Sandbox, ada: Gmail) -> None:
    made = ada.call("POST", "settings/forwardingAddresses", {"forwardingEmail": GRACE})
    assert made == {"forwardingEmail": GRACE, "verificationStatus": "pending"}
    assert "forward mail" in world.account(GRACE).inbox[0].subject
    assert ada.refused("POST", "settings/forwardingAddresses", {"forwardingEmail": GRACE}) == EXISTS

    world.account(ADA).confirm(GRACE)

    agreed = made | {"verificationStatus": "accepted"}
    assert ada.call("GET", "settings/forwardingAddresses") == {"forwardingAddresses": [agreed]}
    assert ada.call("GET", f"settings/forwardingAddresses/{GRACE}") == agreed
    ada.call("DELETE", f"settings/forwardingAddresses/{GRACE}")
    assert ada.call("GET", "settings/forwardingAddresses") == {}
    assert ada.refused("GET", f"settings/forwardingAddresses/{GRACE}") == NOT_FOUND
    assert ada.refused("DELETE", f"settings/forwardingAddresses/{GRACE}") == NOT_FOUND


def test_a_colleague_is_forwarded_to_without_asking(linus: Gmail) -> None:
    made = linus.call("POST", "settings/forwardingAddresses", {"forwardingEmail": COLLEAGUE})

    assert made["verificationStatus"] == "accepted"


def test_nobody_can_agree_to_what_was_not_asked(world: Sandbox) -> None:
    with pytest.raises(ValueError, match="asked nothing of"):
        world.account(ADA).confirm(GRACE)


def test_a_colleague_may_be_made_a_delegate(linus: Gmail) -> None:
    made = linus.call("POST", "settings/delegates", {"delegateEmail": COLLEAGUE})

    assert made == {"delegateEmail": COLLEAGUE, "verificationStatus": "accepted"}
    assert linus.call("GET", "settings/delegates") == {"delegates": [made]}
    assert linus.call("GET", f"settings/delegates/{COLLEAGUE}") == made
    assert linus.refused("POST", "settings/delegates", {"delegateEmail": COLLEAGUE}) == EXISTS
    linus.call("DELETE", f"settings/delegates/{COLLEAGUE}")
    assert linus.call("GET", "settings/delegates") == {}
    assert linus.refused("GET", f"settings/delegates/{COLLEAGUE}") == NOT_FOUND
    assert linus.refused("DELETE", f"settings/delegates/{COLLEAGUE}") == NOT_FOUND


@pytest.mark.parametrize("address", [GRACE, ORGANISED, "nobody@office.example", "nobody", ""])
def test_only_a_colleague_can_be_a_delegate(linus: Gmail, address: str) -> None:
    assert linus.refused("POST", "settings/delegates", {"delegateEmail": address})[:2] == (400, "invalidArgument")


def test_a_private_account_has_no_delegates(ada: Gmail) -> None:
    assert ada.refused("POST", "settings/delegates", {"delegateEmail": GRACE})[0] == 400


def test_there_are_25_delegates_at_most(world: Sandbox, linus: Gmail) -> None:
    assert MOST_DELEGATES == 25
    for number in range(MOST_DELEGATES + 1):
        world.account(f"p{number}@office.example", workspace=True)
    for number in range(MOST_DELEGATES):
        linus.call("POST", "settings/delegates", {"delegateEmail": f"p{number}@office.example"})

    refused = linus.refused("POST", "settings/delegates", {"delegateEmail": f"p{MOST_DELEGATES}@office.example"})

    assert refused[:2] == (400, "failedPrecondition")


@pytest.mark.parametrize("path", ["settings/delegates", f"settings/delegates/{GRACE}"])
def test_delegates_are_shown_to_administrators_only(world: Sandbox, path: str) -> None:
    assert Gmail(world, ADA, READONLY).refused("GET", path) == ADMINISTRATORS
