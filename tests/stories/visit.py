"""
A browser of sixty lines: opens a consent page, presses its buttons, and follows where it leads.

Named by `BROWSER` in the stories, so that consents are asked the way a desktop asks them. It says
yes to everything but the scopes listed in `STORY_UNTICKED`.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Collection
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit


class Form(HTMLParser):
    """The form of a page: where it goes, and the boxes it holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.boxes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "form":
            self.action = values.get("action") or ""
        elif tag == "input" and values.get("type") == "checkbox":
            self.boxes.append(values.get("value") or "")


class StayHere(urllib.request.HTTPRedirectHandler):
    """Redirects are looked at, not followed."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def request(url: str, fields: list[tuple[str, str]] | None = None) -> tuple[str, str]:
    """Ask for a page; return where it redirects to (or nothing) and what it says."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), StayHere())
    try:
        with opener.open(url, urlencode(fields).encode() if fields is not None else None, timeout=20) as answer:
            return "", answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return urljoin(url, error.headers.get("Location", "")), error.read().decode()


def agree(url: str, *, account: str | None = None, unticked: Collection[str] = ()) -> str:
    """Walk through the pages as `account` (or as the link says) and return the address they end at."""
    if account is not None:
        url = with_hint(url, account)
    account = parse_qs(urlsplit(url).query).get("login_hint", [""])[0]
    home = urlsplit(url).netloc
    page = ""
    for _ in range(8):
        if urlsplit(url).netloc != home:
            return url
        location, page = request(url)
        while not location:
            form = Form(page)
            url = urljoin(url, form.action)
            location, page = request(url, answers(urlsplit(url).path, form, account, unticked))
        url = location
    raise AssertionError(f"the pages go round in circles: {page[:200]}")


def with_hint(url: str, account: str) -> str:
    """Return the link as if another account were signed in to this browser."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | {"login_hint": account}
    return parts._replace(query=urlencode(query)).geturl()


def answers(path: str, form: Form, account: str, unticked: Collection[str]) -> list[tuple[str, str]]:
    """Return the buttons and boxes to press on one page."""
    if path.endswith("identifier"):
        return [("account", account)]
    if path.endswith("warning"):
        return [("action", "continue")]
    return [("scope", box) for box in form.boxes if box not in unticked] + [("action", "allow")]


if __name__ == "__main__":
    link = sys.argv[1]
    if "STORY_UNFOLDED" in os.environ:
        # As if Google did not fold in what was granted to this client before.
        link = link.replace("&include_granted_scopes=true", "")
    request(agree(link, unticked=os.environ.get("STORY_UNTICKED", "").split()))
