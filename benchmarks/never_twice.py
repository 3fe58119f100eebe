"""
Never twice: many mails under every fault, and how often each client was wrong about what went out.

Accounts with different grants send at the same time, while answers are lost, late, stale, cut short or
no JSON, and while people edit, send and delete drafts before anybody looks. Afterwards the sandbox's
list of what left is compared with what each send said. google-api-python-client sends as many under the
same faults, as its documentation shows.

    python benchmarks/never_twice.py [--sends 1000] [--accounts 20] [--seed 1] [--rivals PYTHON] [--json]

`--rivals` names a Python that has simplegmail and ezgmail; they run unmodified under `mailgrant sandbox exec`.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from mailgrant import Mailgrant, OutcomeUnknown
from mailgrant.errors import DraftChanged, MailgrantError, SandboxWarning
from mailgrant.gmail.attempt import Patience
from mailgrant.sandbox import Sandbox

GRANTS = ("gmail.modify", "gmail.compose", "gmail.send")
FULL = "https://www.googleapis.com/auth/"
TO = "grace@example.com"
LATEST = timedelta(seconds=0.3)
# Longer than any `late` or `stale` below.
PATIENCE = Patience(
    still_running=timedelta(seconds=0.4), between_looks=timedelta(seconds=0.25), giving_up=timedelta(seconds=2)
)
LOSSES: tuple[dict[str, Any], ...] = (
    {"drop": "before"},
    {"drop": "after"},
    {"late": "200ms"},
    {"status": 503},
    {"truncate": True},
    {"corrupt": True},
)
LOOKS: tuple[dict[str, Any], ...] = (*LOSSES, {"stale": "150ms"})
WRITES = ("gmail.users.drafts.create", "gmail.users.drafts.send", "gmail.users.messages.send")
READS = ("gmail.users.drafts.list", "gmail.users.drafts.get", "gmail.users.messages.list")


@dataclass(frozen=True)
class Result:
    """What one send said, and what a person did meanwhile."""

    subject: str
    said: str
    person: str
    grant: str


@contextmanager
def world(accounts: int) -> Iterator[Sandbox]:
    """Run a sandbox with so many senders and one who receives."""
    sandbox = Sandbox(seed="empty", quota="off")
    sandbox.account(TO)
    for number in range(accounts):
        sandbox.account(sender(number))
    with sandbox.serve():
        yield sandbox


def sender(number: int) -> str:
    """Return the address of a sender."""
    return f"sender{number}@example.com"


def storm(sandbox: Sandbox, sends: int, accounts: int, seed: int) -> list[Result]:
    """Let every account send its share, all at the same time."""
    warnings.simplefilter("ignore", SandboxWarning)
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(accounts) as threads:
        office = Mailgrant(vault=":memory:", google=sandbox.url, quota="off", patience=PATIENCE)
        for number in range(accounts):
            scope = GRANTS[number % len(GRANTS)]
            file = Path(name) / f"{number}.json"
            file.write_text(json.dumps(sandbox.authorize(sender(number), scopes=[FULL + scope])))
            file.chmod(0o600)
            office.import_grant(file, account=sender(number))
        shares = [range(number, sends, accounts) for number in range(accounts)]
        work = [
            threads.submit(one_account, sandbox, office, number, share, seed) for number, share in enumerate(shares)
        ]
        results = [result for future in work for result in future.result()]
        office.close()
    return results


def one_account(sandbox: Sandbox, office: Mailgrant, number: int, share: range, seed: int) -> list[Result]:
    """Send an account's share, one after the other."""
    chance = random.Random(f"{seed} {number}")
    gmail = office.account(sender(number)).gmail
    results = []
    for mail in share:
        subject = f"Mail {mail}"
        break_something(sandbox, sender(number), chance)
        person = chance.choice(("nothing", "nothing", "edit", "send", "delete"))
        said, did = attempt(sandbox, gmail, number, subject, person)
        results.append(Result(subject, said, did, GRANTS[number % len(GRANTS)]))
    return results


def break_something(sandbox: Sandbox, account: str, chance: random.Random) -> None:
    """Let up to two of the next requests of an account fail."""
    for _ in range(chance.choice((0, 1, 1, 2))):
        method, effects = chance.choice([(each, LOSSES) for each in WRITES] + [(each, LOOKS) for each in READS])
        sandbox.fault(method, account=account, **chance.choice(effects))


def attempt(sandbox: Sandbox, gmail: Any, number: int, subject: str, person: str) -> tuple[str, str]:
    """Send one mail; where the answer is lost a person may act before it is settled. Return what was said, and done."""
    did = "nothing"
    try:
        gmail.send(to=TO, subject=subject, text="At noon?", settle=False)
    except OutcomeUnknown as unknown:
        did = act(sandbox, sender(number), subject, person)
        return settled(gmail, unknown), did
    except DraftChanged:
        return "changed", did
    except MailgrantError:
        return "not sent", did
    return "sent", did


def settled(gmail: Any, unknown: OutcomeUnknown) -> str:
    """Settle, again and again while it cannot be told for the moment."""
    for _ in range(4):
        try:
            return "sent" if gmail.settle(unknown) else "not sent"
        except OutcomeUnknown:
            continue
        except DraftChanged:
            return "changed"
        except MailgrantError:
            return "not sent"
    return "unknown"


def act(sandbox: Sandbox, account: str, subject: str, person: str) -> str:
    """
    Do to the draft what a person would do in Gmail's page, if it is there.

    Not while the lost request may still be carried out: an edit then would go out as edited.
    """
    if person == "nothing":
        return person
    time.sleep(LATEST.total_seconds())
    held = sandbox.account(account)
    draft_id = next((name for name, draft in held.drafts.items() if draft.subject == subject), None)
    if draft_id is None:
        return "nothing"
    try:
        if person == "edit":
            held.edit_draft(draft_id, text="At one?")
        elif person == "send":
            held.send_draft(draft_id)
        else:
            held.delete_draft(draft_id)
    except (KeyError, ValueError, LookupError):
        return "nothing"
    return person


def verdict(sandbox: Sandbox, results: list[Result], accounts: int) -> dict[str, int]:
    """Compare what was said with what left."""
    left = Counter(mail.subject for mail in sandbox.account(TO).inbox)
    drafts = [draft.subject for number in range(accounts) for draft in sandbox.account(sender(number)).drafts.values()]
    edited = {result.subject for result in results if result.person == "edit"}
    return {
        "sends": len(results),
        "went out": sum(left[result.subject] > 0 for result in results),
        "duplicated": sum(left[result.subject] > 1 for result in results),
        "said sent and was not": sum(
            result.said == "sent" and not left[result.subject] and result.person != "delete" for result in results
        ),
        "said not sent and was": sum(result.said == "not sent" and left[result.subject] > 0 for result in results),
        "edited and sent": sum(result.subject in edited and left[result.subject] > 0 for result in results),
        "drafts left": sum(subject not in edited for subject in drafts),
        "unknown without a reason": sum(
            result.said == "unknown" and result.grant == "gmail.modify" and result.person != "delete"
            for result in results
        ),
    }


WRONG = (
    "duplicated",
    "said sent and was not",
    "said not sent and was",
    "edited and sent",
    "drafts left",
    "unknown without a reason",
)


def official(sends: int, accounts: int, seed: int) -> dict[str, int]:
    """Send as many by google-api-python-client under the same losses, once each, with its usual retries."""
    import base64

    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build_from_document
    from googleapiclient.discovery_cache import get_static_doc

    document = json.loads(get_static_doc("gmail", "v1"))
    with world(accounts) as sandbox:
        document.update(rootUrl=f"{sandbox.url}/")
        said: dict[str, str] = {}

        def one(number: int) -> None:
            token = sandbox.authorize(sender(number), scopes=[FULL + "gmail.send"])["token"]
            service = build_from_document(document, credentials=Credentials(token))  # type: ignore[no-untyped-call]
            chance = random.Random(f"{seed} {number}")
            for mail in range(number, sends, accounts):
                if chance.random() < 0.5:
                    sandbox.fault(WRITES[2], account=sender(number), **chance.choice(LOSSES))
                raw = base64.urlsafe_b64encode(f"To: {TO}\r\nSubject: Mail {mail}\r\n\r\nAt noon?\r\n".encode())
                try:
                    service.users().messages().send(userId="me", body={"raw": raw.decode()}).execute(num_retries=2)
                    said[f"Mail {mail}"] = "sent"
                except Exception:
                    said[f"Mail {mail}"] = "not sent"

        with ThreadPoolExecutor(accounts) as threads:
            list(threads.map(one, range(accounts)))
        left = Counter(mail.subject for mail in sandbox.account(TO).inbox)
        return {
            "sends": sends,
            "went out": len(left),
            "duplicated": sum(count > 1 for count in left.values()),
            "said sent and was not": sum(each == "sent" and not left[subject] for subject, each in said.items()),
            "said not sent and was": sum(each == "not sent" and left[subject] > 0 for subject, each in said.items()),
        }


def rival(python: str, library: str, sends: int, seed: int) -> dict[str, int]:
    """Send as many by another library, one after the other, in a sandbox of its own."""
    script = Path(__file__).parent / "rivals" / "send.py"
    led = [sys.executable, "-m", "mailgrant.cli", "sandbox", "exec", "--consent", "auto", "--quota", "off", "--"]
    words = [*led, python, str(script), library, str(sends), str(seed)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"{library} did not run:\n{ended.stderr}")
    counts: dict[str, int] = json.loads(ended.stdout.splitlines()[-1])
    return counts


def main() -> int:
    """Run both; the exit code says whether mailgrant was ever wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sends", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--alone", action="store_true", help="mailgrant only")
    parser.add_argument("--rivals", metavar="PYTHON", help="a Python that has simplegmail and ezgmail")
    arguments = parser.parse_args()
    with world(arguments.accounts) as sandbox:
        results = storm(sandbox, arguments.sends, arguments.accounts, arguments.seed)
        ours = verdict(sandbox, results, arguments.accounts)
    tables = {"mailgrant": ours}
    if not arguments.alone:
        tables["google-api-python-client"] = official(arguments.sends, arguments.accounts, arguments.seed)
    for library in ("simplegmail", "ezgmail") if arguments.rivals else ():
        tables[library] = rival(arguments.rivals, library, arguments.sends, arguments.seed)
    if arguments.json:
        print(json.dumps(tables))
    else:
        for name, table in tables.items():
            print(name)
            print("\n".join(f"  {what:26}{count:6}" for what, count in table.items()))
    return 1 if any(ours[what] for what in WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
