"""
A server that acts for its users while they are away, keyed by its own user ids.

Where a grant is missing or dead, `ConsentNeeded` says so; the user is then sent (a 401 with the
address) to the authorization URL, with their address as a hint and consent forced, and comes back
to `finish`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import mailgrant
from mailgrant.errors import GrantNotFound

CALLBACK = "https://localhost:9000/oauth2callback"


@dataclass
class Unauthorized(Exception):
    """HTTP 401: the user must visit this address first."""

    authorization_url: str


@dataclass
class Mailboxes:
    google: mailgrant.Mailgrant

    def authorization_url(self, user_id: str, email: str) -> str:
        """Where to send a user; the address they are known by is passed on as a hint."""
        return self.google.consents.begin(email, "gmail.readonly", user=user_id, redirect_uri=CALLBACK).url

    def finish(self, callback_url: str) -> mailgrant.Grant:
        """Exchange the code and keep the refresh token, sealed, under the user's id."""
        return self.google.consents.complete(callback_url)

    def messages(self, user_id: str, email: str, query: str) -> Iterator[mailgrant.Message]:
        """All messages that match, across pages; Unauthorized says where the user must go first."""
        try:
            yield from self.google.account(user=user_id).gmail.search(query)
        except (GrantNotFound, mailgrant.ConsentNeeded) as error:
            raise Unauthorized(self.authorization_url(user_id, email)) from error
