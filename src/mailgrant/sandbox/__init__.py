"""
A Google that lives in memory: OAuth 2.0, Gmail and Calendar for programs under test.

`mailgrant.testing` and the commands `sandbox` and `demo` are its only users inside the package. The
sandbox itself is loaded when it is asked for, so that its smaller parts can be used without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> object:
    if name != "Sandbox":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mailgrant.sandbox.sandbox import Sandbox

    return Sandbox
