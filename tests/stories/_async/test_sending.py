"""A mail goes out once, whatever is lost on the way, and what is said about it is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, OutcomeUnknown
from mailgrant.errors import DraftChanged, GoogleError, NotFound, RateLimited
from mailgrant.gmail.attempt import Patience, Stage
from mailgrant.gmail.message import Evidence
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
# Longer than the late and stale faults of these tests.
PATIENCE = Patience(
    still_running=timedelta(seconds=0.25), between_looks=timedelta(seconds=0.05), giving_up=timedelta(seconds=2)
)
CREATE, SEND, AT_ONCE = "gmail.users.drafts.create", "gmail.users.drafts.send", "gmail.users.messages.send"
LISTING, LOOK = "gmail.users.drafts.list", "gmail.users.drafts.get"
INVITATION = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
LOST: dict[str, dict[str, Any]] = {
    "cut before": {"drop": "before"},
    "cut after": {"drop": "after"},
    "late": {"late": "150ms"},
    "503": {"status": 503},
    "truncated": {"truncate": True},
    "corrupt": {"corrupt": True},
}


@pytest.fixture
def office(office: dict[str, Any]) -> dict[str, Any]:
    return {**office, "patience": PATIENCE}


async def granted(mailgrant: AsyncMailgrant, person: Person, scopes: str = "gmail.modify") -> AsyncAccount:
    consent = await mailgrant.consents.begin(ADA, scopes, redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


async def unanswered(ada: AsyncAccount, sandbox: Sandbox, **effect: Any) -> OutcomeUnknown:
    """Send a mail whose answer is lost once its draft is there, and do not wait for what comes of it."""
    sandbox.fault(SEND, **effect or {"drop": "before"})
    with pytest.raises(OutcomeUnknown) as caught:
        await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?", settle=False)
    return caught.value


def subjects(sandbox: Sandbox) -> list[str]:
    return [mail.subject for mail in sandbox.account(GRACE).inbox]


@pytest.mark.parametrize("effect", LOST.values(), ids=LOST)
@pytest.mark.parametrize("step", [CREATE, SEND])
async def test_a_lost_answer_is_settled_and_the_mail_goes_out_once(
    sandbox: Sandbox, office: dict[str, Any], person: Person, step: str, effect: dict[str, Any]
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.fault(step, **effect)
        sent = await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")
        left = await ada.gmail.unsettled()

    assert subjects(sandbox) == ["Lunch"]
    assert sent.evidence in (Evidence.ANSWER, Evidence.SENT_COPY)
    assert sent.id in {mail.id for mail in sandbox.account(ADA).messages("in:sent")}
    assert sandbox.account(ADA).drafts == {}
    assert left == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "Grace <grace@bücher.example>"},
        {"calendar": INVITATION},
        {"html": "<p>At noon?", "calendar": INVITATION},
        {"attachments": {" a  menu .txt": b"x", "=?utf-8?q?menu?=.txt": b"y"}},
        {"subject": "=?utf-8?q?Lunch?= at noon "},
        {"text": " ", "html": "<p>At noon?"},
        {"text": "At noon?", "signature": True},
        {"html": "<p>At noon?", "signature": True},
    ],
    ids=[
        "domain beyond ascii",
        "invitation",
        "invitation of html",
        "odd names",
        "odd subject",
        "blank text",
        "signed",
        "signed html",
    ],
)
async def test_a_draft_whose_making_was_not_answered_is_known_again_whatever_it_holds(
    sandbox: Sandbox, office: dict[str, Any], person: Person, fields: dict[str, Any]
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, "gmail.modify gmail.settings.basic")
        [own] = await ada.gmail.send_as()
        await ada.gmail.edit_send_as(replace(own, name="Ada Lovelace", signature="<b>Ada</b>"))
        sandbox.fault(CREATE, drop="after")
        await ada.gmail.send(**({"to": GRACE, "subject": "Lunch"} | fields))

    assert len(sandbox.sent) == 1
    assert sandbox.account(ADA).drafts == {}


@pytest.mark.parametrize("effect", LOST.values(), ids=LOST)
async def test_looks_that_fail_do_not_hide_the_truth(
    sandbox: Sandbox, office: dict[str, Any], person: Person, effect: dict[str, Any]
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.fault(SEND, drop="after")
        sandbox.fault(LOOK, **effect)
        sent = await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")

    assert (subjects(sandbox), sent.evidence) == (["Lunch"], Evidence.SENT_COPY)


async def test_a_stale_look_does_not_send_twice(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.fault(SEND, drop="after")
        sandbox.fault(LOOK, times=2, stale="5s")
        sent = await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")

    assert (subjects(sandbox), sent.evidence) == (["Lunch"], Evidence.SENT_COPY)


async def test_where_sent_mail_may_not_be_read_the_draft_that_is_gone_is_the_evidence(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, "gmail.compose")
        sandbox.fault(SEND, drop="after")
        sent = await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")

    assert (subjects(sandbox), sent.id, sent.evidence) == (["Lunch"], None, Evidence.DRAFT_GONE)


async def test_with_send_alone_a_lost_answer_is_unknown_and_settled_when_more_is_granted(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, "gmail.send")
        sandbox.fault(AT_ONCE, drop="after")
        with pytest.raises(OutcomeUnknown) as caught:
            await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")
        with pytest.raises(OutcomeUnknown):
            await ada.gmail.settle(caught.value)
        ada = await granted(mailgrant, person, "gmail.send gmail.readonly")
        sent = await ada.gmail.settle(caught.value)
        with pytest.raises(NotFound):
            await ada.gmail.settle(caught.value)

    assert not caught.value.retryable
    assert sent is not None
    assert (subjects(sandbox), sent.evidence) == (["Lunch"], Evidence.SENT_COPY)


async def test_a_caller_who_does_not_wait_gets_the_attempt_and_settles_it_later(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        unknown = await unanswered(ada, sandbox)
        [attempt] = await ada.gmail.unsettled()
        before = subjects(sandbox)
        sent = await ada.gmail.settle(attempt)

    assert (attempt.id, attempt.stage) == (unknown.attempt, Stage.SENDING)
    assert sent is not None
    assert (before, subjects(sandbox)) == ([], ["Lunch"])


@pytest.mark.parametrize(("effect", "went_out"), [({"drop": "before"}, False), ({"drop": "after"}, True)])
async def test_giving_up_deletes_the_draft_or_says_that_it_went_out(
    sandbox: Sandbox, office: dict[str, Any], person: Person, effect: dict[str, Any], went_out: bool
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        unknown = await unanswered(ada, sandbox, **effect)
        sent = await ada.gmail.settle(unknown, give_up=True)
        left = await ada.gmail.unsettled()

    assert (sent is not None) is went_out
    assert subjects(sandbox) == (["Lunch"] if went_out else [])
    assert (sandbox.account(ADA).drafts, left) == ({}, ())


async def test_a_draft_that_a_person_edited_meanwhile_is_left_alone(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        unknown = await unanswered(ada, sandbox)
        [draft_id] = sandbox.account(ADA).drafts
        sandbox.account(ADA).edit_draft(draft_id, subject="Dinner")
        with pytest.raises(DraftChanged):
            await ada.gmail.settle(unknown)

    assert subjects(sandbox) == []
    assert [held.subject for held in sandbox.account(ADA).drafts.values()] == ["Dinner"]


async def test_a_draft_that_a_person_sent_meanwhile_counts_as_sent(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        unknown = await unanswered(ada, sandbox)
        [draft_id] = sandbox.account(ADA).drafts
        sandbox.account(ADA).send_draft(draft_id)
        sent = await ada.gmail.settle(unknown)

    assert sent is not None
    assert (subjects(sandbox), sent.evidence) == (["Lunch"], Evidence.SENT_COPY)


async def test_a_draft_that_a_person_deleted_meanwhile_stays_unknown(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        unknown = await unanswered(ada, sandbox)
        [draft_id] = sandbox.account(ADA).drafts
        sandbox.account(ADA).delete_draft(draft_id)
        with pytest.raises(OutcomeUnknown):
            await ada.gmail.settle(unknown)

    assert subjects(sandbox) == []


async def test_a_refused_send_leaves_no_draft_and_no_attempt_behind(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.fault(SEND, status=400, reason="invalidArgument")
        with pytest.raises(GoogleError):
            await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")
        left = await ada.gmail.unsettled()

    assert (subjects(sandbox), sandbox.account(ADA).drafts, left) == ([], {}, ())


async def test_a_send_refused_for_today_leaves_no_draft_behind(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.fault(SEND, status=403, reason="dailyLimitExceeded")
        with pytest.raises(RateLimited):
            await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")

    assert (subjects(sandbox), sandbox.account(ADA).drafts) == ([], {})


async def test_a_draft_of_the_persons_own_goes_out_once_too(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        kept = await ada.gmail.create_draft(to=GRACE, subject="Lunch", text="At noon?")
        sandbox.fault(SEND, drop="after")
        sent = await ada.gmail.send(kept)
        with pytest.raises(NotFound):
            await ada.gmail.send(await ada.gmail.read_draft(kept.id or ""))

    assert (subjects(sandbox), sent.evidence) == (["Lunch"], Evidence.DRAFT_GONE)


async def test_every_way_of_losing_two_answers_in_a_row_ends_well(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        for number, (first, second) in enumerate([("before", "after"), ("after", "before"), ("before", "before")]):
            sandbox.fault(CREATE, drop=first)
            sandbox.fault(SEND, times=2, drop=second)
            await ada.gmail.send(to=GRACE, subject=f"Lunch {number}", text="At noon?")

    assert sorted(subjects(sandbox)) == ["Lunch 0", "Lunch 1", "Lunch 2"]
    assert sandbox.account(ADA).drafts == {}


async def test_the_listing_of_drafts_may_fail_while_a_lost_draft_is_looked_for(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        for number in range(3):
            await ada.gmail.create_draft(to=GRACE, subject=f"Mine {number}")
        sandbox.fault(CREATE, late="150ms")
        sandbox.fault(LISTING, status=503)
        await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")

    assert subjects(sandbox) == ["Lunch"]
    assert sorted(held.subject for held in sandbox.account(ADA).drafts.values()) == ["Mine 0", "Mine 1", "Mine 2"]
