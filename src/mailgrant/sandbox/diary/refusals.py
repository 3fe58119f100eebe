"""
Calendar's refusals: each error of its documentation, as an `ApiError` ready to raise.

The texts are Google's where they are known; the others are listed among the sandbox's guesses.
"""

from __future__ import annotations

from mailgrant.sandbox.frame.wire import ApiError

CALENDAR = "calendar"
PARAMETER = "parameter"


def bad_request() -> ApiError:
    """A value that does not parse at all: a time without offset, a date that is none."""
    return ApiError(400, "badRequest", "Bad Request")


def invalid(message: str = "Invalid Value", *, parameter: str | None = None) -> ApiError:
    """A value that parses and is not acceptable."""
    return ApiError(400, "invalid", message, location=parameter, location_type=PARAMETER if parameter else None)


def required(message: str) -> ApiError:
    """Something that may not be left out was left out."""
    return ApiError(400, "required", message)


def restricted(reason: str, message: str) -> ApiError:
    """One of Calendar's own rules about what goes together."""
    return ApiError(400, reason, message, domain=CALENDAR)


def range_empty() -> ApiError:
    """The end does not lie after the start."""
    message = "The specified time range is empty."
    return ApiError(400, "timeRangeEmpty", message, domain=CALENDAR, location="timeMax", location_type=PARAMETER)


def ordering_unavailable() -> ApiError:
    """`orderBy=startTime` was asked of unexpanded series, which have no one start."""
    return invalid("The requested ordering is not available for the particular query.", parameter="orderBy")


def not_with_sync_token(parameter: str) -> ApiError:
    """A filter was combined with a sync token, which has its own."""
    return invalid(f"Sync token cannot be used with {parameter}.", parameter="syncToken")


def not_found() -> ApiError:
    """There is no such thing, or none that this person may know of."""
    return ApiError(404, "notFound", "Not Found")


def duplicate() -> ApiError:
    """The id is taken, perhaps by something deleted."""
    return ApiError(409, "duplicate", "The requested identifier already exists.")


def deleted() -> ApiError:
    """It was deleted before."""
    return ApiError(410, "deleted", "Resource has been deleted")


def full_sync_required() -> ApiError:
    """The sync token is too old, foreign, or of another query."""
    message = "Sync token is no longer valid, a full sync is required."
    return ApiError(410, "fullSyncRequired", message, domain=CALENDAR, location="syncToken", location_type=PARAMETER)


def updated_min_too_long_ago() -> ApiError:
    """Deletions are not remembered that long."""
    message = "The requested minimum modification time lies too far in the past."
    location = "updatedMin"
    return ApiError(410, "updatedMinTooLongAgo", message, domain=CALENDAR, location=location, location_type=PARAMETER)


def condition_not_met() -> ApiError:
    """The resource is not the one that `If-Match` names."""
    return ApiError(412, "conditionNotMet", "Precondition Failed", location="If-Match", location_type="header")


def not_modified() -> ApiError:
    """The resource is still the one that `If-None-Match` names: 304, without a body."""
    return ApiError(304, "notModified", "Not Modified", location="If-None-Match", location_type="header")


def organizer_only() -> ApiError:
    """A guest tried to change what belongs to everybody."""
    message = "Shared properties can only be changed by the organizer of the event."
    return ApiError(403, "forbiddenForNonOrganizer", message, domain=CALENDAR)


def no_guests_of_robots() -> ApiError:
    """A service account in its own name wanted to invite somebody."""
    message = "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."
    return ApiError(403, "forbiddenForServiceAccounts", message, domain=CALENDAR)


def needs_access(role: str) -> ApiError:
    """The person may see the calendar, and may not do this to it."""
    message = f"You need to have {role} access to this calendar."
    return ApiError(403, "requiredAccessLevel", message, domain=CALENDAR)


def forbidden() -> ApiError:
    """It is nobody's to do."""
    return ApiError(403, "forbidden", "Forbidden")


def channel_not_found(channel_id: str, project: str) -> ApiError:
    """No such channel, or somebody else's."""
    return ApiError(404, "notFound", f"Channel '{channel_id}' not found for project '{project}'")


def channel_not_unique(channel_id: str) -> ApiError:
    """The id is taken by a channel that is open."""
    return ApiError(400, "channelIdNotUnique", f"Channel id {channel_id} not unique")


def webhook_not_https(address: str) -> ApiError:
    """The webhook would be told in the clear."""
    return ApiError(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
