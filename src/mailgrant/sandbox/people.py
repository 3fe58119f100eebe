"""
People: who has an account in a sandbox, each with a mailbox and a diary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import ClassVar

from mailgrant.sandbox.clock import Clock
from mailgrant.sandbox.diary.diary import Diary
from mailgrant.sandbox.ids import Ids
from mailgrant.sandbox.mail.aliases import Aliases
from mailgrant.sandbox.mail.mailbox import Mailbox
from mailgrant.sandbox.mail.settings import MailSettings


@dataclass(slots=True)
class Person:
    """
    One account.

    `sub` is the number by which Google knows a person for ever. `workspace` people belong to their
    domain's organisation; `test_user` says whether applications in Testing accept them. `gmail` is false
    where no mailbox was set up, `robot` true for a service account acting in its own name.
    """

    KEPT: ClassVar[tuple[str, ...]] = (
        "name", "sub", "workspace", "test_user", "gmail", "robot", "diary", "settings", "mailbox",
    )  # fmt: skip

    email: str
    name: str = field(kw_only=True)
    sub: str = field(kw_only=True)
    mailbox: Mailbox = field(kw_only=True, repr=False)
    diary: Diary = field(kw_only=True, repr=False)
    settings: MailSettings = field(kw_only=True, repr=False)
    workspace: bool = field(kw_only=True, default=False)
    test_user: bool = field(kw_only=True, default=True)
    gmail: bool = field(kw_only=True, default=True)
    robot: bool = field(kw_only=True, default=False)

    @property
    def given_name(self) -> str:
        """The first word of the name."""
        return self.name.split(" ")[0]

    @property
    def family_name(self) -> str:
        """What follows the first word of the name, empty if nothing does."""
        return self.name.partition(" ")[2]

    @property
    def hosted_domain(self) -> str | None:
        """The organisation's domain (the claim `hd`), None for a private account."""
        return self.email.partition("@")[2] if self.workspace else None

    @property
    def picture(self) -> str:
        """The address of the portrait."""
        return f"https://lh3.googleusercontent.com/a/{self.sub}=s96-c"


# For so long an administrator can bring a deleted account back; afterwards Google knows nothing of it.
RESTORABLE = timedelta(days=20)


class People:
    """The accounts of one sandbox, in the order in which they were added."""

    KEPT: ClassVar[tuple[str, ...]] = ("_gone",)

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._by_email: dict[str, Person] = {}
        self._gone: dict[str, timedelta] = {}

    def add(
        self,
        email: str,
        *,
        name: str = "",
        workspace: bool = False,
        test_user: bool = True,
        gmail: bool = True,
        robot_id: str | None = None,
    ) -> Person:
        """
        Add an account; raises ValueError if the address is not one, or is taken.

        `robot_id` is the number of a service account, None for a person.
        """
        local, at, domain = email.partition("@")
        if not (local and at and domain) or " " in email or "@" in domain:
            raise ValueError(f"{email!r} is not an email address")
        if self.find(email) is not None:
            raise ValueError(f"{email} has an account already")
        known_as = name or local.replace(".", " ").title()
        person = Person(
            email,
            name=known_as,
            sub=robot_id or subject_of(email),
            workspace=workspace,
            test_user=test_user,
            gmail=gmail,
            robot=robot_id is not None,
            mailbox=Mailbox(email, self._clock, self._ids),
            diary=Diary(email, self._clock, self._ids, neighbours=self),
            settings=MailSettings(Aliases(email, known_as)),
        )
        self._by_email[email.casefold()] = person
        return person

    def find(self, email_or_sub: str) -> Person | None:
        """Return the account of an address or of a `sub`, None if there is none."""
        found = self._by_email.get(email_or_sub.casefold())
        return found or next((person for person in self if person.sub == email_or_sub), None)

    def remove(self, person: Person) -> None:
        """Delete an account."""
        del self._by_email[person.email.casefold()]
        for name in (person.email.casefold(), person.sub):
            self._gone[name] = self._clock.lived

    def is_long_gone(self, email_or_sub: str) -> bool:
        """True for an account that was deleted so long ago that nobody can bring it back."""
        died = self._gone.get(email_or_sub.casefold())
        return died is not None and self._clock.lived - died >= RESTORABLE

    def first(self) -> Person | None:
        """Return the account that was added first, None if there is none."""
        return next(iter(self), None)

    def everybody(self) -> Iterator[Person]:
        """Return the people and, since they have calendars too, the service accounts."""
        return iter(self._by_email.values())

    def __iter__(self) -> Iterator[Person]:
        return (person for person in self._by_email.values() if not person.robot)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def subject_of(email: str) -> str:
    """Return the `sub` of an address: 21 digits, the same in every sandbox, so that yesterday's vault fits."""
    digest = int.from_bytes(sha256(email.casefold().encode()).digest()[:12], "big")
    return f"1{digest % 10**20:020d}"
