"""What Calendar calls cost: it counts requests, for each user and minute (developers.google.com, guides/quota)."""

from __future__ import annotations

REQUESTS_PER_MINUTE = 600
DEARER = {"calendar.events.patch": 3}


def cost_of_request(operation: str) -> int:
    """Return how many requests a call counts as, by its discovery id."""
    return DEARER.get(operation, 1)
