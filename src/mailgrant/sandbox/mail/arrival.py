"""
Arrival: what a mailbox does by itself when a mail comes in.

Filters sort it, addresses that were agreed to get it forwarded, and the vacation responder answers. None
of it happens to mail that is put elsewhere than the inbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.mail import addresses, filters, vacation
from mailgrant.sandbox.mail.index import Index
from mailgrant.sandbox.mail.mailbox import ARRIVED, StoredMessage
from mailgrant.sandbox.mail.mime import Headers, all_headers, read_headers
from mailgrant.sandbox.mail.search import Search

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

DISPOSITIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "leaveInInbox": ((), ()),
    "archive": ((), ("INBOX",)),
    "trash": (("TRASH",), ("INBOX",)),
    "markRead": ((), ("UNREAD",)),
}
FORWARDED_FOR = "X-Forwarded-For"
# The vacation responder writes to the same person again after so long.
ANSWERS_AGAIN = timedelta(days=4)


class Arrival:
    """One mail coming in for one person."""

    def __init__(self, world: Sandbox, person: Person, raw: bytes) -> None:
        self._world = world
        self._person = person
        self._raw = bytes(raw)

    @cached_property
    def _headers(self) -> Headers:
        return read_headers(self._raw)[0]

    def receive(self, *, labels: Iterable[str] = ARRIVED, at: datetime | None = None) -> StoredMessage:
        """Put the mail into the mailbox, sorted, and do what else is set; returns it as it lies there."""
        mailbox = self._person.mailbox
        given = tuple(dict.fromkeys(mailbox.labels.id_for(label) for label in labels))
        stored = mailbox.deliver(self._raw, labels=self.sorted(given), at=at)
        self.follow_up(given)
        return stored

    def sorted(self, given: tuple[str, ...]) -> tuple[str, ...]:
        """Return the labels with which the mail lies in the mailbox."""
        if "INBOX" not in given:
            return given
        changes = [_label_change(found["action"]) for found in self._matching(given)]
        if self._forwards():
            changes.append(DISPOSITIONS[self._person.settings.auto_forwarding["disposition"]])
        added = [label for add, _ in changes for label in add]
        removed = {label for _, remove in changes for label in remove}
        if "TRASH" in added:
            removed.add("INBOX")
        wanted = dict.fromkeys([*given, *added])
        # A label may have been deleted since; what one filter adds, another may take off again.
        return tuple(label for label in wanted if label not in removed and label in self._person.mailbox.labels)

    def follow_up(self, given: tuple[str, ...]) -> None:
        """Forward the mail and answer it, where that is set."""
        if "INBOX" not in given:
            return
        targets = [found["action"].get("forward", "") for found in self._matching(given)]
        targets += [self._person.settings.auto_forwarding["emailAddress"]] if self._forwards() else []
        for target in dict.fromkeys(filter(None, targets)):
            self._forward(target)
        self._answer()

    def _matching(self, given: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return the filters that mean this mail; it is asked about alone, before it is in the mailbox."""
        held = self._person.settings.filters
        if not any(True for _ in held):
            return []
        mailbox, now = self._person.mailbox, self._world.clock.now()
        index = Index()
        index.add(self._raw, labels=given, internal_date=int(now.timestamp() * 1000), message_id="")
        search = Search(
            index,
            owner=mailbox.owner,
            now=now,
            labels_named=mailbox.labels.named,
            user_labels=mailbox.labels.user_ids,
        )
        return [found for found in held if search.find(filters.meaning(found["criteria"]), index.alive)]

    def _forwards(self) -> bool:
        return bool(self._person.settings.auto_forwarding["enabled"])

    def _forward(self, target: str) -> None:
        """Send the mail on as it is, unless it has been here before: two mailboxes may forward to each other."""
        # Each says who forwarded, and to whom.
        been = {value.casefold().partition(" ")[0] for value in all_headers(self._headers, FORWARDED_FOR)}
        own = self._person.email
        if own.casefold() in been or not self._person.settings.forwarding.accepts(target):
            return
        trace = f"X-Forwarded-To: {target}\r\n{FORWARDED_FOR}: {own} {target}\r\n".encode()
        self._world.post.dispatch(self._person, trace + self._raw, (target,), method="forwarding")

    def _answer(self) -> None:
        settings, now = self._person.settings, self._world.clock.now()
        sender = next(addresses.received(all_headers(self._headers, "from")), "")
        last = settings.answered.get(sender)
        if last is not None and timedelta() <= now - last < ANSWERS_AGAIN:
            return
        if not vacation.wants_answer(self._person, self._headers, sender, now=now, known=self._known):
            return
        settings.answered[sender] = now
        message_id = f"CA{self._world.ids.text('message-id', 48)}@mail.gmail.com"
        answer = vacation.answer(self._person, self._headers, sender, message_id=message_id, now=now)
        self._world.post.dispatch(self._person, answer, (sender,), method="vacation")

    def _known(self, address: str) -> bool:
        """Say whether somebody is a contact: whoever this person has written to is one."""
        own = (mail for mail in self._world.post.sent if mail.sender == self._person.email and mail.message_id)
        return any(address in map(str.casefold, mail.recipients) for mail in own)


def _label_change(action: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(action.get("addLabelIds", ())), tuple(action.get("removeLabelIds", ()))
