"""Remote: the control API of a sandbox that runs somewhere on this machine, as the thin clients use it."""

from __future__ import annotations

import json
from typing import Any

from mailgrant.errors import InvalidRequest, NoAnswer
from mailgrant.secret import Secret

DEFAULT_ORIGIN = "http://127.0.0.1:8025"
WAIT = 10.0
UNAUTHORIZED = 401


class Remote:
    """
    One running sandbox, by its origin, and the token of its control API if it has one.

    Raises SettingsError for an address off this machine.
    """

    def __init__(self, origin: str, token: Secret | None = None) -> None:
        from urllib.request import ProxyHandler, build_opener

        from mailgrant.oauth.realm import Realm

        self._token = token
        self.origin = Realm.at(origin).origin or origin
        # It is on this machine; no proxy may come between.
        self._opener = build_opener(ProxyHandler({}))

    def get(self, path: str) -> dict[str, Any]:
        """Read something."""
        return self._call("GET", path, None)

    def post(self, path: str, value: dict[str, Any]) -> dict[str, Any]:
        """Change something."""
        return self._call("POST", path, value)

    def delete(self, path: str) -> dict[str, Any]:
        """Clear something."""
        return self._call("DELETE", path, None)

    def _call(self, verb: str, path: str, value: dict[str, Any] | None) -> dict[str, Any]:
        """
        Call the control API.

        Raises NoAnswer where no sandbox answers, InvalidRequest with the sandbox's own words where it refuses.
        """
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request

        body = None if value is None else json.dumps(value).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        request = Request(f"{self.origin}/_sandbox/{path}", data=body, headers=headers, method=verb)  # noqa: S310
        try:
            with self._opener.open(request, timeout=WAIT) as answer:
                return self._read(answer.read())
        except HTTPError as refusal:
            with refusal:
                raise self._refused(refusal.code, self._read(refusal.read())) from refusal
        except (OSError, HTTPException) as error:
            raise NoAnswer(f"No sandbox answers at {self.origin}.", hint=_START) from error

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            value = json.loads(body)
        except ValueError as error:
            raise self._stranger() from error
        if not isinstance(value, dict):
            raise self._stranger()
        return value

    def _refused(self, status: int, said: dict[str, Any]) -> InvalidRequest | NoAnswer:
        error = said.get("error")
        if not isinstance(error, dict) or "message" not in error:
            return self._stranger()
        if status == UNAUTHORIZED:
            return InvalidRequest(str(error["message"]), hint=_SHOW, status=status)
        return InvalidRequest(str(error["message"]), hint=str(error.get("hint", "")), status=status)

    def _stranger(self) -> NoAnswer:
        return NoAnswer(f"What answers at {self.origin} is not a sandbox.", hint=_START)


_SHOW = "Name the file that it was started with: --control-token-file FILE."
_START = "`mailgrant sandbox run` starts one; --url says where it is."
