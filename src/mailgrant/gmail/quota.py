"""What each Gmail call costs, in Google's quota units, before and after May 2026."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType


class QuotaProfile(Enum):
    """Which of Google's two tables holds for a Cloud project; neither for a sandbox that does not count."""

    Y2026 = "2026"
    LEGACY = "legacy"
    OFF = "off"

    @property
    def units_per_minute(self) -> int:
        """What one user of one project may spend in a minute, 0 where nothing is counted."""
        return {QuotaProfile.Y2026: 6_000, QuotaProfile.LEGACY: 15_000}.get(self, 0)

    def cost(self, operation: str) -> int:
        """Return the units that a call costs, by its discovery id (`gmail.users.messages.get`)."""
        dearer = DEARER_SINCE_2026 if self is QuotaProfile.Y2026 else {}
        return dearer.get(operation, UNITS.get(operation, UNKNOWN))


# A call that no table lists is taken for a dear one: to be slow is better than to trip the limit.
UNKNOWN = 100

# developers.google.com/workspace/gmail/api/reference/quota, as it stood before 2026-05-01.
UNITS = MappingProxyType(
    {
        f"gmail.users.{name}": units
        for names, units in {
            ("getProfile", "labels.list", "labels.get"): 1,
            ("history.list",): 2,
            ("messages.get", "messages.attachments.get", "messages.list", "messages.modify"): 5,
            ("messages.trash", "messages.untrash", "drafts.get", "drafts.list"): 5,
            ("labels.create", "labels.update", "labels.patch", "labels.delete"): 5,
            ("threads.get", "threads.list", "threads.modify", "threads.trash", "threads.untrash"): 10,
            ("messages.delete", "drafts.create", "drafts.delete"): 10,
            ("drafts.update",): 15,
            ("threads.delete",): 20,
            ("messages.insert", "messages.import"): 25,
            ("messages.batchModify", "messages.batchDelete", "stop"): 50,
            ("messages.send", "drafts.send", "watch"): 100,
            ("settings.getAutoForwarding", "settings.getImap", "settings.getLanguage", "settings.getPop"): 1,
            ("settings.getVacation", "settings.delegates.get", "settings.delegates.list"): 1,
            ("settings.filters.get", "settings.filters.list"): 1,
            ("settings.forwardingAddresses.get", "settings.forwardingAddresses.list"): 1,
            ("settings.sendAs.get", "settings.sendAs.list"): 1,
            ("settings.filters.create", "settings.filters.delete", "settings.updateVacation"): 5,
            ("settings.updateImap", "settings.updateAutoForwarding"): 5,
            ("settings.sendAs.delete", "settings.delegates.delete", "settings.forwardingAddresses.delete"): 5,
        }.items()
        for name in names
    }
)

DEARER_SINCE_2026 = MappingProxyType(
    {
        "gmail.users.messages.get": 20,
        "gmail.users.messages.attachments.get": 20,
        "gmail.users.messages.trash": 20,
        "gmail.users.drafts.get": 20,
        "gmail.users.threads.get": 40,
        "gmail.users.threads.trash": 20,
    }
)
