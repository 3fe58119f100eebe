"""The sandbox's page for people: what it shows, who may see it, and how it lives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import Answer

from .caller import LOOPBACK, Caller, location
from .conftest import NOON

if TYPE_CHECKING:
    from playwright.sync_api import Page

ADA = "ada@example.com"
GMAIL = "/gmail/v1/users/me"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", **LOOPBACK}


def page(caller: Caller, query: str = "") -> Answer:
    """Ask for the page as a browser does."""
    return caller.request("GET", f"/_sandbox/{query}", headers=BROWSER)


def text(answer: Answer) -> str:
    """Return what the page says."""
    return answer.body.decode()


def test_a_browser_at_the_root_is_led_to_the_page(caller: Caller) -> None:
    assert location(caller.get("/", **BROWSER)) == "/_sandbox/"
    assert page(caller).header("Content-Type") == "text/html; charset=utf-8"


def test_a_program_still_gets_json(caller: Caller) -> None:
    answer = caller.request("GET", "/_sandbox/", headers={"accept": "*/*", **LOOPBACK})

    assert answer.header("Content-Type") == "application/json; charset=utf-8"


def test_the_page_shows_people_mail_clients_and_clock(caller: Caller) -> None:
    said = text(page(caller))

    for word in ("Ada Lovelace", "grace@example.com", "Grüße aus Århus", "Mailgrant demo", "2026-03-04 12:00"):
        assert word in said


def test_the_page_searches_as_gmail_does(caller: Caller) -> None:
    said = text(page(caller, "?account=ada@example.com&q=has:attachment"))

    assert "Minutes of Monday" in said
    assert "Lunch?</b>" not in said


def test_a_mail_is_read_with_its_headers_and_files(caller: Caller) -> None:
    (mail,) = caller.world.account(ADA).messages("subject:minutes")

    said = text(page(caller, f"?account={ADA}&message={mail.id}"))

    assert "Attached, with thanks to all." in said
    assert "Grace Hopper &lt;grace@example.com&gt;" in said
    assert "minutes – Monday.txt" in said


def test_a_mail_cannot_put_anything_into_the_page(caller: Caller) -> None:
    evil = "<script>alert(1)</script>"
    mail = caller.world.account(ADA).receive(from_=f'"{evil}" <eve@example.com>', subject=evil, text=evil)

    for query in ("", f"?account={ADA}&message={mail.id}", f"?q={evil}"):
        assert "<script>alert" not in text(page(caller, query))


def test_broken_mail_is_shown_too(caller: Caller) -> None:
    mail = caller.world.deliver(b"\xff\xfe Subject\n\x00: \xe9\n=?utf-8?q?=ED=A0=80?=\n", to=ADA)

    assert page(caller).status == 200
    assert page(caller, f"?message={mail.id}").status == 200


def test_the_page_runs_no_script_of_its_own_but_one_file(caller: Caller) -> None:
    answer = page(caller)
    policy = str(answer.header("Content-Security-Policy"))

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in text(answer)
    assert text(answer).count("<script") == 1


def test_no_other_page_may_frame_it_and_no_cache_keeps_it(caller: Caller) -> None:
    answer = page(caller)

    assert answer.header("X-Frame-Options") == "DENY"
    assert answer.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("name", ["", "static/world.js"])
def test_the_page_is_not_served_under_a_foreign_name(name: str, caller: Caller) -> None:
    headers = {**BROWSER, "host": "sandbox.example.com"}

    assert caller.request("GET", f"/_sandbox/{name}", headers=headers).status == 403


@pytest.mark.parametrize(
    ("name", "kind"), [("world.css", "text/css; charset=utf-8"), ("world.js", "text/javascript; charset=utf-8")]
)
def test_its_two_files_are_served(name: str, kind: str, caller: Caller) -> None:
    assert caller.request("GET", f"/_sandbox/static/{name}", headers=BROWSER).header("Content-Type") == kind


@pytest.mark.parametrize("name", ["world.html", "..%2Fcontrol.py", "%2e%2e"])
def test_no_other_file_is_served(name: str, caller: Caller) -> None:
    assert caller.request("GET", f"/_sandbox/static/{name}", headers=BROWSER).status == 404


def test_the_page_shows_requests_faults_and_quota(caller: Caller) -> None:
    caller.sign_in("https://mail.google.com/").get(f"{GMAIL}/labels")
    caller.world.fault("gmail.users.messages.send", drop="after", times=3)

    said = text(page(caller))

    assert "gmail.users.labels.list" in said
    assert "drop after" in said
    assert "× 3" in said


def test_an_empty_sandbox_has_a_page() -> None:
    caller = Caller(Sandbox(seed="empty"))

    assert "Nobody is here yet." in text(page(caller))


def test_the_page_shows_what_is_next_in_every_calendar_of_a_persons_list(caller: Caller) -> None:
    ada = caller.world.account(ADA)
    lunch = NOON + timedelta(days=1)
    ada.add_event("Lunch", start=lunch, end=lunch + timedelta(hours=1), attendees=[{"email": "grace@example.com"}])
    ada.add_event("Last year", start=lunch - timedelta(days=365), end=lunch - timedelta(days=364))
    person = caller.world.people.find(ADA)
    assert person is not None
    holidays = person.diary.open_secondary({"summary": "Holidays"}, zone="Europe/Berlin")
    day = {"start": {"date": "2026-03-06"}, "end": {"date": "2026-03-09"}}
    person.diary.add_event(holidays.id, {"summary": "Sea", "location": "Brighton", **day}, actor=ADA)

    said = text(page(caller))

    for word in ("Thu 05 Mar 12:00 – 13:00", "grace@example.com: no answer yet", "Fri 06 Mar – Sun 08 Mar", "Brighton"):
        assert word in said
    assert "Holidays</span>" in said
    assert "Last year" not in said


def test_a_guest_sees_the_meeting_in_their_own_calendar(caller: Caller) -> None:
    meeting = {
        "summary": "Engines",
        "start": {"dateTime": "2026-03-05T09:00:00", "timeZone": "Europe/London"},
        "end": {"dateTime": "2026-03-05T09:30:00", "timeZone": "Europe/London"},
        "recurrence": ["RRULE:FREQ=DAILY"],
        "attendees": [{"email": "grace@example.com"}],
    }
    assert caller.control("POST", f"accounts/{ADA}/events", meeting).status == 201

    said = text(page(caller, "?account=grace@example.com"))

    assert said.count("<b>Engines</b>") > 20
    assert "recurring" in said


def test_an_event_cannot_put_anything_into_the_page(caller: Caller) -> None:
    evil = "<script>alert(1)</script>"
    caller.world.account(ADA).add_event(evil, start=NOON, end=NOON + timedelta(hours=1), location=evil)

    assert "<script>alert" not in text(page(caller))


def test_looking_is_not_logged(caller: Caller) -> None:
    page(caller)

    assert caller.world.requests == []


@pytest.fixture
def opened(world: Sandbox, chromium: Page) -> Iterator[Page]:
    """The page in a browser; what its script or its policy complains of fails the test."""
    complaints: list[str] = []
    chromium.on("console", lambda message: complaints.append(message.text))
    chromium.on("pageerror", lambda error: complaints.append(str(error)))
    with world.serve() as served:
        chromium.goto(f"{served.url}/")
        yield chromium
        chromium.goto("about:blank")
    # An answer of 400 and the like is the browser's to report, and often what a test wants.
    assert [said for said in complaints if not said.startswith("Failed to load resource")] == []


@pytest.mark.browser
def test_mail_that_arrives_appears_by_itself(opened: Page, world: Sandbox) -> None:
    world.account(ADA).receive(from_="grace@example.com", subject="A new engine", text="It turns.")

    opened.get_by_text("A new engine").wait_for()


@pytest.mark.browser
def test_a_request_appears_by_itself(opened: Page, world: Sandbox) -> None:
    Caller(world).sign_in("https://mail.google.com/").get(f"{GMAIL}/labels")

    opened.locator("#log").get_by_text("gmail.users.labels.list").wait_for()


@pytest.mark.browser
def test_an_event_is_added_in_the_page_and_appears(opened: Page) -> None:
    opened.get_by_text(f"Add an event for {ADA}").click()
    opened.get_by_label("Title").fill("Difference engine")
    opened.get_by_role("button", name="Add event").click()

    opened.locator("#events").get_by_text("Difference engine").wait_for()


@pytest.mark.browser
def test_time_passes_at_the_press_of_a_button(opened: Page, world: Sandbox) -> None:
    opened.get_by_role("button", name="+ 8 days").click()

    opened.get_by_text("Time has passed.").wait_for()
    assert world.clock.now().day == 12
    assert str(opened.text_content("#now")).startswith("2026-03-12")


@pytest.mark.browser
def test_a_fault_is_added_with_the_keyboard_alone(opened: Page, world: Sandbox) -> None:
    opened.get_by_label("What goes wrong").focus()
    opened.keyboard.type("cut after")
    opened.keyboard.press("Tab")
    opened.keyboard.type("gmail.users.messages.send")
    opened.keyboard.press("Enter")

    opened.locator("#waiting").get_by_text("drop after").wait_for()
    (fault,) = world.faults
    assert (fault.method, str(fault.effect), fault.times) == ("gmail.users.messages.send", "drop after", 1)


@pytest.mark.browser
def test_a_refusal_of_the_control_api_is_shown(opened: Page) -> None:
    opened.get_by_text("Add a person").click()
    opened.get_by_label("Address").fill(ADA)
    opened.get_by_role("button", name="Add", exact=True).first.click()

    opened.get_by_text("has an account already").wait_for()


@pytest.mark.browser
def test_the_focus_stays_where_it_was_when_something_changes(opened: Page, world: Sandbox) -> None:
    link = opened.locator("#messages a").first
    subject = str(link.locator("b").text_content())
    link.focus()
    world.account(ADA).receive(from_="grace@example.com", subject="A new engine", text="It turns.")
    opened.get_by_text("A new engine").wait_for()

    assert subject in str(opened.evaluate("document.activeElement.textContent"))


@pytest.mark.browser
def test_everything_can_be_read_without_javascript(world: Sandbox, chromium: Page) -> None:
    with world.serve() as served:
        context = chromium.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
        silent = context.new_page()
        silent.goto(f"{served.url}/")
        silent.get_by_text("Lunch?", exact=True).first.click()

        assert "Thursday at noon?" in str(silent.text_content("article"))
        context.close()
