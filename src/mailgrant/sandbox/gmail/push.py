"""users.watch and users.stop: being told of changes instead of asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailgrant.sandbox.frame.wire import ApiCall, ApiError, Handler
from mailgrant.sandbox.gmail import calls as gmail_calls
from mailgrant.sandbox.mail import refusals
from mailgrant.sandbox.mail.push import LIFE, Topic, Watch


def watch(call: ApiCall) -> dict[str, Any]:
    """Answer users.watch; another watch with the same topic takes the place of the first."""
    topic = _topic(call)
    label_ids = call.body.get("labelIds", [])
    gmail_calls.mailbox(call).labels.check_known(label_ids)
    current = call.world.push.find(call.person, call.project)
    if current is not None and current.topic.name != topic.name:
        raise refusals.invalid(
            "Only one user push notification client allowed per developer (call /stop then try again)"
        )
    behavior = call.body.get("labelFilterBehavior") or call.body.get("labelFilterAction", "include")
    history_id = gmail_calls.mailbox(call).history.current
    made = Watch(
        topic,
        label_ids=frozenset(label_ids),
        excluding=behavior == "exclude",
        expires=call.now + LIFE,
        seen=history_id,
    )
    call.world.push.start(call.person, call.project, made)
    return {"historyId": str(history_id), "expiration": str(int(made.expires.timestamp() * 1000))}


def stop(call: ApiCall) -> None:
    """Answer users.stop; it is all the same whether anything was watched."""
    call.world.push.stop(call.person, call.project)


def _topic(call: ApiCall) -> Topic:
    """Return the topic a call names; one that exists is taken for the program's own unless another client's."""
    name = call.body.get("topicName", "")
    topic, project = call.world.push.topic(name), name.removeprefix("projects/").partition("/")[0]
    own = {call.project, f"sandbox-{call.project}"}
    others = {spelt for client in call.world.clients for spelt in (client.project, f"sandbox-{client.project}")} - own
    if project in others or (topic is None and not _is_name_in(own, name)):
        raise refusals.invalid(f"Invalid topicName does not match projects/sandbox-{call.project}/topics/*")
    if topic is None:
        raise _test_message_failed(404, "notFound", name, f"Resource not found (resource={name.rpartition('/')[2]}).")
    if not topic.publisher:
        raise _test_message_failed(403, "forbidden", name, "User not authorized to perform this action.")
    return topic


def _is_name_in(projects: set[str], name: str) -> bool:
    parts = name.split("/")
    return (
        len(parts) == 4 and parts[0] == "projects" and parts[1] in projects and parts[2] == "topics" and bool(parts[3])
    )


def _test_message_failed(status: int, reason: str, name: str, why: str) -> ApiError:
    return ApiError(status, reason, f"Error sending test message to Cloud PubSub {name} : {why}")


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.watch": watch,
    "gmail.users.stop": stop,
}
