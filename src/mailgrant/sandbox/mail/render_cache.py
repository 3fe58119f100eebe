"""RenderCache: the Message JSON written last."""

from __future__ import annotations

from collections import OrderedDict

from mailgrant.sandbox.mail.render import Rendered

# In bytes; what is asked for seldom is written anew.
CACHE_SIZE = 32_000_000


class RenderCache:
    """The unchanging JSON of messages, up to a size."""

    def __init__(self, size: int = CACHE_SIZE) -> None:
        self._size = size
        self._held = 0
        self._entries: OrderedDict[str, Rendered] = OrderedDict()

    def get(self, message_id: str) -> Rendered | None:
        """Return what is kept of a message."""
        found = self._entries.get(message_id)
        if found is not None:
            self._entries.move_to_end(message_id)
        return found

    def keep(self, message_id: str, rendered: Rendered) -> Rendered:
        """Keep a message's JSON, drop what was not asked for longest, and return it."""
        self._entries[message_id] = rendered
        self._held += rendered.size
        while self._held > self._size:
            _, oldest = self._entries.popitem(last=False)
            self._held -= oldest.size
        return rendered

    def drop(self, message_id: str) -> None:
        """Forget a deleted message."""
        found = self._entries.pop(message_id, None)
        if found is not None:
            self._held -= found.size
