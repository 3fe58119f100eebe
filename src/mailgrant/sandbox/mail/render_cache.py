"""RenderCache: the Message JSON that is asked for again and again."""

from __future__ import annotations

from mailgrant.sandbox.mail.render import Rendered

# In bytes; what is asked for seldom is written, or fetched, anew.
CACHE_SIZE = 64_000_000
# How many messages that were asked for once are remembered by name.
MOST_SEEN = 8192


class RenderCache:
    """
    The unchanging JSON of messages, up to `CACHE_SIZE`.

    A message is kept when it is asked for a second time: who reads a large mailbox once through, or here
    and there, drives out nothing. What is full is emptied: keeping an order would cost at each look.
    """

    def __init__(self) -> None:
        self._held = 0
        self._entries: dict[str, Rendered] = {}
        self._seen: set[str] = set()

    def get(self, message_id: str) -> Rendered | None:
        """Return what is kept of a message."""
        return self._entries.get(message_id)

    def offer(self, message_id: str, rendered: Rendered) -> None:
        """Keep a message's JSON if it was offered before."""
        if message_id not in self._seen:
            if len(self._seen) >= MOST_SEEN:
                self._seen.clear()
            self._seen.add(message_id)
            return
        if self._held + rendered.size > CACHE_SIZE:
            self._entries.clear()
            self._held = 0
        self._entries[message_id] = rendered
        self._held += rendered.size

    def drop(self, message_id: str) -> None:
        """Forget a deleted message."""
        found = self._entries.pop(message_id, None)
        if found is not None:
            self._held -= found.size
