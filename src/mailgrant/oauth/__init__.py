"""Consent: scopes, the question put to a person, and the credentials that follow (RFC 6749)."""
