"""`--data`: what a sandbox holds outlives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import HttpRequest
from mailgrant.sandbox.keeping.data import keeping
from mailgrant.sandbox.mail import search_text
from mailgrant.sandbox.oauth.clients import ClientKind

from .caller import Caller
from .conftest import NOON
from .mailing import ADA, GRACE, Gmail, encode, mail

MAIL = "https://mail.google.com/"
CALENDAR = "https://www.googleapis.com/auth/calendar"


@contextmanager
def day(folder: Path, **about: Any) -> Iterator[Sandbox]:
    """A day in the life of a sandbox, at the end of which it is stopped."""
    world = Sandbox(about.pop("now", None), **about)
    with keeping(world, folder):
        yield world


def refresh(world: Sandbox, token: str) -> dict[str, Any]:
    """Ask for an access token, as the installed client."""
    client = world.clients.default(ClientKind.INSTALLED)
    body = f"grant_type=refresh_token&refresh_token={token}&client_id={client.id}&client_secret={client.secret}"
    headers = {"content-type": "application/x-www-form-urlencoded", "host": "oauth2.googleapis.com"}
    answer: dict[str, Any] = json.loads(
        world.handle(HttpRequest("POST", "/token", headers=headers, body=body.encode())).body
    )
    return answer


def test_a_program_that_was_granted_yesterday_still_refreshes_today(tmp_path: Path) -> None:
    with day(tmp_path) as world:
        granted = world.authorize(ADA, scopes=[MAIL])

    with day(tmp_path) as world:
        answer = refresh(world, granted["refresh_token"])

        assert answer["scope"] == MAIL
        assert world.tokens.access(answer["access_token"]) is not None
        assert world.tokens.access(granted["token"]) is not None


def test_a_grant_that_was_revoked_yesterday_is_still_dead_today(tmp_path: Path) -> None:
    with day(tmp_path) as world:
        granted = world.authorize(ADA, scopes=[MAIL])
        world.revoke(ADA)

    with day(tmp_path) as world:
        assert refresh(world, granted["refresh_token"])["error_description"] == "Token has been expired or revoked."


def test_mail_is_there_byte_for_byte_and_its_json_too(tmp_path: Path) -> None:
    raw = b"Subject: =?utf-16?b?2AA=?=\r\nFrom: x@y.example\r\n\r\n\x00\xff odd bytes"
    with day(tmp_path, now=NOON) as world:
        odd = world.deliver(raw, to=ADA).id
        ids = Gmail(world).ids()
        before = [Gmail(world).get(found) for found in ids]

    with day(tmp_path) as world:
        gmail = Gmail(world)

        assert gmail.ids() == ids
        assert gmail.raw(odd) == raw
        for old, found in zip(before, ids, strict=True):
            new = gmail.get(found)
            assert without_attachment_ids(new) == without_attachment_ids(old)
            assert gmail.get(found, "?format=metadata") == gmail.get(found, "?format=metadata&prettyPrint=false")


def without_attachment_ids(message: Any) -> Any:
    """Return a message without what is written anew each time."""
    for part in message["payload"].get("parts", ()):
        part["body"].pop("attachmentId", None)
    return message


def test_bytes_that_are_on_disk_are_not_in_memory(tmp_path: Path) -> None:
    world = Sandbox(NOON)
    with keeping(world, tmp_path):
        found = world.deliver(mail("Lunch?"), to=ADA)
        mailbox = world.people.find(ADA).mailbox  # type: ignore[union-attr]
        stored = mailbox.get(found.id)
        assert stored is not None

    assert not isinstance(stored.content, bytes)
    assert len(stored.content) == len(mail("Lunch?"))


def test_labels_drafts_threads_and_history_go_on_where_they_were(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        gmail = Gmail(world)
        label = gmail.call("POST", "labels", {"name": "Engines/Analytical"})
        message = gmail.insert(mail("Notes", Message_ID="<n@example.com>"), label["id"])
        draft = gmail.call("POST", "drafts", {"message": {"raw": encode(mail("Draft"))}})
        start = gmail.call("GET", "profile")["historyId"]
        gmail.call("POST", f"messages/{message['id']}/modify", {"addLabelIds": ["STARRED"]})

    with day(tmp_path) as world:
        gmail = Gmail(world)
        reply = mail("Re: Notes", Message_ID="<m@example.com>", In_Reply_To="<n@example.com>")
        answer = gmail.insert(reply, threadId=message["threadId"])
        history = gmail.call("GET", f"history?startHistoryId={start}")["history"]

        assert label in gmail.call("GET", "labels")["labels"]
        assert gmail.ids("?q=label:engines-analytical") == [message["id"]]
        assert gmail.call("GET", f"drafts/{draft['id']}")["message"]["id"] == draft["message"]["id"]
        assert answer["threadId"] == message["threadId"]
        assert list(history[0]) == ["id", "messages", "labelsAdded"]
        assert "messagesAdded" in history[-1]


def test_ids_go_on_and_none_is_given_twice(tmp_path: Path) -> None:
    seen: list[str] = []
    for _ in range(3):
        with day(tmp_path) as world:
            gmail = Gmail(world)
            made = gmail.insert(mail("One more"))["id"]
            assert made > max(seen, default="")
            seen.append(made)
            # The newest one is deleted: neither its id nor its place may come back.
            gmail.call("DELETE", f"messages/{gmail.insert(mail('Gone'))['id']}")

    with day(tmp_path) as world:
        assert Gmail(world).ids("?q=subject:more") == seen[::-1]
        assert Gmail(world).ids("?q=subject:gone") == []


def test_events_are_there_with_their_series_exceptions_and_sync_tokens(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        calendar = Events(world)
        series = next(item for item in calendar.get("?singleEvents=false")["items"] if "recurrence" in item)
        instance = calendar.get(f"/{series['id']}/instances")["items"][2]
        calendar.patch(f"/{instance['id']}", {"summary": "Moved"})
        token = calendar.get("")["nextSyncToken"]
        before = calendar.get("?singleEvents=true")["items"]

    with day(tmp_path) as world:
        calendar = Events(world)

        assert calendar.get("?singleEvents=true")["items"] == before
        assert "Moved" in [item["summary"] for item in before]
        assert calendar.get(f"?syncToken={token}")["items"] == []


class Events:
    """Ada's calendar, as a program sees it."""

    def __init__(self, world: Sandbox) -> None:
        self._caller = Caller(world).sign_in(CALENDAR)

    def get(self, path: str) -> Any:
        """Read."""
        return json.loads(self._caller.get(f"/calendar/v3/calendars/primary/events{path}").body)

    def patch(self, path: str, value: Any) -> None:
        """Change an event."""
        target = f"/calendar/v3/calendars/primary/events{path}"
        headers = {"content-type": "application/json"}
        answer = self._caller.request("PATCH", target, body=json.dumps(value).encode(), headers=headers)
        assert answer.status == 200, answer.body


def test_people_settings_clients_and_what_was_sent_are_there(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        world.account("charles@example.org", workspace=True)
        gmail = Gmail(world, ADA, MAIL, "https://www.googleapis.com/auth/gmail.settings.basic")
        gmail.call("PUT", "settings/vacation", {"enableAutoReply": True, "responseSubject": "Away"})
        gmail.send(mail("To the world", to="world@example.net"))
        account, clients = world.service_account(), [client.id for client in world.clients]

    with day(tmp_path) as world:
        gmail = Gmail(world, ADA, MAIL, "https://www.googleapis.com/auth/gmail.settings.basic")

        assert [person.email for person in world.people] == [ADA, GRACE, "charles@example.org"]
        assert gmail.call("GET", "settings/vacation")["responseSubject"] == "Away"
        assert [sent.recipients for sent in world.sent] == [("world@example.net",)]
        assert world.service_account()["private_key"] == account["private_key"]
        assert [client.id for client in world.clients] == clients


def test_the_clock_goes_on_from_where_it_stood(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        granted = world.authorize(ADA, scopes=[MAIL])
        world.clock.advance(timedelta(minutes=59))

    with day(tmp_path) as world:
        assert timedelta(minutes=59) <= world.clock.now() - NOON < timedelta(minutes=60)
        assert world.tokens.access(granted["token"]) is not None
        world.clock.advance(timedelta(minutes=2))
        assert world.tokens.access(granted["token"]) is None


def test_a_clock_that_is_told_where_to_start_starts_there_again(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON):
        pass
    world = Sandbox(NOON + timedelta(days=3))

    with keeping(world, tmp_path, now=NOON + timedelta(days=3)):
        assert timedelta() <= world.clock.now() - NOON - timedelta(days=3) < timedelta(minutes=1)


def test_a_reset_is_kept_as_well(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        before = sorted(Gmail(world).ids())
        world.deliver(mail("Soon gone"), to=ADA)
        world.account("charles@example.org")

    with day(tmp_path) as world:
        world.reset()
        world.deliver(mail("Stays"), to=ADA)

    with day(tmp_path) as world:
        assert [person.email for person in world.people] == [ADA, GRACE]
        assert [message.subject for message in world.account(ADA).messages("subject:soon OR subject:stays")] == [
            "Stays"
        ]
        assert len(Gmail(world).ids()) == len(before) + 1


def test_a_person_who_was_removed_stays_away(tmp_path: Path) -> None:
    with day(tmp_path) as world:
        pass
    with day(tmp_path) as world:
        world.people.remove(world.people.find(GRACE))  # type: ignore[arg-type]

    with day(tmp_path) as world:
        assert [person.email for person in world.people] == [ADA]


def test_words_are_not_read_again_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_text, "BLOCK", 4)
    with day(tmp_path, now=NOON) as world:
        for number in range(11):
            world.deliver(mail(f"Number {number}", body="common"), to=ADA)
        assert len(Gmail(world).ids("?q=common")) == 11
        gone = Gmail(world).ids("?q=subject:3")
        Gmail(world).call("DELETE", f"messages/{gone[0]}")

    with day(tmp_path) as world:
        mailbox = world.people.find(ADA).mailbox  # type: ignore[union-attr]
        read = mailbox.index.words_so_far.read

        assert read == mailbox.ordinals >= 11
        assert len(Gmail(world).ids("?q=common")) == 10
        assert Gmail(world).ids("?q=subject:3") == []
        assert len(Gmail(world).ids('?q="number+7"')) == 1
        assert mailbox.index.words_so_far.read == mailbox.ordinals


def test_what_was_there_a_moment_ago_can_still_be_seen(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        found = world.deliver(mail("Deleted now"), to=ADA).id
    with day(tmp_path) as world:
        gmail = Gmail(world)
        gmail.call("DELETE", f"messages/{found}")
        world.fault("gmail.users.messages.get", stale="5m")

        assert gmail.get(found)["snippet"] == "Noon."
