"""
`acl.*`: reading and changing who may do what with a calendar.
"""

from __future__ import annotations

from typing import Any

from mailgrant.sandbox.calendar.access import Access, check_modified, check_unmodified, enter
from mailgrant.sandbox.calendar.cursor import Collection
from mailgrant.sandbox.calendar.lists import page_of
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.moment import milliseconds
from mailgrant.sandbox.diary.sharing import AclRule, Role, read_role, read_scope
from mailgrant.sandbox.frame.wire import ApiCall


def list_(call: ApiCall) -> dict[str, Any]:
    """`acl.list`: rules that were taken away show as role none."""
    access = enter(call, Role.OWNER)
    calendar, params = access.calendar, call.params
    if "syncToken" in params and params.get("showDeleted") is False:
        raise refusals.not_with_sync_token("showDeleted=false")
    collection = Collection(f"{calendar.id}: acl", change=calendar.change, made=calendar.created)
    since, _ = collection.since(params.get("syncToken"), {}, call.now)
    etag = f'"{calendar.sharing_change:020d}"'
    check_modified(call.headers, etag)
    everything = since is not None or params.get("showDeleted", False)
    shown = [
        rule.as_json()
        for rule in calendar.rules.values()
        if (everything or rule.role != Role.NONE) and (since is None or rule.change > since)
    ]
    return {"kind": "calendar#acl", "etag": etag} | page_of(call, shown, collection, {})


def get(call: ApiCall) -> dict[str, Any]:
    """`acl.get`."""
    rule = _rule(call, enter(call, Role.OWNER))
    check_modified(call.headers, rule.etag)
    return rule.as_json()


def insert(call: ApiCall) -> dict[str, Any]:
    """`acl.insert`: a rule for somebody; one they have already is changed."""
    access = enter(call, Role.OWNER)
    role = read_role(call.body)
    kind, value = read_scope(call.body)
    _check_not_owner(access, AclRule(kind, value, role=role, updated=call.now), role)
    return _put(call, access, AclRule(kind, value, role=role, updated=milliseconds(call.now)))


def update(call: ApiCall) -> dict[str, Any]:
    """`acl.update`: the scope is in the id, so only the role can change."""
    return _rewrite(call, read_role(call.body))


def patch(call: ApiCall) -> dict[str, Any]:
    """`acl.patch`."""
    role = read_role(call.body) if call.body.get("role") is not None else None
    return _rewrite(call, role)


def delete(call: ApiCall) -> None:
    """`acl.delete`: the rule stays, with role none."""
    access = enter(call, Role.OWNER)
    rule = _rule(call, access)
    check_unmodified(call.headers, rule.etag)
    _check_not_owner(access, rule, Role.NONE)
    _put(call, access, AclRule(rule.scope_type, rule.value, role=Role.NONE, updated=milliseconds(call.now)))


def _rewrite(call: ApiCall, role: Role | None) -> dict[str, Any]:
    access = enter(call, Role.OWNER)
    rule = _rule(call, access)
    check_unmodified(call.headers, rule.etag)
    wanted = rule.role if role is None else role
    _check_not_owner(access, rule, wanted)
    return _put(call, access, AclRule(rule.scope_type, rule.value, role=wanted, updated=milliseconds(call.now)))


def _rule(call: ApiCall, access: Access) -> AclRule:
    rule = access.calendar.rules.get(call.params["ruleId"])
    if rule is None or rule.role == Role.NONE:
        raise refusals.not_found()
    return rule


def _check_not_owner(access: Access, rule: AclRule, role: Role) -> None:
    """The person whose calendar it is keeps it."""
    calendar = access.calendar
    if rule.scope_type == "user" and rule.value.casefold() == calendar.owner.casefold() and role != Role.OWNER:
        raise refusals.restricted("cannotChangeOwnAcl", "Cannot change your own access level.")


def _put(call: ApiCall, access: Access, rule: AclRule) -> dict[str, Any]:
    calendar = access.calendar
    rule.change = calendar.next_change()
    # Sync tokens of the events do not outlive a change of who may see them.
    calendar.sharing_change = rule.change
    calendar.rules[rule.id] = rule
    if rule.scope_type == "user" and rule.role != Role.NONE:
        _list_for(call, rule.value, calendar.id)
    return rule.as_json()


def _list_for(call: ApiCall, email: str, calendar_id: str) -> None:
    """Somebody who is given a calendar finds it on their list."""
    person = call.world.people.find(email)
    entry = person.diary.entries.get(calendar_id) if person else None
    if person is not None and (entry is None or entry.deleted):
        person.diary.list_entry(calendar_id, {"colorId": "14", "selected": True, "defaultReminders": []})
