"""People at a browser, as far as the stories need them."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from mailgrant.sandbox import Sandbox

VISIT_AND_AGREE = Path(__file__).with_name("visit.py")


class Person:
    """Opens a consent link, answers, and returns the address the browser was sent back to."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def agree(self, url: str, *, as_account: str | None = None) -> str:
        """Say yes to everything, as the account named by the link unless told."""
        if as_account is not None:
            url = with_hint(url, as_account)
        return location(url)


def with_hint(url: str, account: str) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | {"login_hint": account}
    return parts._replace(query=urlencode(query)).geturl()


def location(url: str) -> str:
    """Ask for `url` and return where the answer leads."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status in (302, 303), f"{answer.status}: {body[:300]!r}"
        return answer.getheader("Location") or ""
    finally:
        connection.close()
