"""
Browser: what a program under `mailgrant sandbox exec` opens when it sends its person to Google.

A real browser is not led: it would show the real Google. Where the sandbox answers the consent itself, this
one follows the redirects to their end, so nobody need be there; else it shows the sandbox's own page in the
person's browser. It returns at once, as browsers do, since the program has yet to listen for the answer.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from mailgrant.sandbox.oauth.device import GOOGLES_PAGE
from mailgrant.sandbox.serving.leading import Map, Verdict

MODULE = "mailgrant.sandbox.serving.browser"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
WAIT = 30.0
UNATTENDED, SHOWN = "unattended", "shown"
# Said by the process that was opened to the one it opens the page in.
NOW = "now"


def write_browser(path: Path, origin: str, *, unattended: bool, former: str) -> Path:
    """
    Write the command that a child's BROWSER names: one path without words, since few programs take more.

    `former` is the browser that the person had.
    """
    words = [sys.executable, "-I", "-m", MODULE, origin, UNATTENDED if unattended else SHOWN, former]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    path.chmod(0o700)
    return path


def in_sandbox(url: str, origin: str) -> str:
    """Return where a URL leads in the sandbox at `origin`: Google's hosts become it, others stay."""
    parts = urlsplit(url)
    here = urlsplit(origin)
    if url == GOOGLES_PAGE:
        return here._replace(path=parts.path).geturl()
    if Map().verdict(parts.hostname or "") is not Verdict.LED:
        return url
    return parts._replace(scheme=here.scheme, netloc=here.netloc).geturl()


class Redirects(HTTPRedirectHandler):
    """Follows redirects as a browser that only knows this machine."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Follow one, on this machine only."""
        return super().redirect_request(req, fp, code, msg, headers, on_this_machine(newurl, self._origin))


def on_this_machine(url: str, origin: str) -> str:
    """Return where a URL leads; raises ValueError if that is off this machine."""
    place = in_sandbox(url, origin)
    if urlsplit(place).hostname not in LOOPBACK:
        raise ValueError(f"{urlsplit(place).hostname} is not on this machine")
    return place


def visit(url: str, origin: str) -> None:
    """Fetch a page and all it redirects to; the last one is the program's own."""
    opener = build_opener(ProxyHandler({}), Redirects(origin))
    with opener.open(on_this_machine(url, origin), timeout=WAIT) as answer:
        answer.read()


def show(url: str, origin: str, former: str) -> None:
    """Show a page in the person's own browser, or say where it is if there is none."""
    import webbrowser

    # Before it is first asked: it reads BROWSER once.
    os.environ["BROWSER"] = former
    place = in_sandbox(url, origin)
    if not webbrowser.open(place):
        sys.stderr.write(f"mailgrant sandbox: open this page and answer it: {place}\n")


def open_page(url: str, origin: str, manner: str, former: str) -> None:
    """Visit or show a page; what goes wrong is a line on stderr."""
    try:
        if manner == UNATTENDED:
            visit(url, origin)
        else:
            show(url, origin, former)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"mailgrant sandbox: the page could not be opened: {error}\n")


def main(words: list[str]) -> int:
    """Open the URL among the words in a process of its own and return at once."""
    origin, manner, former, *rest = words
    if rest[:1] == [NOW]:
        open_page(rest[1], origin, manner, former)
        return 0
    for url in [word for word in rest if "://" in word][:1]:
        command = [sys.executable, "-I", "-m", MODULE, *words[:3], NOW, url]
        quiet = subprocess.DEVNULL
        subprocess.Popen(command, stdin=quiet, stdout=quiet, start_new_session=True)  # noqa: S603 (this module)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
