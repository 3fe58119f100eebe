# Written by scripts/unasync.py from src/mailgrant/_async/drafting.py.
# Do not edit: change that file and run `make sync`.
"""Drafting: the drafts of a mailbox as verbs of it, and writing one down."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mailgrant.errors import InvalidRequest
from mailgrant.given_file import AttachedFile
from mailgrant.gmail import calls, signature
from mailgrant.gmail.draft import Draft
from mailgrant.gmail.source import Source, all_of, as_source
from mailgrant.gmail.upload import LARGEST_IN_JSON
from mailgrant.spool import Spool

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.gmail.attachment import Place

    from .filing import Run


class AsyncDrafting:
    """The verbs about the drafts that Gmail holds."""

    _run: Run
    _most_recipients: int

    def create_draft(self, draft: Draft | None = None, **fields: Any) -> Draft:
        """
        Keep a draft in the mailbox and return it with its id (users.drafts.create, 10 units).

        Raises InvalidRequest for an address or a header that is none
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/create).
        """
        draft = as_draft(draft, fields)
        raw = self._written(draft, for_sending=False)
        kept = self._run(calls.create_draft(raw, thread_id=draft.thread_id))
        return draft.kept_as(kept)

    def drafts(self) -> Iterator[Draft]:
        """
        Yield the drafts of the mailbox (users.drafts.list, 5 units a page; users.drafts.get, 20 each).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/list
        """
        page_token: str | None = None
        while True:
            page = self._run(calls.list_drafts(page_token=page_token))
            for reference in page.items:
                yield self._run(calls.read_draft(reference.id))
            page_token = page.next_page_token
            if page_token is None:
                return

    def read_draft(self, draft_id: str) -> Draft:
        """
        Return one draft by its id (users.drafts.get, 20 units).

        Raises NotFound when there is none
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/get).
        """
        return self._run(calls.read_draft(draft_id))

    def edit_draft(self, draft: str | Draft, **fields: Any) -> Draft:
        """
        Change a draft in the mailbox: `edit_draft(draft, subject="Minutes of March")`.

        What is not named stays, attachments too; but a new text takes the place of the HTML as well, and new
        HTML that of the text, for a mail says one thing. A Draft is written as it stands here, an id
        means the draft as Gmail holds it. Returns it with the new id of its message; raises NotFound when
        it was sent or deleted (users.drafts.update, 15 units; for an id users.drafts.get, 20).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/update
        """
        kept = self.read_draft(draft) if isinstance(draft, str) else draft
        if kept.id is None:
            raise InvalidRequest("This draft is not in the mailbox: it has no id.", hint="create_draft keeps it there.")
        if ("text" in fields) != ("html" in fields):
            fields = {"text": None, "html": None} | fields
        changed = replace(kept, **fields)
        raw = self._written(changed, for_sending=False)
        reference = self._run(calls.update_draft(kept.id, raw, thread_id=changed.thread_id))
        # What was fetched for it has another place now.
        return self.read_draft(kept.id) if changed.at_gmail else changed.kept_as(reference)

    def delete_draft(self, draft: str | Draft) -> None:
        """
        Delete a draft for ever; it does not go to the trash (users.drafts.delete, 10 units).

        Raises NotFound when there is none
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/delete).
        """
        draft_id = draft.id if isinstance(draft, Draft) else draft
        if draft_id is None:
            raise InvalidRequest("This draft is not in the mailbox: it has no id.")
        self._run(calls.delete_draft(draft_id))

    def _write_for_sending(self, draft: Draft) -> Source:
        return self._written(draft, for_sending=True)

    def _written(self, draft: Draft, *, for_sending: bool) -> Source:
        """Fetch and open the attachments, check the draft and write it down, away from the event loop."""
        signed = self._run(signature.signed(draft))
        fetched = self._run(calls.fetch_attachments(signed, Spool))
        return in_thread(write_draft, signed, for_sending, fetched, self._most_recipients)


def as_draft(draft: Draft | None, fields: dict[str, Any]) -> Draft:
    """Take the draft, or make one of the fields; never both."""
    if draft is None:
        return Draft(**fields)
    if not isinstance(draft, Draft):
        raise InvalidRequest(
            f"send: {type(draft).__name__} is no Draft.", hint="One that Gmail holds goes as gmail.read_draft(id)."
        )
    if fields:
        raise InvalidRequest("Pass a Draft or its fields, not both.", hint="Make a new one with dataclasses.replace.")
    return draft


def write_draft(draft: Draft, for_sending: bool, fetched: Mapping[Place, Source], most_recipients: int) -> Source:
    """Return `draft` as it travels: in memory where it is small, else with its files read on the way."""
    opened: dict[Place, Source] = dict(fetched)
    opened |= {path: AttachedFile(path) for path in draft.paths}
    mail = draft.to_source(
        now=datetime.now(UTC),
        entropy=os.urandom,
        for_sending=for_sending,
        opened=opened,
        most_recipients=most_recipients,
    )
    return as_source(all_of(mail)) if mail.size <= LARGEST_IN_JSON else mail
