"""
ApiMethod: what Google's discovery documents say about each method.

The documents come with google-api-python-client (Apache-2.0); nothing about methods, parameters,
scopes or schemas is written down a second time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

GMAIL = "gmail"
CALENDAR = "calendar"
VERSIONS = {GMAIL: "v1", CALENDAR: "v3"}
# The names under which the two APIs appear in error details and in the console.
SERVICES = {GMAIL: "gmail.googleapis.com", CALENDAR: "calendar-json.googleapis.com"}


@dataclass(frozen=True, slots=True)
class ApiMethod:
    """One method of an API."""

    id: str
    api: str = field(kw_only=True)
    http_method: str = field(kw_only=True)
    segments: tuple[str, ...] = field(kw_only=True)
    parameters: Mapping[str, Mapping[str, Any]] = field(kw_only=True, repr=False)
    scopes: frozenset[str] = field(kw_only=True, repr=False)
    request: str | None = field(kw_only=True)
    response: str | None = field(kw_only=True)
    upload_segments: tuple[tuple[str, ...], ...] = field(kw_only=True, default=())
    max_upload: int = field(kw_only=True, default=0)
    accepts: tuple[str, ...] = field(kw_only=True, default=())
    # Of the parameters those that must be there, and whether any text will do for all of these.
    required: frozenset[str] = field(kw_only=True, default=frozenset())
    is_simple: bool = field(kw_only=True, default=False)

    @property
    def rpc_name(self) -> str:
        """The method's name inside Google, as error details print it."""
        if self.api == CALENDAR:
            return f"calendar.v3.{self.id.removeprefix('calendar.')}"
        *groups, verb = self.id.removeprefix("gmail.users.").split(".")
        resource = "".join(group[0].upper() + group[1:] for group in groups)
        # messages.list is ListMessages, messages.attachments.get GetMessagesAttachments, getProfile GetProfile.
        return f"caribou.api.proto.MailboxService.{verb[0].upper()}{verb[1:]}{resource}"


@cache
def document(api: str) -> dict[str, Any]:
    """Return an API's discovery document. It is shared: copy before changing it."""
    name = f"discovery_cache/documents/{api}.{VERSIONS[api]}.json"
    parsed: dict[str, Any] = json.loads(files("googleapiclient").joinpath(name).read_bytes())
    return parsed


@cache
def methods(api: str) -> tuple[ApiMethod, ...]:
    """Return every method of an API."""
    return tuple(_method(api, raw) for raw in _walk(document(api)))


@cache
def method(method_id: str) -> ApiMethod:
    """Return one method by its id, such as `gmail.users.messages.send`."""
    api = method_id.partition(".")[0]
    return next(known for known in methods(api) if known.id == method_id)


def _walk(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from node.get("methods", {}).values()
    for child in node.get("resources", {}).values():
        yield from _walk(child)


def _method(api: str, raw: Mapping[str, Any]) -> ApiMethod:
    upload = raw.get("mediaUpload", {})
    parameters = raw.get("parameters", {})
    return ApiMethod(
        raw["id"],
        api=api,
        http_method=raw["httpMethod"],
        segments=_segments(document(api)["servicePath"] + raw["path"]),
        parameters=parameters,
        scopes=frozenset(raw.get("scopes", ())),
        request=raw.get("request", {}).get("$ref"),
        response=raw.get("response", {}).get("$ref"),
        upload_segments=tuple(_segments(protocol["path"]) for protocol in upload.get("protocols", {}).values()),
        max_upload=int(upload.get("maxSize", 0)),
        accepts=tuple(upload.get("accept", ())),
        required=frozenset(name for name, spec in parameters.items() if spec.get("required")),
        is_simple=all(_takes_any_text(spec) for spec in parameters.values() if spec.get("required")),
    )


def _takes_any_text(spec: Mapping[str, Any]) -> bool:
    return spec["type"] == "string" and not {"enum", "format", "repeated"} & spec.keys()


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))
