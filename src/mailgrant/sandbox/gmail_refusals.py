"""What Gmail says when it refuses, in its own words."""

from __future__ import annotations

from mailgrant.sandbox.wire import ApiError


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
