"""
Mishaps: what a fault does to the work of one request, as far as that shows in its answer.

What it does to the connection, and when, is for `app.py` and `Sandbox.handle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailgrant.sandbox.control.faults import Effect, Rate
from mailgrant.sandbox.frame.api import refusal
from mailgrant.sandbox.frame.discovery import CALENDAR
from mailgrant.sandbox.frame.quota import overloaded, too_many, too_many_at_once, usage_limits
from mailgrant.sandbox.frame.wire import Answer, ApiError
from mailgrant.sandbox.mail import refusals as gmail_refusals
from mailgrant.sandbox.oauth.authorization import PageError
from mailgrant.sandbox.oauth.consent import to_failure
from mailgrant.sandbox.oauth.forms import OAuthError, sealed
from mailgrant.sandbox.past import seen_as_of

if TYPE_CHECKING:
    from mailgrant.sandbox.frame.doors import Admission
    from mailgrant.sandbox.sandbox import Sandbox

# Reasons that concern how much is used, not what is asked.
USAGE = frozenset({"userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded", "accessNotConfigured"})
# No byte of this is UTF-8, JSON or the beginning of anything compressed.
GARBAGE = b"\xff"


def carry_out(world: Sandbox, admission: Admission) -> Answer:
    """Do the work of a request, or give the error that a fault puts in its place."""
    effect = admission.effect
    if effect is None:
        return admission.work()
    if effect.status is not None:
        return _failed(admission, effect, effect.status)
    if effect.rate is not None:
        return _refused(world, admission, effect.rate)
    if effect.stale is not None and admission.api is not None and admission.request.verb == "GET":
        with seen_as_of(world.people, admission.entry.account or "", effect.stale):
            return admission.work()
    answer = admission.work()
    if effect.corrupt:
        answer.body = garbled(answer.body)
    return answer


def garbled(body: bytes) -> bytes:
    """Return as many bytes, the middle third of them ruined."""
    third = len(body) // 3
    return body[:third] + GARBAGE * (len(body) - 2 * third) + body[len(body) - third :]


def _failed(admission: Admission, effect: Effect, status: int) -> Answer:
    reason, message = effect.said
    if admission.api is not None:
        usage = reason in USAGE or (reason == "rateLimitExceeded" and (status == 403 or admission.api == CALENDAR))
        domain = "usageLimits" if usage else "global"
        return refusal(ApiError(status, reason, message, domain=domain), admission.api, admission.request)
    word = effect.reason or "internal_failure"
    return OAuthError(status, word, effect.message or "Backend Error").answer()


def _refused(world: Sandbox, admission: Admission, rate: Rate) -> Answer:
    """Return the refusal of too much, in the words of whom was asked."""
    if admission.api is not None:
        return refusal(_too_much(world, admission, admission.api, rate), admission.api, admission.request)
    message = "The rate limit for new authorizations has been exceeded."
    if admission.entry.method == "oauth2.auth":
        help_page = "https://support.google.com/cloud/answer/9028764"
        return to_failure(PageError(403, "rate_limit_exceeded", message, help_page), dict(admission.request.query))
    if admission.entry.method == "oauth2.device":
        return sealed({"error_code": "rate_limit_exceeded"}, status=403)
    return OAuthError(403, "rate_limit_exceeded", message).answer()


def _too_much(world: Sandbox, admission: Admission, api: str, rate: Rate) -> ApiError:
    client_id = admission.entry.client_id or ""
    if rate is Rate.MINUTE:
        client = world.clients.find(client_id) or world.service_accounts.of_client(client_id)
        return too_many(api, client.project if client else "0")
    if rate is Rate.CONCURRENT:
        return too_many_at_once(api)
    if rate is Rate.OVERLOAD:
        return overloaded(api)
    return usage_limits() if api == CALENDAR else gmail_refusals.limit_reached(world.clock.now(), "Mail sending")
