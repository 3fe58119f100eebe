"""
Courier: carries notifications to webhooks, from a thread of its own.

Only webhooks on this machine are called: nothing leaves loopback, whatever address a program gives.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailgrant.sandbox.frame.wire import Pairs
from mailgrant.sandbox.oauth.clients import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from http.client import HTTPConnection

PATIENCE_SECONDS = 5.0
# Google tries again after these, later each time; the last pause ends it.
RETRIED = frozenset({500, 502, 503, 504})
PAUSES_SECONDS = (0.1, 0.2, 0.4)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One POST to a webhook."""

    address: str
    headers: Pairs = field(kw_only=True)
    body: bytes = field(kw_only=True, default=b"", repr=False)


class Courier:
    """
    Delivers parcels one after the other, in the order in which they were handed over.

    The thread lives as long as there is something to carry.
    """

    def __init__(self) -> None:
        self._waiting: deque[Parcel] = deque()
        self._changed = threading.Condition()
        self._busy = False

    def take(self, parcel: Parcel) -> None:
        """Take a parcel on; this never waits."""
        if not is_here(parcel.address):
            log.info("a webhook elsewhere is not called: host=%s", urlsplit(parcel.address).hostname)
            return
        with self._changed:
            self._waiting.append(parcel)
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._carry, name="sandbox courier", daemon=True).start()

    def rest(self, timeout_seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until everything is delivered or given up; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, timeout_seconds)

    def _carry(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._busy = False
                    self._changed.notify_all()
                    return
                parcel = self._waiting.popleft()
            deliver(parcel)


def is_here(address: str) -> bool:
    """Return whether an address is one of this machine's."""
    return urlsplit(address).hostname in LOOPBACK_HOSTS


def deliver(parcel: Parcel, *, pause: Callable[[float], None] = time.sleep) -> int | None:
    """Deliver one parcel, again if the webhook asks for it; return its last answer, None if there was none."""
    status = _post(parcel)
    for seconds in PAUSES_SECONDS:
        if status not in RETRIED:
            break
        pause(seconds)
        status = _post(parcel)
    return status


def _post(parcel: Parcel) -> int | None:
    from http.client import HTTPException

    parts = urlsplit(parcel.address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.request("POST", path, body=parcel.body, headers=dict(parcel.headers))
        return int(connection.getresponse().status)
    except (OSError, HTTPException) as error:
        log.info("a webhook did not answer: port=%s error=%s", parts.port, type(error).__name__)
        return None
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> HTTPConnection:
    import ssl
    from http.client import HTTPConnection, HTTPSConnection

    if scheme == "http":
        return HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
    # Whoever tries a webhook on their own machine made its certificate themselves.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=PATIENCE_SECONDS, context=context)
