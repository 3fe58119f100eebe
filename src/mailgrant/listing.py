"""Listing: what Google gives a page at a time."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """
    One page of a listing.

    Only `next_page_token` says whether there is more: a page may be short, or empty, and not the last.
    """

    items: tuple[T, ...]
    _: KW_ONLY
    next_page_token: str | None = None
