"""
Kinds: every value that `--data` may hold.

A new kind of value in a kept attribute is added here; the codec refuses what is not.
"""

from __future__ import annotations

from mailgrant.sandbox.channels import Channel, Collection, Watched
from mailgrant.sandbox.clients import ClientKind, ClientState, OAuthClient, Publishing
from mailgrant.sandbox.diary import Calendar, ListEntry
from mailgrant.sandbox.event import Event, Former
from mailgrant.sandbox.filters import FilterBook
from mailgrant.sandbox.keys import SigningKey
from mailgrant.sandbox.labels import UserLabel
from mailgrant.sandbox.moment import Moment
from mailgrant.sandbox.policies import Policy
from mailgrant.sandbox.push import Topic, Watch
from mailgrant.sandbox.recurrence import Series
from mailgrant.sandbox.service_accounts import AccountState, ServiceAccount
from mailgrant.sandbox.settings import ForwardingAddresses
from mailgrant.sandbox.sharing import AclRule, Role
from mailgrant.sandbox.tokens import AccessToken, RefreshToken

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
