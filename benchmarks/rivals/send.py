"""
Send some mails by simplegmail or ezgmail, unmodified, and count what became of them.

Run by `benchmarks/never_twice.py`, under `mailgrant sandbox exec`, with a Python that has the library.

    python send.py simplegmail|ezgmail SENDS SEED
"""

from __future__ import annotations

import email
import json
import os
import random
import shutil
import sys
import tempfile
import urllib.request
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable

ADA = "ada@example.com"
TO = "grace@example.com"
LOSSES: tuple[dict[str, object], ...] = (
    {"drop": "before"},
    {"drop": "after"},
    {"late": "200ms"},
    {"status": 503},
    {"truncate": True},
    {"corrupt": True},
)
READY = json.loads(os.environ["MAILGRANT_SANDBOX"])


def control(path: str, value: object = None) -> dict:  # type: ignore[type-arg]
    """Use the control API of the sandbox that stands in Google's place."""
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(READY["control"] + path, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)  # type: ignore[no-any-return]


def by_simplegmail() -> Callable[[str], object]:
    """Sign in as its README shows; return what sends."""
    from simplegmail import Gmail  # type: ignore[import-not-found]

    gmail = Gmail(client_secret_file="client_secret.json", noauth_local_webserver=False)
    return lambda subject: gmail.send_message(sender=ADA, to=TO, subject=subject, msg_plain="At noon?")


def by_ezgmail() -> Callable[[str], object]:
    """Sign in as its README shows; return what sends."""
    import ezgmail  # type: ignore[import-not-found]

    ezgmail.init(credentialsFile="client_secret.json", tokenFile="token.json")
    return lambda subject: ezgmail.send(TO, subject, "At noon?")


def count(send: Callable[[str], object], sends: int, seed: int) -> dict[str, int]:
    """Send under losses and compare what each send said with what arrived."""
    chance = random.Random(seed)
    said: dict[str, bool] = {}
    for number in range(sends):
        if chance.random() < 0.5:
            match = {"method": "gmail.users.messages.send"}
            control("faults", {"match": match, "times": 1, "effect": chance.choice(LOSSES)})
        try:
            send(f"Mail {number}")
            said[f"Mail {number}"] = True
        except Exception:
            said[f"Mail {number}"] = False
    held = control(f"accounts/{TO}/messages")["messages"]
    left = Counter(str(email.message_from_bytes(urlsafe_b64decode(each["raw"]))["Subject"]) for each in held)
    return {
        "sends": sends,
        "went out": sum(left[subject] > 0 for subject in said),
        "duplicated": sum(left[subject] > 1 for subject in said),
        "said sent and was not": sum(sent and not left[subject] for subject, sent in said.items()),
        "said not sent and was": sum(not sent and left[subject] > 0 for subject, sent in said.items()),
    }


def main() -> None:
    """Print the counts as JSON, on the last line."""
    library, sends, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(READY["google_client_secrets"]["installed"], f"{folder}/client_secret.json")
        os.chdir(folder)
        sys.argv = sys.argv[:1]
        send = {"simplegmail": by_simplegmail, "ezgmail": by_ezgmail}[library]()
        counts = count(send, sends, seed)
        os.chdir("/")
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
