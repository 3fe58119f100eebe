"""The pytest plug-in, as somebody else's test-suite uses it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from mailgrant import Mailgrant, NoAnswer
from mailgrant.sandbox import Sandbox
from mailgrant.testing import InProcess

ADA = "ada@example.com"
# What a start of pytest may not load for the sake of this plug-in; `http.client` and the like are pytest's own.
LATE = ["cryptography", "dateutil", "googleapiclient", "httpcore2", "jinja2", "jwt", "mailgrant.sandbox", "uvicorn"]


@pytest.fixture
def strangers(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of somebody who has installed mailgrant, and who treats warnings as errors."""
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    return pytester


def passes(project: pytest.Pytester, source: str, number: int = 1) -> None:
    """Run a stranger's tests in an interpreter of their own."""
    project.makepyfile(source)

    result = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=number)


def test_pytest_finds_the_fixtures_by_itself() -> None:
    (found,) = entry_points(group="pytest11", name="mailgrant")

    assert found.value == "mailgrant.testing"


def test_the_fixtures_are_listed_with_what_they_are(strangers: pytest.Pytester) -> None:
    result = strangers.runpytest_subprocess("--fixtures", "-q")

    for name in ("sandbox", "mailgrant", "google_service"):
        result.stdout.re_match_lines([rf"{name} -- .*mailgrant.testing.*|{name} -- .*testing\.py.*"])


def test_a_start_of_pytest_loads_nothing_heavy() -> None:
    program = "import sys, mailgrant.testing\nprint(*sorted(sys.modules))"

    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)

    assert sorted(set(LATE).intersection(run.stdout.split())) == []


def test_a_mail_is_sent_in_two_lines(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        def test_lunch_is_announced(sandbox, mailgrant):
            mailgrant.account("ada@example.com").gmail.send(to="grace@example.com", subject="Lunch", text="At noon?")
            assert sandbox.account("grace@example.com").inbox[0].subject == "Lunch"
        """,
    )


def test_ada_and_grace_have_granted_mail_and_calendar(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        import pytest

        @pytest.mark.parametrize("address", ["ada@example.com", "grace@example.com"])
        def test_both_are_signed_in(mailgrant, address):
            account = mailgrant.connect("gmail.modify", "calendar", account=address, ask="never")
            assert account.address == address
            assert list(account.gmail.search("")) == []
            assert list(account.calendar.upcoming()) == []
        """,
        2,
    )


def test_a_test_sees_only_requests_of_its_own(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        def test_nothing_was_asked_yet(sandbox, mailgrant):
            assert sandbox.requests == []

        def test_one_call_is_one_request(sandbox, mailgrant):
            mailgrant.account("ada@example.com").gmail.labels()
            assert [entry.method for entry in sandbox.requests] == ["gmail.users.labels.list"]
        """,
        2,
    )


def test_each_test_has_a_google_of_its_own(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_the_inbox_is_empty(sandbox, number):
            ada = sandbox.account("ada@example.com")
            assert ada.inbox == []
            ada.receive(from_="grace@example.com", subject="Lunch")
        """,
        2,
    )


def test_time_passes_for_both_sides(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        from datetime import timedelta

        def test_a_token_is_refreshed_a_day_later(sandbox, mailgrant):
            sandbox.clock.advance(timedelta(days=1))
            mailgrant.account("ada@example.com").gmail.labels()
            assert [entry.method for entry in sandbox.requests] == ["oauth2.token", "gmail.users.labels.list"]
        """,
    )


def test_a_failure_is_asked_for_in_a_line(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        import pytest
        from mailgrant import OutcomeUnknown

        def test_a_lost_answer_is_not_taken_for_a_failure(sandbox, mailgrant):
            gmail = mailgrant.account("ada@example.com").gmail
            sandbox.fault("gmail.users.drafts.send", drop="after")
            with pytest.raises(OutcomeUnknown) as caught:
                gmail.send(to="grace@example.com", subject="Lunch", text="?", settle=False)
            gmail.settle(caught.value)
            sandbox.fault("gmail.users.drafts.send", drop="after")
            gmail.send(to="grace@example.com", subject="Dinner", text="?")
            assert len(sandbox.sent) == 2
        """,
    )


def test_googles_own_client_is_led_to_the_sandbox(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        def test_labels_and_events(sandbox, google_service):
            gmail = google_service("gmail", "v1", "grace@example.com")
            assert gmail.users().getProfile(userId="me").execute()["emailAddress"] == "grace@example.com"
            calendar = google_service("calendar", "v3", "grace@example.com")
            assert calendar.events().list(calendarId="primary").execute()["items"] == []
        """,
    )


def test_googles_own_client_uploads_and_batches_here_too(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        from io import BytesIO
        from googleapiclient.http import MediaIoBaseUpload

        MAIL = b"From: ada@example.com\\r\\nTo: grace@example.com\\r\\nSubject: Lunch\\r\\n\\r\\nAt noon?\\r\\n"

        def test_an_upload_and_a_batch(sandbox, google_service):
            gmail = google_service("gmail", "v1")
            media = MediaIoBaseUpload(BytesIO(MAIL), "message/rfc822", resumable=True)
            gmail.users().messages().send(userId="me", body={}, media_body=media).execute()
            seen = []
            batch = gmail.new_batch_http_request(lambda number, answer, error: seen.append(error or answer))
            batch.add(gmail.users().labels().get(userId="me", id="SENT"))
            batch.execute()
            assert seen[0]["messagesTotal"] == 1
        """,
    )


def test_googles_own_client_has_only_the_scopes_it_was_given(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        import pytest
        from googleapiclient.errors import HttpError

        def test_reading_is_not_sending(google_service):
            gmail = google_service("gmail", "v1", "charles@example.com", scopes=["gmail.readonly"])
            assert gmail.users().messages().list(userId="me").execute()["resultSizeEstimate"] == 0
            with pytest.raises(HttpError, match="insufficient"):
                gmail.users().messages().send(userId="me", body={"raw": ""}).execute()
        """,
    )


def test_the_machines_own_settings_are_left_alone(strangers: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILGRANT_VAULT", str(strangers.path / "mine.db"))
    monkeypatch.setenv("MAILGRANT_ACCOUNT", "nobody@example.com")
    passes(
        strangers,
        """
        def test_everything_is_in_memory(mailgrant):
            assert {grant.account for grant in mailgrant.grants()} == {"ada@example.com", "grace@example.com"}
        """,
    )

    assert not (strangers.path / "mine.db").exists()


def test_a_project_may_have_a_fixture_of_the_same_name(strangers: pytest.Pytester) -> None:
    passes(
        strangers,
        """
        import pytest

        @pytest.fixture
        def sandbox():
            return "a box of sand"

        def test_the_nearer_one_wins(sandbox):
            assert sandbox == "a box of sand"
        """,
    )


def code_blocks() -> str:
    """Return the Python of `docs/howto/test-your-app.md`, as one module."""
    page = Path(__file__).parents[2] / "docs" / "howto" / "test-your-app.md"
    return "\n\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))


def test_every_block_of_the_guide_runs(pytester: pytest.Pytester) -> None:
    source = code_blocks()

    passes(pytester, source, source.count("def test_"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[Sandbox, Mailgrant]]:
    """A sandbox that nobody serves, and a Mailgrant that reaches it; Ada has let it read and send."""
    world = Sandbox(quota="off")
    file = tmp_path / "token.json"
    file.write_text(json.dumps(world.authorize(ADA, scopes=["https://mail.google.com/"])))
    transport = InProcess(world)
    with Mailgrant(google="http://127.0.0.1:8025", vault=":memory:", transport=transport) as mailgrant:
        mailgrant.import_grant(file)
        yield world, mailgrant


def test_a_sandbox_is_reached_without_a_network(office: tuple[Sandbox, Mailgrant]) -> None:
    world, mailgrant = office

    mailgrant.account(ADA).gmail.send(to="grace@example.com", subject="Tea", text="At five?")

    assert world.url is None
    assert world.account("grace@example.com").inbox[0].subject == "Tea"


def test_a_connection_that_a_fault_cuts_is_an_answer_that_never_came(office: tuple[Sandbox, Mailgrant]) -> None:
    world, mailgrant = office
    world.fault("gmail.users.labels.list", drop="before", times=99)

    with pytest.raises(NoAnswer):
        mailgrant.account(ADA).gmail.labels()
