"""
Kinds: every value that `--data` may hold.

A new kind of value in a kept attribute is added here; the codec refuses what is not.
"""

from __future__ import annotations

from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.channels import Channel, Collection, Watched
from mailgrant.sandbox.diary.diary import ListEntry
from mailgrant.sandbox.diary.event import Event, Former
from mailgrant.sandbox.diary.moment import Moment
from mailgrant.sandbox.diary.recurrence import Series
from mailgrant.sandbox.diary.sharing import AclRule, Role
from mailgrant.sandbox.mail.filters import FilterBook
from mailgrant.sandbox.mail.labels import UserLabel
from mailgrant.sandbox.mail.push import Topic, Watch
from mailgrant.sandbox.mail.settings import ForwardingAddresses
from mailgrant.sandbox.oauth.clients import ClientKind, ClientState, OAuthClient, Publishing
from mailgrant.sandbox.oauth.keys import SigningKey
from mailgrant.sandbox.oauth.policies import Policy
from mailgrant.sandbox.oauth.service_accounts import AccountState, ServiceAccount
from mailgrant.sandbox.oauth.tokens import AccessToken, RefreshToken

KINDS: tuple[type, ...] = (
    AccessToken,
    AccountState,
    AclRule,
    Calendar,
    Channel,
    ClientKind,
    ClientState,
    Collection,
    Event,
    FilterBook,
    Former,
    ForwardingAddresses,
    ListEntry,
    Moment,
    OAuthClient,
    Policy,
    Publishing,
    RefreshToken,
    Role,
    Series,
    ServiceAccount,
    SigningKey,
    Topic,
    UserLabel,
    Watch,
    Watched,
)
