"""The control API: what a test, a demo or a person does to this Google, and who may."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.clock import real_now
from mailgrant.sandbox.frame.wire import Answer, HttpRequest

from .caller import LOOPBACK, Caller, body, callback

ADA = "accounts/ada@example.com/messages"
SEND = "https://www.googleapis.com/auth/gmail.send"
MAIL = "https://mail.google.com/"
PROFILE = "/gmail/v1/users/me/profile"


def refused(answer: Answer) -> tuple[int, str]:
    """Return status and message of a refusal, which always has a hint."""
    said = body(answer)["error"]
    assert set(said) == {"message", "hint"}
    return answer.status, said["message"]


def test_the_index_says_what_is_there(caller: Caller) -> None:
    index = body(caller.control("GET", ""))

    assert [account["email"] for account in index["accounts"]] == ["ada@example.com", "grace@example.com"]
    assert {client["type"] for client in index["clients"]} == {"web", "installed"}
    assert index["clock"]["now"].startswith("2026-03-04T12:00:")
    assert "secret" not in str(index)


def test_an_account_is_added_and_can_consent(world: Sandbox, caller: Caller) -> None:
    added = caller.control("POST", "accounts", {"email": "kay@firm.example", "name": "Kay", "workspace": True})

    assert added.status == 201
    assert body(added) == {
        "email": "kay@firm.example",
        "name": "Kay",
        "sub": world.account("kay@firm.example").sub,
        "workspace": True,
        "test_user": True,
    }
    assert callback(caller.authorize("openid", login_hint="kay@firm.example"))["hd"] == "firm.example"


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "The field 'email' is missing."),
        ({"email": "ada@example.com"}, "ada@example.com has an account already"),
        ({"email": "nobody"}, "'nobody' is not an email address"),
        ({"email": "a@b.example", "colour": "red"}, "There is no field 'colour' here."),
        ({"email": "a@b.example", "workspace": "yes"}, "The field 'workspace' is true or false, not \"yes\"."),
        ({"email": 5}, "The field 'email' is a text, not 5."),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(caller: Caller, sent: Any, message: str) -> None:
    assert refused(caller.control("POST", "accounts", sent)) == (400, message)


def test_a_mail_is_delivered_byte_for_byte(world: Sandbox, caller: Caller) -> None:
    mail = b"From: grace@example.com\r\nTo: ada@example.com\r\nSubject: Bytes\r\n\r\n\xff\xfe\r\n"
    headers = {**LOOPBACK, "content-type": "message/rfc822"}

    answer = world.handle(HttpRequest("POST", f"/_sandbox/{ADA}", headers=headers, body=mail))

    held = body(caller.control("GET", ADA))["messages"]
    assert answer.status == 201
    assert held[0]["id"] == body(answer)["id"]
    assert urlsafe_b64decode(held[0]["raw"]) == mail
    assert set(held[0]["labelIds"]) >= {"INBOX", "UNREAD"}


def test_a_mail_is_built_from_fields(world: Sandbox, caller: Caller) -> None:
    sent = {
        "from": "Gräce <grace@example.com>",
        "to": "ada@example.com",
        "subject": "Grüße",
        "text": "Hallo",
        "attachments": [{"filename": "ä.txt", "type": "text/plain", "content": b64encode(b"x").decode()}],
        "labels": ["INBOX", "STARRED"],
    }

    answer = caller.control("POST", ADA, sent)

    newest = world.account("ada@example.com").messages("subject:Grüße")[0]
    assert answer.status == 201
    assert body(answer) == {"id": newest.id, "threadId": newest.thread_id}
    assert (newest.subject, newest.text.strip()) == ("Grüße", "Hallo")
    assert newest.labels == {"INBOX", "STARRED"}
    assert [part.get_filename() for part in newest.parsed.iter_attachments()] == ["ä.txt"]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (ADA, {"from": "g@example.com", "colour": "red"}),
        (ADA, {"from": 5}),
        (ADA, {"from": "g@example.com", "labels": "INBOX"}),
        (ADA, {"from": "g@example.com", "date": "yesterday"}),
        (ADA, {"from": "g@example.com", "subject": "two\nlines"}),
        ("accounts/ada@example.com/events", {"summary": "never"}),
        ("clients", {"type": "web", "redirect_uris": "https://app.example.org/"}),
        ("clients", {"type": "web", "secret": 5}),
        ("authorize", {"email": "ada@example.com", "scopes": [5]}),
        ("authorize", {"email": "ada@example.com", "scopes": ["gmail.nonsense"]}),
        ("authorize", {"email": "ada@example.com"}),
        ("tokens/expire", {"email": "who@example.com"}),
        ("grants/revoke", {"client_id": "x"}),
        ("faults", {"effect": {"status": "500"}}),
        ("faults", {"match": {"method": 5}, "effect": {"status": 500}}),
        ("faults", {"effect": {"status": 500}, "times": True}),
        ("clock", {"set": "9999-12-31T00:00:00Z"}),
        ("clock", {"advance": "99999999d"}),
        ("reset", {"hard": True}),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_a_hint_and_changes_nothing(
    world: Sandbox, caller: Caller, path: str, sent: Any
) -> None:
    before = len(world.account("ada@example.com").messages())

    assert refused(caller.control("POST", path, sent))[0] == 400
    assert len(world.account("ada@example.com").messages()) == before


def test_a_mailbox_is_searched_with_gmails_words(caller: Caller) -> None:
    found = body(caller.control("GET", f"{ADA}?q=has:attachment"))["messages"]

    assert len(found) == 1
    assert b"minutes" in urlsafe_b64decode(found[0]["raw"])


def test_an_event_is_added_to_a_diary(caller: Caller) -> None:
    event = {
        "summary": "Lunch",
        "start": {"dateTime": "2026-03-05T12:00:00Z"},
        "end": {"dateTime": "2026-03-05T13:00:00Z"},
    }

    answer = caller.control("POST", "accounts/ada@example.com/events", event)

    assert answer.status == 201
    assert body(answer)["summary"] == "Lunch"
    assert body(answer)["id"]


def test_an_account_nobody_has_is_not_found(caller: Caller) -> None:
    assert refused(caller.control("GET", "accounts/who@example.com/messages"))[0] == 404


def test_what_left_an_account_is_listed_with_its_recipients(caller: Caller) -> None:
    mail = b"From: ada@example.com\r\nTo: grace@example.com\r\nBcc: world@example.net\r\nSubject: Out\r\n\r\nHello\r\n"
    caller.sign_in(SEND).request(
        "POST",
        "/upload/gmail/v1/users/me/messages/send?uploadType=media",
        body=mail,
        headers={"content-type": "message/rfc822"},
    )

    (sent,) = body(caller.control("GET", "sent"))["sent"]
    assert sent["method"] == "gmail.users.messages.send"
    assert sent["sender"] == "ada@example.com"
    assert sorted(sent["recipients"]) == ["grace@example.com", "world@example.net"]
    assert b"Subject: Out" in urlsafe_b64decode(sent["raw"])


def test_a_client_is_registered_and_works(caller: Caller) -> None:
    wanted = {"type": "web", "redirect_uris": ["https://app.example.org/back"], "publishing_status": "testing"}

    answer = caller.control("POST", "clients", wanted)

    client = body(answer)
    assert answer.status == 201
    assert client["file"]["web"]["client_secret"] == client["client_secret"]
    redirected = caller.authorize(SEND, client_id=client["client_id"], redirect_uri="https://app.example.org/back")
    assert "code" in callback(redirected)


@pytest.mark.parametrize("sent", [{"type": "toaster"}, {"type": "web", "publishing_status": "soon"}, {}], ids=str)
def test_a_client_that_makes_no_sense_is_refused(caller: Caller, sent: Any) -> None:
    assert refused(caller.control("POST", "clients", sent))[0] == 400


def test_a_grant_without_a_page_is_an_authorized_user_with_a_live_token(caller: Caller) -> None:
    wanted = {"email": "grace@example.com", "client_id": caller.client.id, "scopes": ["email", MAIL]}

    granted = body(caller.control("POST", "authorize", wanted))

    assert granted["type"] == "authorized_user"
    assert {"client_id", "client_secret", "refresh_token", "token"} <= set(granted)
    caller.token = granted["token"]
    assert body(caller.get(PROFILE))["emailAddress"] == "grace@example.com"
    assert caller.refresh(granted["refresh_token"]).status == 200


def test_a_grant_without_a_page_may_hold_any_scope(caller: Caller) -> None:
    sharing = "https://www.googleapis.com/auth/gmail.settings.sharing"
    wanted = {"email": "ada@example.com", "client_id": caller.client.id, "scopes": [sharing]}

    assert body(caller.control("POST", "authorize", wanted))["scopes"] == [sharing]


def test_a_grant_can_be_revoked_as_its_owner_would(caller: Caller) -> None:
    caller.sign_in(MAIL)

    answer = caller.control("POST", "grants/revoke", {"email": "ada@example.com", "client_id": caller.client.id})

    assert body(answer) == {}
    assert caller.get(PROFILE).status == 401


def test_tokens_can_be_expired_as_time_would(caller: Caller) -> None:
    caller.sign_in(MAIL)

    assert body(caller.control("POST", "tokens/expire", {})) == {}
    assert caller.get(PROFILE).status == 401


def test_time_moves_and_tokens_age_with_it(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)

    moved = body(caller.control("POST", "clock", {"advance": "8d"}))
    back = body(caller.control("POST", "clock", {"set": "2026-01-15T09:00:00Z"}))

    assert moved["now"].startswith("2026-03-12T12:00:")
    assert back["now"].startswith("2026-01-15T09:00:")
    assert world.clock.now() - datetime.fromisoformat("2026-01-15T09:00:00+00:00") < timedelta(seconds=5)
    assert caller.get(PROFILE).status == 401


@pytest.mark.parametrize("sent", [{}, {"advance": "8d", "set": "x"}, {"advance": "soon"}, {"set": "2026-01-15T09:00"}])
def test_a_clock_that_makes_no_sense_is_refused(caller: Caller, sent: Any) -> None:
    assert refused(caller.control("POST", "clock", sent))[0] == 400


def test_faults_are_asked_for_listed_and_cleared(caller: Caller) -> None:
    fault = {"match": {"method": "gmail.users.getProfile"}, "times": 2, "effect": {"status": 503}}
    caller.control("POST", "faults", fault)
    caller.sign_in(MAIL)

    assert caller.get(PROFILE).status == 503
    (listed,) = body(caller.control("GET", "faults"))["faults"]
    assert (listed["match"]["method"], listed["times"]) == ("gmail.users.getProfile", 1)
    assert body(caller.control("DELETE", "faults")) == {}
    assert caller.get(PROFILE).status == 200


def test_the_log_lists_requests_with_their_real_time_and_not_control_calls(caller: Caller) -> None:
    caller.sign_in(MAIL).get(f"{PROFILE}?alt=json")

    (entry,) = body(caller.control("GET", "requests"))["requests"]
    assert abs(datetime.fromisoformat(entry.pop("time")) - real_now()) < timedelta(minutes=1)
    assert entry.pop("bytes") > 0
    assert entry == {
        "method": "gmail.users.getProfile",
        "verb": "GET",
        "path": PROFILE,
        "account": "ada@example.com",
        "client_id": caller.client.id,
        "status": 200,
        "units": 1,
    }


def test_reset_goes_back_to_the_seed_and_takes_all_tokens(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    world.account("kay@example.com")
    world.account("ada@example.com").receive(from_="grace@example.com", subject="Gone")
    world.clock.advance(timedelta(days=9))

    assert body(caller.control("POST", "reset", {})) == {}

    assert [person.email for person in world.people] == ["ada@example.com", "grace@example.com"]
    assert not world.account("ada@example.com").messages("subject:Gone")
    assert caller.get(PROFILE).status == 401
    assert world.clock.now() - world.clock.start < timedelta(seconds=5)


def test_the_same_start_gives_the_same_ids_and_order(world: Sandbox) -> None:
    again = Sandbox(world.clock.start)

    for email in ("ada@example.com", "grace@example.com"):
        mine, theirs = world.account(email).messages(), again.account(email).messages()
        assert [message.id for message in mine] == [message.id for message in theirs]
        assert [message.subject for message in mine] == [message.subject for message in theirs]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8025"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
    ],
    ids=str,
)
def test_the_control_api_refuses_foreign_hosts_and_origins(caller: Caller, headers: dict[str, str]) -> None:
    assert refused(caller.control("GET", "requests", **headers))[0] == 403
    assert refused(caller.control("POST", "reset", {}, **headers))[0] == 403


def test_its_own_page_may_use_it(caller: Caller) -> None:
    assert caller.control("GET", "requests", origin="http://127.0.0.1:8025").status == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_writes_need_a_content_type_that_no_form_can_send(caller: Caller, kind: str) -> None:
    answer = caller.control("POST", "reset", {}, **{"content-type": kind})

    assert refused(answer) == (415, "The control API reads JSON and mails only.")


@pytest.mark.parametrize(("verb", "path"), [("GET", "nothing"), ("PUT", "clock"), ("GET", "accounts")])
def test_what_is_not_there_is_said_to_be_not_there(caller: Caller, verb: str, path: str) -> None:
    assert refused(caller.control(verb, path))[0] == 404


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"'])
def test_a_body_that_is_no_object_is_refused(world: Sandbox, content: bytes) -> None:
    headers = {**LOOPBACK, "content-type": "application/json"}

    assert refused(world.handle(HttpRequest("POST", "/_sandbox/clock", headers=headers, body=content)))[0] == 400


def test_the_front_door_leads_to_the_control_page(caller: Caller) -> None:
    assert caller.get("/").header("Location") == "/_sandbox/"


def test_an_account_can_be_used_from_python(world: Sandbox) -> None:
    ada = world.account("ada@example.com")

    received = ada.receive(from_="grace@example.com", subject="Lunch?", text="Noon?")
    event = ada.add_event("Lunch", start=world.clock.now(), end=world.clock.now() + timedelta(hours=1))

    assert ada.inbox[0] == received
    assert (received.subject, received.from_, received.to) == ("Lunch?", "grace@example.com", "ada@example.com")
    assert event["summary"] == "Lunch"
    assert world.account("new@example.com").messages() == []


def test_who_and_what_python_names_must_exist(world: Sandbox) -> None:
    with pytest.raises(ValueError, match="no account"):
        world.authorize("who@example.com", scopes=[MAIL])
    with pytest.raises(ValueError, match="no client"):
        world.authorize("ada@example.com", "who", [MAIL])
    with pytest.raises(ValueError, match="no seed"):
        Sandbox(seed="potato")


def test_an_empty_sandbox_has_nobody(caller: Caller) -> None:
    assert len(Sandbox(seed="empty").people) == 0
