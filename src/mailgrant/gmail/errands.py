"""
Errands: which calls bring a page of messages at the least cost.

A conversation costs as much as two of its messages, however long it is; so where three or more of a
page are of one conversation, it is fetched whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import calls
from .message import MessageRef

if TYPE_CHECKING:
    from mailgrant.http import Call

    from .message import Message

# threads.get costs twice what messages.get does, before May 2026 and since.
CHEAPER_FROM = 3


@dataclass(frozen=True, slots=True)
class Errand:
    """One call: a whole conversation if `thread_id` is named, else the only one of `message_ids`."""

    message_ids: tuple[str, ...]
    thread_id: str | None = field(kw_only=True, default=None)

    def run(self, *, bodies: bool) -> Call[dict[str, Message | None]]:
        """Return the messages by their ids, None for each that vanished meanwhile."""
        found: dict[str, Message | None] = dict.fromkeys(self.message_ids)
        if self.thread_id is None:
            [message_id] = self.message_ids
            found[message_id] = yield from calls.if_there(calls.read(message_id, bodies=bodies))
        else:
            thread = yield from calls.if_there(calls.thread(self.thread_id, bodies=bodies))
            found.update((each.id, each) for each in (thread.messages if thread else ()) if each.id in found)
        return found


def plan(references: Iterable[MessageRef]) -> tuple[Errand, ...]:
    """Return the calls that bring these messages, each where the first of its messages stands."""
    of_thread: dict[str, list[str]] = {}
    for each in references:
        of_thread.setdefault(each.thread_id or each.id, []).append(each.id)
    errands: dict[str, Errand] = {}
    for each in references:
        thread_id = each.thread_id or each.id
        together = of_thread[thread_id]
        if len(together) >= CHEAPER_FROM:
            errands.setdefault(thread_id, Errand(tuple(together), thread_id=thread_id))
        else:
            errands[f"message {each.id}"] = Errand((each.id,))
    return tuple(errands.values())
