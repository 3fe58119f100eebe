"""
Directory: the discovery documents, as Google serves them to clients that build themselves from one.

To those who found this sandbox on loopback the addresses inside lead back here, so that calls,
uploads and batches all follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.frame.api import JSON, SHARED_HEADERS, dump
from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, VERSIONS, document
from mailgrant.sandbox.frame.errors import not_found_page
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.journal import Entry

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

# `/$discovery/rest` names no API: the host does.
HOSTS = {"gmail.googleapis.com": GMAIL, "calendar-json.googleapis.com": CALENDAR, "calendar.googleapis.com": CALENDAR}


class Directory:
    """Answers the discovery service for one sandbox."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world

    def gmail(self, request: HttpRequest, _: Entry) -> Answer:
        """Answer Gmail's document."""
        return self._serve(GMAIL, request)

    def calendar(self, request: HttpRequest, _: Entry) -> Answer:
        """Answer Calendar's document."""
        return self._serve(CALENDAR, request)

    def of_host(self, request: HttpRequest, _: Entry) -> Answer:
        """Answer the document of the API that the host stands for."""
        api = HOSTS.get(request.headers.get("host", "").partition(":")[0])
        if api is None or dict(request.query).get("version") != VERSIONS[api]:
            return not_found_page(request.path)
        return self._serve(api, request)

    def _serve(self, api: str, request: HttpRequest) -> Answer:
        base = self._world.origin(request)
        body = document(api) if base is None else moved(document(api), f"{base}/")
        return Answer(200, headers=[("Content-Type", JSON), *SHARED_HEADERS], body=dump(body))


def moved(original: Mapping[str, Any], root: str) -> dict[str, Any]:
    """Return a discovery document whose addresses begin with `root`."""
    base = root + original["servicePath"]
    return {**original, "rootUrl": root, "baseUrl": base, "mtlsRootUrl": root}
