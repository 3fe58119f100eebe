"""What Gmail says when it refuses, in its own words."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailgrant.sandbox.clock import stamped
from mailgrant.sandbox.frame.wire import ApiError

TRY_AGAIN = timedelta(minutes=15)


def not_found() -> ApiError:
    """Return the refusal of a well-formed id that nothing has."""
    return ApiError(404, "notFound", "Requested entity was not found.")


def invalid(message: str) -> ApiError:
    """Return the refusal of an argument."""
    return ApiError(400, "invalidArgument", message)


def invalid_id() -> ApiError:
    """Return the refusal of an id that cannot be one."""
    return invalid("Invalid id value")


def invalid_label(label_id: str) -> ApiError:
    """Return the refusal of a label that is unknown, or may not be set."""
    return invalid(f"Invalid label: {label_id}")


def invalid_label_name() -> ApiError:
    """Return the refusal of a label's name that Gmail keeps for itself, or that is none."""
    return invalid("Invalid label name")


def label_exists() -> ApiError:
    """Return the refusal of a second label of a name."""
    return ApiError(409, "aborted", "Label name exists or conflicts", canonical="ABORTED")


def raw_required() -> ApiError:
    """Return the refusal of a message without its bytes."""
    return invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")


def no_recipient() -> ApiError:
    """Return the refusal of a mail to nobody."""
    return invalid("Recipient address required")


def invalid_header(name: str) -> ApiError:
    """Return the refusal of a recipient header that does not read."""
    return invalid(f"Invalid {name} header")


def metadata_scope(text: str) -> ApiError:
    """Return the refusal of what the scope gmail.metadata does not show."""
    return ApiError(403, "forbidden", f"Metadata scope {text}")


def precondition(message: str = "Precondition check failed.") -> ApiError:
    """Return the refusal of what cannot be done as things are."""
    return ApiError(400, "failedPrecondition", message, canonical="FAILED_PRECONDITION")


def already_exists() -> ApiError:
    """Return the refusal of what is there already."""
    return ApiError(409, "alreadyExists", "Requested entity already exists", canonical="ALREADY_EXISTS")


def administrators_only() -> ApiError:
    """Return the refusal of what only an organisation's service account may do."""
    message = "Access restricted to service accounts that have been delegated domain-wide authority"
    return ApiError(403, "forbidden", message)


def unknown_forwarding_address() -> ApiError:
    """Return the refusal to forward where nobody has agreed to it."""
    return invalid("Unrecognized forwarding address")


def limit_reached(now: datetime, what: str) -> ApiError:
    """Return the refusal of a day's too much; when to try again stands in the text, and slides with every try."""
    again = stamped(now + TRY_AGAIN)
    message = f"User-rate limit exceeded.  Retry after {again} ({what})"
    return ApiError(429, "userRateLimitExceeded", message, domain="usageLimits")
