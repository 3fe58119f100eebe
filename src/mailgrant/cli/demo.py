"""
`mailgrant demo`: the whole story, from a consent to a grant taken back, in under a minute.

Everything in it happens: a sandbox listens on a port of this machine, and what is printed is what
came back over HTTP. Each step checks itself; one that fails ends the story with exit code 1.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from .extras import require_sandbox
from .invocation import Invocation
from .output import json_line, local
from .stage import Narrator, check, open_in_background, temporary_mailgrant
from .tree import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from mailgrant import Account, Mailgrant, Message
    from mailgrant.sandbox import Sandbox

ADA = "ada@example.com"
GRACE = "grace@example.com"
SCOPES = ("gmail.modify", "calendar.events")
MINUTES = "Minutes – März.txt"
MINUTES_TEXT = "Agreed: lunch on Thursday, at the café.\n".encode()
AT_ONCE = 8


@click.command(cls=Verb, example="mailgrant demo --page")
@click.option("--page", is_flag=True, help="Answer the consent page yourself, in your own browser.")
@click.pass_obj
def demo(invocation: Invocation, page: bool) -> None:
    """
    Tell the whole story, with a Google on this machine.

    Nothing real is touched: the sandbox and the vault are gone again afterwards.
    """
    require_sandbox()
    from mailgrant.sandbox import Sandbox

    narrator = Narrator(aside=invocation.wants_json)
    narrator.heading("mailgrant: act on people's Gmail and Calendar with their consent, never their password.")
    world = Sandbox(consent="page" if page else "auto", seed="empty")
    for address, name in ((ADA, "Ada Lovelace"), (GRACE, "Grace Höpper")):
        world.account(address, name=name)
    with world.serve() as served, temporary_mailgrant(served.url, world.client_secrets()) as (mailgrant, folder):
        narrator.step("A Google on this machine")
        narrator.tell(f"It listens on {served.url}. Nothing leaves this machine, and nobody real is mailed.")
        Story(narrator, world, mailgrant, folder).play(page=page)
    farewell(narrator)
    if invocation.wants_json:
        click.echo(json_line({"steps": narrator.steps, "seconds": round(narrator.seconds, 1), "sandbox": True}))


@dataclass(slots=True)
class Story:
    """The demo's steps, in order; each shows something and checks it."""

    narrator: Narrator
    world: Sandbox
    mailgrant: Mailgrant
    folder: Path

    def play(self, *, page: bool) -> None:
        """Play all of it."""
        ada = self.ask(page=page)
        grace = self.ask_grace()
        self.send(ada)
        question = self.read(grace)
        self.reply(grace, question, ada)
        self.draft(ada, grace)
        self.labels(ada)
        self.events(ada)
        self.refresh(ada)
        self.revoke(ada)

    def ask(self, *, page: bool) -> Account:
        """Ask Ada for her consent."""
        self.narrator.step("Ada is asked for her consent")
        consent = self.mailgrant.consents.begin(ADA, SCOPES)
        self.narrator.tell("The link she gets (PKCE, one use, ten minutes):", "", consent.url, "")
        if page:
            self.narrator.tell("Open it in your browser, be Ada: tick every box and say yes. Ctrl-C gives up.")
        else:
            self.narrator.tell("Her page answers by itself here; `mailgrant demo --page` lets you answer it.")
            open_in_background(consent.url)
        grant = self.mailgrant.consents.wait(consent, timeout=timedelta(minutes=10 if page else 1))
        # Only the first question is put to the person who watches.
        self.world.consent = type(self.world.consent)("auto")
        allowed = ", ".join(scope.short for scope in grant.scopes.api)
        self.narrator.tell(f"{grant.account} allows: {allowed}.")
        self.narrator.tell("Her refresh token is sealed in the vault, and does not print:", str(grant))
        check(not grant.missing, "every box is ticked; the rest of the story needs them, so run it again")
        return self.mailgrant.account(ADA)

    def ask_grace(self) -> Account:
        """Get Grace's consent, without words: it goes the same way."""
        consent = self.mailgrant.consents.begin(GRACE, SCOPES)
        open_in_background(consent.url)
        self.mailgrant.consents.wait(consent, timeout=timedelta(minutes=1))
        self.narrator.tell(f"{GRACE} was asked the same way.")
        return self.mailgrant.account(GRACE)

    def send(self, ada: Account) -> None:
        """Send a mail with an attachment and names that are not ASCII."""
        self.narrator.step("Ada sends a mail with an attachment")
        path = self.folder / MINUTES
        path.write_bytes(MINUTES_TEXT)
        to = "Grace Höpper <grace@example.com>"
        sent = ada.gmail.send(
            to=to, subject="Lunch at the café?", text="Thursday at noon? The minutes are attached.", attachments=[path]
        )
        self.narrator.tell(f"To {to}, with {MINUTES}: Gmail accepted it as {sent.id}.")
        check(len(self.world.sent) == 1, "exactly one mail left")

    def read(self, grace: Account) -> Message:
        """Search and read it as the recipient."""
        self.narrator.step("Grace searches and reads it")
        found = list(grace.gmail.search("from:ada has:attachment is:unread"))
        check(len(found) == 1, "the search finds one mail")
        message = found[0]
        content = grace.gmail.attachment(message, message.attachments[0])
        self.narrator.tell(
            "from:ada has:attachment is:unread  finds",
            f"{local(message.date)}  {message.from_}  {message.subject}",
            f"{message.text.strip()}",
            f"Attached: {message.attachments[0].name}, {len(content)} bytes.",
        )
        check(message.attachments[0].name == MINUTES and content == MINUTES_TEXT, "the attachment arrives unchanged")
        return message

    def reply(self, grace: Account, question: Message, ada: Account) -> None:
        """Answer in the thread, and look at it from the other side."""
        self.narrator.step("Grace answers in the thread")
        grace.gmail.send(question.reply(text="Thursday at noon suits me."))
        received = next(iter(ada.gmail.search("in:inbox")))
        thread = ada.gmail.thread(received)
        self.narrator.tell("Ada's mailbox has them in one thread:")
        self.narrator.tell(*(f"{message.from_}: {message.subject}" for message in thread.messages))
        check(len(thread.messages) == 2, "question and answer are one thread")

    def draft(self, ada: Account, grace: Account) -> None:
        """Keep a draft, then send it."""
        self.narrator.step("Ada keeps a draft, then sends it")
        draft = ada.gmail.create_draft(to=GRACE, subject="A table for two", text="I have reserved it.")
        kept = [each.subject for each in ada.gmail.drafts()]
        sent = ada.gmail.send(draft)
        left = list(ada.gmail.drafts())
        arrived = [message.subject for message in grace.gmail.search("subject:table")]
        self.narrator.tell(f"Drafts: {', '.join(kept)}. Sent by its id as {sent.id}; drafts left: {len(left)}.")
        check(kept == ["A table for two"] == arrived and not left, "the draft went out once and is gone")

    def labels(self, ada: Account) -> None:
        """List the labels."""
        self.narrator.step("Labels")
        names = [label.name for label in ada.gmail.labels()]
        self.narrator.tell(", ".join(names))
        check("INBOX" in names, "there is an inbox")

    def events(self, ada: Account) -> None:
        """Add events and list what comes next."""
        self.narrator.step("The calendar")
        noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=2)
        ada.calendar.add(summary="Lunch", start=noon, duration=timedelta(hours=1), attendees=[GRACE])
        ada.calendar.add(summary="Fair", start=(noon + timedelta(days=3)).date())
        upcoming = ada.calendar.upcoming(10)
        self.narrator.tell(*(f"{local(event.start)}  {event.summary}" for event in upcoming))
        check([event.summary for event in upcoming] == ["Lunch", "Fair"], "both events are listed, in order")

    def refresh(self, ada: Account) -> None:
        """Expire the token, and let many find out at once."""
        self.narrator.step("The access token expires")
        before = self.refreshes()
        self.world.expire_tokens(ADA)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            profiles = list(pool.map(lambda _: ada.gmail.profile(), range(AT_ONCE)))
        refreshed = self.refreshes() - before
        self.narrator.tell(
            f"{AT_ONCE} threads used the dead token at once; all {len(profiles)} got their answer,",
            f"and Google's log shows {refreshed} refresh.",
        )
        check(refreshed == 1, "one refresh, however many ask")

    def refreshes(self) -> int:
        """Count the refreshes in the sandbox's log."""
        return sum(entry.grant_type == "refresh_token" for entry in self.world.requests)

    def revoke(self, ada: Account) -> None:
        """Take the grant back at Google, and see what the program is told."""
        from mailgrant import ConsentNeeded

        self.narrator.step("Ada takes her consent back")
        self.world.revoke(ADA)
        self.narrator.tell("She did it at Google, as anybody may at myaccount.google.com/connections. We are told:")
        try:
            ada.gmail.profile()
        except ConsentNeeded as error:
            self.narrator.tell(f"ConsentNeeded: {error.message}", error.hint)
        else:
            check(False, "a revoked grant raises ConsentNeeded")
        check(self.mailgrant.account(GRACE).gmail.profile(), "Grace's grant still works")


def farewell(narrator: Narrator) -> None:
    """Say what was shown and what to do next."""
    narrator.heading(f"\nThat was all of it, in {narrator.seconds:.1f} seconds:")
    narrator.tell(
        "consent, mail with attachments, search, threads, drafts, labels, events, one refresh for many,",
        "and an honest end. The sandbox and the vault of this demo are gone again.",
    )
    narrator.heading("Next, with a real account:")
    narrator.tell(
        "1. In the Google Cloud console make an OAuth client of type Desktop and download its file.",
        "2. mailgrant client add client_secret.json",
        "3. mailgrant login --scope gmail.send",
        '4. mailgrant send --to you@example.com --subject Hello --text "It works."',
    )
    narrator.heading("Or without one:")
    narrator.tell("mailgrant sandbox run, and set MAILGRANT_GOOGLE to the address it prints.")
