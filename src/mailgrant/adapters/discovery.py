"""
Any method: what Google's discovery documents say about the methods that have no verb of their own.

The documents ship inside google-api-python-client (the `google` extra); nothing is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import Any
from urllib.parse import quote

from mailgrant.errors import InvalidRequest, MissingExtra
from mailgrant.http import Call, Request, with_query

VERSIONS = {"gmail": "v1", "calendar": "v3"}
# Of the parameters that every method takes, those that carry no credential and leave the answer JSON.
SHARED = frozenset({"fields", "quotaUser"})
# Whose mailbox or calendar it is, where the caller does not say: the grant's.
DEFAULTS = {"userId": "me", "calendarId": "primary"}


@dataclass(frozen=True, slots=True)
class Method:
    """One method of an API: its verb, where it is, and the parameters it takes."""

    operation: str
    verb: str = field(kw_only=True)
    address: str = field(kw_only=True)
    path: frozenset[str] = field(kw_only=True)
    query: frozenset[str] = field(kw_only=True)
    required: frozenset[str] = field(kw_only=True)
    takes_body: bool = field(kw_only=True)

    def request(self, parameters: Mapping[str, Any], body: Mapping[str, Any] | None) -> Request:
        """Build a request; raises InvalidRequest for a parameter it does not have, or one that is missing."""
        given = {name: value for name, value in DEFAULTS.items() if name in self.path} | dict(parameters)
        unknown = sorted(given.keys() - self.path - self.query)
        if unknown:
            raise self._unknown(unknown[0])
        missing = sorted(name for name in self.required if given.get(name) in (None, ""))
        if missing:
            raise InvalidRequest(f"{self.operation} needs the parameter {missing[0]!r}.")
        if body is not None and not self.takes_body:
            raise InvalidRequest(f"{self.operation} takes no body.", hint="Pass what it takes as parameters.")
        address = self.address
        for name in self.path:
            address = address.replace(f"{{{name}}}", quote(str(given[name]), safe=""))
        url = with_query(address, {name: _written(given[name]) for name in sorted(self.query & given.keys())})
        return (
            self._with_body(url, body or {}) if self.takes_body else Request(self.verb, url, operation=self.operation)
        )

    def _with_body(self, url: str, body: Mapping[str, Any]) -> Request:
        try:
            return Request.json(self.verb, url, operation=self.operation, value=body)
        except (TypeError, ValueError) as error:
            raise InvalidRequest(
                f"The body of {self.operation} cannot be written as JSON: {error}.",
                hint="Google's JSON has texts, numbers, true and false, lists and objects; bytes go as base64url.",
            ) from error

    def _unknown(self, name: str) -> InvalidRequest:
        known = {each.lower(): each for each in sorted(self.path | self.query)}
        near = get_close_matches(name.replace("_", "").lower(), known, n=1, cutoff=0.6)
        meant = f"Did you mean {known[near[0]]}? " if near else ""
        hint = f"{meant}It takes: {', '.join(known.values())}."
        return InvalidRequest(f"{self.operation} has no parameter {name!r}.", hint=hint)


def call(api: str, name: str, parameters: Mapping[str, Any], body: Mapping[str, Any] | None) -> Call[dict[str, Any]]:
    """Carry out a method by its name in the discovery document; return Google's JSON, `{}` where there is none."""
    response = yield method(api, name).request(parameters, body)
    return response.json() if response.body.strip() else {}


def _written(value: object) -> object:
    """Write a moment as Google reads it (RFC 3339); raises InvalidRequest for one without a zone."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise InvalidRequest(f"{value.isoformat()} has no time zone.", hint="Say which: moment.replace(tzinfo=…).")
    return value.isoformat()


def method(api: str, name: str) -> Method:
    """Find a method, with or without the API's own name before it; raises InvalidRequest when there is none."""
    bare = name.removeprefix(f"{api}.")
    found = methods(api).get(f"{api}.{bare}")
    if found is None:
        near = get_close_matches(f"{api}.{bare}", methods(api), n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(each.removeprefix(f'{api}.') for each in near)}?" if near else ""
        raise InvalidRequest(f"{name!r} is not a method of {api.capitalize()}.", hint=hint)
    return found


@cache
def methods(api: str) -> Mapping[str, Method]:
    """Return every method of an API by its discovery id."""
    document = _document(api)
    return {found.operation: found for found in _methods(document, f"{document['rootUrl']}{document['servicePath']}")}


def _methods(resource: Mapping[str, Any], base: str) -> list[Method]:
    found = [_method(each, base) for each in resource.get("methods", {}).values()]
    for child in resource.get("resources", {}).values():
        found += _methods(child, base)
    return found


def _method(value: Mapping[str, Any], base: str) -> Method:
    parameters = value.get("parameters", {})
    path = frozenset(name for name, each in parameters.items() if each["location"] == "path")
    return Method(
        value["id"],
        verb=value["httpMethod"],
        address=base + value["path"],
        path=path,
        query=frozenset(parameters) - path | SHARED,
        required=frozenset(name for name, each in parameters.items() if each.get("required")),
        takes_body="request" in value,
    )


def _document(api: str) -> dict[str, Any]:
    try:
        from googleapiclient.discovery_cache import get_static_doc
    except ImportError as error:
        raise MissingExtra("google", f"{api}.call") from error
    document: dict[str, Any] = json.loads(get_static_doc(api, VERSIONS[api]))
    return document
