"""Extras: whether an optional part is installed, asked before it is needed half way through."""

from __future__ import annotations

from importlib.util import find_spec

from mailgrant.errors import MissingExtra

SANDBOX_MODULES = ("dateutil", "googleapiclient", "httptools", "jinja2")


def require_sandbox() -> None:
    """Raise MissingExtra, with the line that installs it, when the sandbox cannot run here."""
    if any(find_spec(name) is None for name in SANDBOX_MODULES):
        raise MissingExtra("sandbox", "The sandbox")
