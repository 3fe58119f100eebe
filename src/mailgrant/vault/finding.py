"""Finding: something in a vault that is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What is wrong, in words.

    `table` and `key` name the row it is about, None where it is about a file or the vault itself.
    `lost` says that no key will open that row again.
    """

    reason: str
    table: str | None = field(kw_only=True, default=None)
    key: str | None = field(kw_only=True, default=None)
    lost: bool | None = field(kw_only=True, default=None)

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.reason}" if self.table else self.reason
