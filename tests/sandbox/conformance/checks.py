"""
Checks: what every method must do, whichever it is.

A check returns whether it applies to a method at all and raises `Broken` where the method does not
hold it. What is expected is written here in full, not asked of the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any

from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, SERVICES, ApiMethod, document, method, methods
from mailgrant.sandbox.frame.wire import Answer

from .bench import ADA, GRACE, Bench, Order
from .fit import misfits
from .recipes import cook, path_parameters, recipe

REALM = 'Bearer realm="https://accounts.google.com/"'
TAIL = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
NOT_FOUND = (404, "notFound")
UNKNOWN_IDS = {"eventId": "nolunch00000", "calendarId": "nobody@example.com", "ruleId": "user:nobody@example.com"}


class Verdict(Enum):
    """How a method stands in a check, as the table shows it."""

    HELD = "✓"
    APART = "·"
    UNPLAYED = "501"


class Broken(Exception):
    """A method does not do what it must."""


Check = Callable[[ApiMethod], Verdict]


def succeeds(method: ApiMethod) -> Verdict:
    """A proper call succeeds, and its answer fits the schema."""
    bench = Bench()
    answer = bench.send(cook(bench, method))
    if _is_unplayed(answer):
        return Verdict.UNPLAYED
    expected = recipe(method).refused
    if expected is not None:
        _expect(answer, *expected)
        return Verdict.HELD
    _expect_fit(method, answer)
    return Verdict.HELD


def wants_a_token(method: ApiMethod) -> Verdict:
    """Without a token: 401, `required`."""
    bench = Bench()
    answer = bench.send(cook(bench, method), None)
    sentence = f"Request is missing required authentication credential. {TAIL}"
    error = _expect(answer, 401, "required", sentence, inner="Login Required.", location="Authorization")
    _equal(error["details"], [_error_info("CREDENTIALS_MISSING", method)])
    _equal(answer.header("WWW-Authenticate"), REALM)
    return Verdict.HELD


def refuses_old_tokens(method: ApiMethod) -> Verdict:
    """With an expired token, and with one that never was: 401, `authError`."""
    bench = Bench()
    order, token = cook(bench, method), bench.token()
    bench.world.clock.advance(timedelta(hours=2))
    sentence = "Invalid Credentials"
    if method.api == GMAIL:
        sentence = f"Request had invalid authentication credentials. {TAIL}"
    for text in (token, "never-was"):
        answer = bench.send(order, text)
        _expect(answer, 401, "authError", sentence, inner="Invalid Credentials", location="Authorization")
        _equal(answer.header("WWW-Authenticate"), f'{REALM}, error="invalid_token"')
    return Verdict.HELD


def accepts_its_scopes(method: ApiMethod) -> Verdict:
    """With any one of the method's scopes: let in."""
    for scope in sorted(method.scopes):
        bench = Bench()
        order = cook(bench, method)
        bench.open_calendars()
        answer = bench.send(order, bench.token(scope))
        if answer.status == 401 or _reason(answer) == "insufficientPermissions":
            raise Broken(f"{scope} alone is refused: {_shown(answer)}")
    return Verdict.HELD


def refuses_other_scopes(method: ApiMethod) -> Verdict:
    """With any other scope alone: 403, `insufficientPermissions`."""
    bench = Bench()
    order = cook(bench, method)
    accepted = " ".join(sorted(method.scopes))
    for scope in sorted(_all_scopes() - method.scopes):
        answer = bench.send(order, bench.token(scope))
        sentence = "Request had insufficient authentication scopes."
        error = _expect(answer, 403, "insufficientPermissions", sentence, inner="Insufficient Permission")
        _equal(error["status"], "PERMISSION_DENIED")
        _equal(error["details"], [_error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", method)])
        _equal(answer.header("WWW-Authenticate"), f'{REALM}, error="insufficient_scope", scope="{accepted}"')
    return Verdict.HELD


def knows_its_parameters(method: ApiMethod) -> Verdict:
    """An unknown query parameter: Gmail 400, Calendar ignores it."""
    bench = Bench()
    answer = bench.send(cook(bench, method).asking(("lunch", "soup")))
    if method.api == CALENDAR:
        return _same_as_ever(method, answer)
    sentence = (
        'Invalid JSON payload received. Unknown name "lunch": Cannot bind query parameter. '
        "Field 'lunch' could not be found in request message."
    )
    error = _expect(answer, 400, "badRequest", sentence)
    _equal(error["status"], "INVALID_ARGUMENT")
    _equal(error["details"][0]["@type"], "type.googleapis.com/google.rpc.BadRequest")
    return Verdict.HELD


def reads_typed_parameters(method: ApiMethod) -> Verdict:
    """A query parameter that is not of its type: 400."""
    wrong = {name: "soup" for name, spec in _queries(method) if spec["type"] != "string" or "format" in spec}
    for name, value in wrong.items():
        bench = Bench()
        answer = bench.send(cook(bench, method).asking((name, value)))
        if method.api == GMAIL:
            error = _expect(answer, 400, "badRequest")
            _mentions(error["message"], _snake(name), value)
        else:
            _expect(answer, 400, None)
    return Verdict.HELD if wrong else Verdict.APART


def reads_choices(method: ApiMethod) -> Verdict:
    """A query parameter or body field that is none of its choices: 400."""
    queries = [name for name, spec in _queries(method) if "enum" in spec]
    fields = [name for name, spec in _fields(method) if "enum" in spec]
    for name in queries:
        bench = Bench()
        _mentions(_refusal(bench.send(cook(bench, method).asking((name, "soup"))))["message"], "soup")
    for name in fields:
        bench = Bench()
        _mentions(_refusal(bench.send(cook(bench, method).saying(name, "soup")))["message"], "soup")
    return Verdict.HELD if queries or fields else Verdict.APART


def wants_required_parameters(method: ApiMethod) -> Verdict:
    """A required query parameter left out: 400, `required`."""
    names = [name for name, spec in _queries(method) if spec.get("required")]
    for name in names:
        bench = Bench()
        order = cook(bench, method)
        kept = [pair for pair in order.query if pair[0] != name]
        answer = bench.send(replace(order, query=kept))
        _expect(answer, 400, "required", f"Required parameter: {name}", location=name)
    return Verdict.HELD if names else Verdict.APART


def knows_its_fields(method: ApiMethod) -> Verdict:
    """An unknown field in the body: Gmail 400, Calendar ignores it."""
    if method.request is None:
        return Verdict.APART
    bench = Bench()
    answer = bench.send(cook(bench, method).saying("lunch", "soup"))
    if method.api == CALENDAR:
        return _same_as_ever(method, answer)
    error = _expect(answer, 400, "badRequest")
    _mentions(error["message"], 'Invalid JSON payload received. Unknown name "lunch"', "Cannot find field.")
    return Verdict.HELD


def reads_typed_fields(method: ApiMethod) -> Verdict:
    """A field in the body that is not of its type: 400."""
    wrong = {name: _wrong(method.api, spec) for name, spec in _fields(method)}
    for name, value in wrong.items():
        bench = Bench()
        answer = bench.send(cook(bench, method).saying(name, value))
        _expect(answer, 400, "badRequest" if method.api == GMAIL else "invalid")
    return Verdict.HELD if wrong else Verdict.APART


def wants_json(method: ApiMethod) -> Verdict:
    """A body that is no JSON: 400."""
    if method.request is None:
        return Verdict.APART
    bench = Bench()
    order = cook(bench, method)
    answer = bench.send(replace(order, body=b"{lunch"))
    _expect(answer, 400, "badRequest" if method.api == GMAIL else "parseError")
    return Verdict.HELD


def finds_nothing_unknown(method: ApiMethod) -> Verdict:
    """An id that names nothing: 404, `notFound`; somebody else's mailbox: 403."""
    bench = Bench()
    order = cook(bench, method)
    lost = list(_led_astray(order))
    for errand, expected in lost:
        answer = bench.send(errand)
        if _is_unplayed(answer):
            return Verdict.UNPLAYED
        _expect(answer, *expected)
    if "userId" in order.path:
        _expect(bench.send(order.to("userId", GRACE)), 403, "forbidden", f"Delegation denied for {ADA}")
    return Verdict.HELD if lost or "userId" in order.path else Verdict.APART


def _led_astray(order: Order) -> Iterator[tuple[Order, tuple[int, str]]]:
    """Yield calls that name what is not there, with status and reason of their refusals."""
    found = recipe(order.method)
    for name in path_parameters(order.method):
        if name != "userId":
            value = UNKNOWN_IDS.get(name, _unknown_id(order.path[name]))
            yield order.to(name, value), found.lost.get(name, NOT_FOUND)
    if found.astray and found.astray.keys() <= order.method.parameters.keys():
        yield order.asking(*found.astray.items()), NOT_FOUND
    elif found.astray:
        yield replace(order, body=found.astray), NOT_FOUND


def answers_in_part(method: ApiMethod) -> Verdict:
    """`fields` leaves only what it names; a field that is not there: 400."""
    if method.response is None:
        return Verdict.APART
    first = next(iter(document(method.api)["schemas"][method.response]["properties"]))
    bench = Bench()
    order = cook(bench, method)
    answer = bench.send(order.asking(("fields", "lunch")))
    if _is_unplayed(answer):
        return Verdict.UNPLAYED
    _expect(answer, 400, "invalidParameter" if method.api == CALENDAR else "badRequest")
    bench = Bench()
    answer = bench.send(cook(bench, method).asking(("fields", first)))
    _expect_fit(method, answer)
    if set(json.loads(answer.body)) - {first}:
        raise Broken(f"fields={first} answers {_shown(answer)}")
    return Verdict.HELD


CHECKS: dict[str, Check] = {
    "success": succeeds,
    "no token": wants_a_token,
    "old token": refuses_old_tokens,
    "each own scope": accepts_its_scopes,
    "each other scope": refuses_other_scopes,
    "unknown parameter": knows_its_parameters,
    "parameter type": reads_typed_parameters,
    "required parameter": wants_required_parameters,
    "choice": reads_choices,
    "unknown field": knows_its_fields,
    "field type": reads_typed_fields,
    "no JSON": wants_json,
    "not found": finds_nothing_unknown,
    "fields": answers_in_part,
}


def all_methods() -> list[str]:
    """Return the ids of every method of both APIs, in the order of their names, Gmail's first."""
    return [found for api in (GMAIL, CALENDAR) for found in sorted(known.id for known in methods(api))]


@cache
def verdict(method_id: str, check: str) -> Verdict:
    """Return how a method stands in a check; raises `Broken` if it falls."""
    return CHECKS[check](method(method_id))


def _same_as_ever(method: ApiMethod, answer: Answer) -> Verdict:
    expected = recipe(method).refused
    if _is_unplayed(answer):
        return Verdict.UNPLAYED
    if expected is not None:
        _expect(answer, *expected)
    else:
        _expect_fit(method, answer)
    return Verdict.HELD


def _expect_fit(method: ApiMethod, answer: Answer) -> None:
    if answer.status != (204 if method.response is None else 200):
        raise Broken(f"answered {answer.status}: {_shown(answer)}")
    if method.response is None:
        _equal(answer.body, b"")
        return
    found = list(misfits(method.api, {"$ref": method.response}, json.loads(answer.body)))
    if found:
        raise Broken("; ".join(found))


def _expect(
    answer: Answer,
    status: int,
    reason: str | None,
    sentence: str | None = None,
    *,
    inner: str | None = None,
    location: str | None = None,
) -> dict[str, Any]:
    """Return the error in a refusal that must be this one."""
    error = _refusal(answer)
    item = error["errors"][0]
    seen = (answer.status, item["reason"], error["message"], item["message"], item.get("location"))
    wanted = (status, reason, sentence, inner, location)
    if any(right is not None and right != said for right, said in zip(wanted, seen)):
        raise Broken(f"expected {wanted}, got {_shown(answer)}")
    return error


def _refusal(answer: Answer) -> dict[str, Any]:
    if not 400 <= answer.status < 500:
        raise Broken(f"not refused: {_shown(answer)}")
    error: dict[str, Any] = json.loads(answer.body)["error"]
    _equal(error["code"], answer.status)
    return error


def _reason(answer: Answer) -> str | None:
    if answer.status < 400:
        return None
    reason: str = json.loads(answer.body)["error"]["errors"][0]["reason"]
    return reason


def _is_unplayed(answer: Answer) -> bool:
    return answer.status == 501 and _reason(answer) == "notImplemented"


def _equal(seen: object, wanted: object) -> None:
    if seen != wanted:
        raise Broken(f"expected {wanted!r}, got {seen!r}")


def _mentions(text: str, *parts: str) -> None:
    missing = [part for part in parts if part not in text]
    if missing:
        raise Broken(f"{text!r} does not say {missing}")


def _shown(answer: Answer) -> str:
    return f"{answer.status} {answer.body.decode()[:600]}"


def _error_info(reason: str, method: ApiMethod) -> dict[str, Any]:
    metadata = {"service": SERVICES[method.api], "method": method.rpc_name}
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def _all_scopes() -> frozenset[str]:
    return frozenset(scope for api in (GMAIL, CALENDAR) for scope in document(api)["auth"]["oauth2"]["scopes"])


def _queries(method: ApiMethod) -> Iterator[tuple[str, Any]]:
    return ((name, spec) for name, spec in method.parameters.items() if spec["location"] == "query")


def _fields(method: ApiMethod) -> Iterator[tuple[str, Any]]:
    if method.request is not None:
        yield from document(method.api)["schemas"][method.request].get("properties", {}).items()


def _wrong(api: str, spec: Any) -> object:
    """Return a value that no reader takes for this field, lenient ones included."""
    if "$ref" in spec:
        spec = document(api)["schemas"][spec["$ref"]]
    return "soup" if spec["type"] in {"array", "object"} else {"lunch": "soup"}


def _unknown_id(real: str) -> str:
    """Return an id of the same shape that nothing has."""
    return "".join("9" if letter.isdigit() else letter for letter in real) if any(map(str.isdigit, real)) else "nothing"


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
