"""Batches: many calls in one request; and the discovery documents from which clients build them."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.api import Api
from mailgrant.sandbox.frame.discovery import document
from mailgrant.sandbox.frame.doors import Doors
from mailgrant.sandbox.frame.wire import ApiCall

from .batching import answers, send
from .caller import Caller, body

MAIL = "https://mail.google.com/"
PROFILE = "GET /gmail/v1/users/me/profile"


@pytest.fixture
def batcher(world: Sandbox, caller: Caller) -> Caller:
    """Somebody with a token, where Gmail knows profiles and labels."""

    def profile(call: ApiCall) -> dict[str, Any]:
        return {"emailAddress": call.person.email}

    def create(call: ApiCall) -> dict[str, Any]:
        return {"id": "Label_1", "name": call.body["name"]}

    handlers = {"gmail.users.getProfile": profile, "gmail.users.labels.create": create}
    world._doors = Doors(world, Api(world, handlers))
    return caller.sign_in(MAIL)


@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["CRLF", "LF"])
def test_every_part_is_answered_in_order_as_if_it_had_come_alone(batcher: Caller, end: str) -> None:
    create = 'POST /gmail/v1/users/me/labels HTTP/1.1\nContent-Type: application/json\n\n{"name": "Lunch"}'

    batch = send(batcher, f"{PROFILE} HTTP/1.1\nAccept: */*\n", create, "GET /nowhere HTTP/1.1\n", end=end)

    assert batch.status == 200
    got = answers(batch)
    assert [(content_id, status) for content_id, status, _ in got] == [
        ("<response-u + 0>", 200),
        ("<response-u + 1>", 200),
        ("<response-u + 2>", 404),
    ]
    assert '"ada@example.com"' in got[0][2]
    assert '"Lunch"' in got[1][2]


def test_a_part_is_never_compressed_though_it_asks_for_it(world: Sandbox, caller: Caller) -> None:
    asks = "Accept-Encoding: gzip, deflate\nUser-Agent: (gzip)\n"

    [(_, status, text)] = answers(send(caller.sign_in(MAIL), f"GET /gmail/v1/users/me/labels\n{asks}"))

    assert (status, "INBOX" in text) == (200, True)


def test_a_part_may_bring_its_own_token(world: Sandbox, batcher: Caller) -> None:
    grace = world.authorize("grace@example.com", scopes=[MAIL])["token"]

    first, second = answers(send(batcher, PROFILE, f"{PROFILE}\nAuthorization: Bearer {grace}\n"))

    assert "ada@example.com" in first[2]
    assert "grace@example.com" in second[2]


def test_a_part_fails_alone(world: Sandbox, batcher: Caller) -> None:
    world.fault("gmail.users.getProfile", nth=2, status=429)

    statuses = [status for _, status, _ in answers(send(batcher, PROFILE, PROFILE, PROFILE))]

    assert statuses == [200, 429, 200]


def test_a_batch_costs_what_its_parts_cost_and_each_is_in_the_log(world: Sandbox, batcher: Caller) -> None:
    send(batcher, PROFILE, PROFILE, path="/batch")

    logged = [(entry.method, entry.units) for entry in world.requests]
    assert logged == [("gmail.users.getProfile", 1), ("gmail.users.getProfile", 1), ("batch", 0)]


@pytest.mark.parametrize(("path", "most"), [("/batch/gmail/v1", 100), ("/batch/calendar/v3", 50)])
def test_a_batch_has_a_largest_size(batcher: Caller, path: str, most: int) -> None:
    assert send(batcher, *[PROFILE] * most, path=path).status == 200
    assert send(batcher, *[PROFILE] * (most + 1), path=path).status == 400


def test_what_is_no_batch_is_refused(batcher: Caller) -> None:
    assert batcher.post("/batch", {}).status == 400
    assert send(batcher).status == 400
    assert send(batcher, "GET http://elsewhere.example/").status == 400


def test_batches_do_not_nest_and_carry_no_uploads(batcher: Caller) -> None:
    upload = "POST /upload/gmail/v1/users/me/messages/send?uploadType=media"

    assert [status for _, status, _ in answers(send(batcher, "POST /batch", upload))] == [404, 404]


def test_googles_client_batches_through_the_served_discovery_document(world: Sandbox, batcher: Caller) -> None:
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build

    seen: dict[str, Any] = {}
    with (
        world.serve() as served,
        build(
            "gmail",
            "v1",
            credentials=Credentials(batcher.token),
            discoveryServiceUrl=f"{served.url}/discovery/v1/apis/{{api}}/{{apiVersion}}/rest",
            static_discovery=False,
            cache_discovery=False,
        ) as service,
    ):
        batch = service.new_batch_http_request(
            callback=lambda name, answer, error: seen.__setitem__(name, error or answer)
        )
        for name in ("one", "two"):
            batch.add(service.users().getProfile(userId="me"), request_id=name)
        batch.execute()

    assert seen == {name: {"emailAddress": "ada@example.com"} for name in ("one", "two")}


def test_the_discovery_documents_lead_here_on_loopback_and_to_google_elsewhere(caller: Caller) -> None:
    here = body(caller.get("/discovery/v1/apis/calendar/v3/rest", host="localhost:8025"))
    led = body(caller.get("/discovery/v1/apis/gmail/v1/rest", host="www.googleapis.com"))

    assert (here["rootUrl"], here["baseUrl"]) == ("http://localhost:8025/", "http://localhost:8025/calendar/v3/")
    assert led == document("gmail")


def test_a_host_of_one_api_serves_its_document_by_version(caller: Caller) -> None:
    gmail = caller.get("/$discovery/rest?version=v1", host="gmail.googleapis.com")

    assert body(gmail)["id"] == "gmail:v1"
    assert caller.get("/$discovery/rest?version=v9", host="gmail.googleapis.com").status == 404
    assert caller.get("/$discovery/rest?version=v1", host="127.0.0.1").status == 404
