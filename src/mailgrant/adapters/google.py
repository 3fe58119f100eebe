"""
Google's own libraries on our credentials: google-auth and google-api-python-client.

The credentials hold an access token only. When it runs out, or Google refuses it, google-auth asks
our `refresh_handler` (its official hook), and the vault refreshes: the refresh token never leaves.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant.errors import MissingExtra, SettingsError
from mailgrant.oauth.credentials import STALE_BEFORE
from mailgrant.secret import Secret

if TYPE_CHECKING:
    from mailgrant.oauth.realm import Realm

# Given the token that was refused, if any, returns another one and when it ends.
Fetch: TypeAlias = Callable[[Secret | None], tuple[Secret, datetime | None]]


class RefreshHandler:
    """
    What google-auth calls for a new token.

    It cannot say why it calls. A token that we handed out and that still looks fresh was refused;
    so only then is a refresh forced, and never for one that simply ran out.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._handed_out: Secret | None = None
        self._ends_at: datetime | None = None
        self._turn = threading.Lock()

    def __call__(self, request: Any, scopes: Any) -> tuple[str, datetime]:
        """Return a token and its end as google-auth wants it: naive, in UTC."""
        with self._turn:
            token, expires_at = self._fetch(self._refused())
            self._handed_out, self._ends_at = token, expires_at
        end = expires_at or datetime.now(UTC)
        return token.reveal(), end.astimezone(UTC).replace(tzinfo=None)

    def _refused(self) -> Secret | None:
        looks_fresh = self._ends_at is not None and self._ends_at - datetime.now(UTC) > STALE_BEFORE
        return self._handed_out if looks_fresh else None


def credentials(fetch: Fetch) -> Any:
    """Return google-auth `Credentials` that ask `fetch`; raises MissingExtra without google-auth."""
    try:
        from google.oauth2.credentials import Credentials
    except ImportError as error:
        raise MissingExtra("google", "me.credentials()") from error
    return Credentials(token=None, refresh_handler=RefreshHandler(fetch))  # type: ignore[no-untyped-call]


def build_service(api: str, version: str, *, credentials: Any, realm: Realm, **options: Any) -> Any:
    """
    Return google-api-python-client's service object for an API.

    In a sandbox it is built from the installed discovery document with `rootUrl` edited, so that
    calls, uploads and batches all follow: `api_endpoint` would move the calls alone.
    """
    try:
        from google_auth_httplib2 import AuthorizedHttp
        from googleapiclient import discovery
    except ImportError as error:
        raise MissingExtra("google", "me.google()") from error
    http = AuthorizedHttp(credentials, http=_careful_http(realm), max_refresh_attempts=1)
    if realm.origin is None:
        return discovery.build(api, version, http=http, cache_discovery=False, **options)
    document = json.loads(_installed_document(api, version))
    root = realm.origin.rstrip("/") + "/"
    document["rootUrl"] = root
    document["baseUrl"] = root + document.get("servicePath", "")
    document.pop("mtlsRootUrl", None)
    return discovery.build_from_document(document, http=http, **options)


def _installed_document(api: str, version: str) -> str:
    from googleapiclient.discovery_cache import get_static_doc

    document = get_static_doc(api, version)
    if document is None:
        raise SettingsError(f"google-api-python-client has no description of {api} {version} with it.")
    return str(document)


def _careful_http(realm: Realm) -> Any:
    """Return an `httplib2.Http` that never sends a write again after its answer was lost."""
    import httplib2

    class CarefulHttp(httplib2.Http):  # type: ignore[misc]  # httplib2 has no types
        # httplib2 repeats any request whose connection breaks, a POST too: that sends a mail twice.
        def _conn_request(self, conn: Any, request_uri: str, method: str, body: Any, headers: Any) -> Any:
            if method in ("GET", "HEAD"):
                return super()._conn_request(conn, request_uri, method, body, headers)
            # A connection that has been idle may be gone already; a write deserves a new one.
            conn.close()
            return super()._conn_request(_Once(conn), request_uri, method, body, headers)

    if realm.origin is not None:
        # A sandbox is on this machine; no proxy may come between.
        return CarefulHttp(timeout=60, proxy_info=None)
    return CarefulHttp(timeout=60)


class _Once:
    """An HTTP connection that lets one request out and no second one."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._used = False

    def request(self, method: str, *rest: Any) -> None:
        """Send the request, the first time; afterwards raise ConnectionError."""
        if self._used:
            raise ConnectionError(f"The answer to a {method} was lost; it is not sent again. It may have been done.")
        self._used = True
        self._connection.request(method, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
