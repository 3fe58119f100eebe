"""Each example runs against the sandbox, as a person would run it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Mailgrant
from mailgrant.sandbox import Sandbox

from .people import BROWSER, Person

EXAMPLES = Path(__file__).parents[2] / "examples"
ADA = "ada@example.com"
GRACE = "grace@example.com"
CALLBACK = "https://localhost:9000/oauth2callback"


@pytest.fixture
def run(sandbox: Sandbox, client_file: Path, tmp_path: Path) -> Any:
    """Run an example in a folder that holds the client secrets, with a browser that agrees as Ada."""
    environment = {
        **os.environ,
        "MAILGRANT_GOOGLE": str(sandbox.url),
        "MAILGRANT_ACCOUNT": ADA,
        "BROWSER": f"{sys.executable} {BROWSER} %s",
        "PYTHONWARNINGS": "ignore",
    }

    def run_example(name: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, EXAMPLES / name, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_example


def load(name: str) -> Any:
    specification = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_shorter_than_sixty_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 60


def test_the_desktop_script_asks_once_and_sends(sandbox: Sandbox, run: Any, tmp_path: Path) -> None:
    (tmp_path / "minutes.pdf").write_bytes(b"%PDF-1.7")

    run("desktop_send.py", GRACE, "Minutes", "Attached.", "minutes.pdf")
    run("desktop_send.py", GRACE, "Again", "No question this time.")

    assert [mail.subject for mail in sandbox.account(GRACE).inbox] == ["Again", "Minutes"]
    assert [entry.method for entry in sandbox.requests].count("oauth2.auth") == 1


def test_the_inbox_helper_takes_a_token_json_once(
    sandbox: Sandbox, run: Any, tmp_path: Path, client_file: Path
) -> None:
    sandbox.account(ADA).receive(from_=GRACE, subject="Lunch?", text="Thursday?")
    token = tmp_path / "token.json"
    token.write_text(json.dumps(sandbox.authorize(ADA, scopes="https://www.googleapis.com/auth/gmail.readonly")))

    first = run("read_inbox.py", client_file.name, token.name)
    token.unlink()
    second = run("read_inbox.py", client_file.name, token.name)

    assert "Lunch?" in first
    assert first == second
    assert "oauth2.auth" not in [entry.method for entry in sandbox.requests]


def test_the_calendar_script_prints_the_next_ten_events(sandbox: Sandbox, run: Any) -> None:
    now = datetime.now(UTC)
    for number in range(1, 13):
        start = now + timedelta(days=number)
        sandbox.account(ADA).add_event(f"Event {number}", start=start, end=start + timedelta(hours=1))

    printed = run("next_ten_events.py").splitlines()

    assert [line.rsplit(" ", 1)[1] for line in printed] == [str(number) for number in range(1, 11)]


def test_the_draft_script_sends_through_a_draft(sandbox: Sandbox, run: Any, tmp_path: Path) -> None:
    (tmp_path / "minutes.pdf").write_bytes(b"%PDF-1.7 minutes")

    run("draft_with_attachment.py", GRACE, "minutes.pdf")

    (received,) = sandbox.account(GRACE).inbox
    (attachment,) = received.parsed.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == ("minutes.pdf", b"%PDF-1.7 minutes")
    assert "gmail.users.drafts.send" in [entry.method for entry in sandbox.requests]


@pytest.fixture
def web_office(sandbox: Sandbox, web_client_file: Path) -> Any:
    with Mailgrant(vault=":memory:", google=sandbox.url, client_secrets=web_client_file) as mailgrant:
        yield mailgrant


def test_the_flask_page_asks_sends_and_keeps_the_grant(sandbox: Sandbox, web_office: Mailgrant, person: Person) -> None:
    page = load("flask_page").create_app(web_office).test_client()
    base = {"base_url": "https://localhost:9000"}

    asked = page.get("/", **base)
    back = person.agree(asked.location, as_account=ADA)
    thanked = page.get(back.removeprefix("https://localhost:9000"), **base)
    sent = page.get("/", **base)

    assert back.startswith(CALLBACK)
    assert ADA in thanked.text
    assert sent.text.startswith("Sent ")
    assert [mail.subject for mail in sandbox.account(ADA).inbox] == ["A test"]
    assert "GOCSPX" not in asked.location + thanked.text + sent.text


def test_the_flask_page_does_not_take_an_answer_from_another_browser(web_office: Mailgrant, person: Person) -> None:
    app = load("flask_page").create_app(web_office)
    mallory, victim = app.test_client(), app.test_client()
    asked = mallory.get("/", base_url="https://localhost:9000")
    back = person.agree(asked.location, as_account=ADA)

    refused = victim.get(back.removeprefix("https://localhost:9000"), base_url="https://localhost:9000")

    assert "another question" in refused.text
    assert web_office.grants() == ()


def test_the_server_sends_a_user_without_a_grant_to_the_authorization_url(
    sandbox: Sandbox, web_office: Mailgrant, person: Person
) -> None:
    server_side = load("server_side")
    mailboxes = server_side.Mailboxes(web_office)
    for number in range(120):
        sandbox.account(ADA).receive(from_=GRACE, subject=f"Mail {number}", text="x")

    with pytest.raises(server_side.Unauthorized) as first:
        list(mailboxes.messages("17", ADA, "from:grace@example.com"))
    mailboxes.finish(person.agree(first.value.authorization_url))
    found = list(mailboxes.messages("17", ADA, "from:grace@example.com"))
    sandbox.revoke(ADA, web_office.clients()[0].client_id)
    with pytest.raises(server_side.Unauthorized) as second:
        list(mailboxes.messages("17", ADA, "from:grace@example.com"))

    assert "login_hint=ada%40example.com" in first.value.authorization_url
    assert "prompt=consent" in second.value.authorization_url
    assert len(found) == 120
