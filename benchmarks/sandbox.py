"""
How fast the sandbox answers, beside a plain ASGI app that answers the same body, and what a large mailbox costs.

A mailbox of 5 KB messages, every one different, lies in a `--data` folder; `mailgrant sandbox run` starts from
it. Then `messages.get`, ids drawn uniformly, quota off, no gzip, 16 keep-alive connections; the server on one
core, the load generator on the other; each in turn, several rounds, medians. Of each mailbox also: how long
the start took, the slowest search of two operators, and the most memory that the process held.

    python benchmarks/sandbox.py [--messages 50 200000] [--rounds 3] [--seconds 4] [--keep FOLDER]

Filling the large mailbox takes minutes; with `--keep` it is there the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.keeping.data import keeping

ADA = "ada@example.com"
MAILGRANT = str(Path(sys.executable).with_name("mailgrant"))
LOAD = Path(__file__).with_name("load.py")
SERVER_CPU, LOAD_CPU = 0, 1
GMAIL = "/gmail/v1/users/me/messages"
FILLED = "filled"

# What the messages are made of: words as frequent as those of a language are, and some hundred senders.
VOCABULARY, SENDERS, TEXT_BYTES = 20_000, 500, 4_760

SEARCHES = (
    "from:sender7@example.com subject:message",
    "subject:message after:2020/01/01",
    "after:2020/01/01 larger:1K",
    "larger:1K smaller:1M",
    "is:unread before:2030/01/01",
    "from:sender7 to:ada",
    "-from:sender7@example.com is:unread",
    "label:inbox -has:attachment",
    "{from:sender1 from:sender2}",
    "in:inbox older_than:1d",
    "to:me cc:me",
    "filename:pdf newer_than:2d",
    "rfc822msgid:none@example.com in:anywhere",
)

PLAIN = """
import sys
from pathlib import Path

import uvicorn

BODY = Path(sys.argv[1]).read_bytes()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


uvicorn.run(
    app, port=int(sys.argv[2]), access_log=False, log_level="error", loop="uvloop", http="httptools", lifespan="off"
)
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox in a process of its own, and how long it took to start."""

    url: str
    pid: int
    took: float
    token: str = field(repr=False)

    def get(self, target: str) -> bytes:
        """Return the answer to a GET."""
        asking = urllib.request.Request(self.url + target, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(asking) as answer:
            content: bytes = answer.read()
        return content

    @property
    def most_memory(self) -> int:
        """The most memory that the process held so far, in megabytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1000


def fill(folder: Path, count: int) -> None:
    """Make a folder for `--data` whose mailbox holds `count` messages of 5 KB, unless it is there."""
    if (folder / FILLED).exists():
        return
    folder.mkdir(parents=True)
    world = Sandbox(seed="empty", quota="off")
    account = world.account(ADA)
    with keeping(world, folder):
        for raw in mails(count):
            account.deliver(raw)
        # The first search reads all the words that nobody has read so far.
        account.messages("nothing-is-called-this")
    (folder / FILLED).touch()


def mails(count: int) -> Iterator[bytes]:
    """Yield mails, the same ones each time."""
    chance = random.Random(1)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(VOCABULARY)]
    frequencies = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    for number in range(count):
        drawn = chance.choices(words, cum_weights=frequencies, k=TEXT_BYTES // 4)
        text = "\r\n".join(" ".join(drawn[start : start + 11]) for start in range(0, len(drawn), 11))
        head = (
            f"From: Sender <sender{number % SENDERS}@example.com>\r\nTo: {ADA}\r\nSubject: Message {number}\r\n"
            f"Message-ID: <{number}@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        )
        yield f"{head}\r\n{text[:TEXT_BYTES]}\r\n".encode()


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Start a sandbox from a folder on the server's core."""
    options = ("--data", str(folder), "--seed", "empty", "--quota", "off", "--port", "0")
    command = ("taskset", "-c", str(SERVER_CPU), MAILGRANT, "sandbox", "run", *options)
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            took = time.perf_counter() - started
            yield Running(ready["url"], process.pid, took, authorized(ready))
        finally:
            process.terminate()


def authorized(ready: dict[str, Any]) -> str:
    """Return an access token that opens the mailbox."""
    client = json.loads(Path(ready["client_secrets"]["installed"]).read_text())["installed"]
    body = {"email": ADA, "client_id": client["client_id"], "scopes": ["https://mail.google.com/"]}
    headers = {"Content-Type": "application/json"}
    asking = urllib.request.Request(f"{ready['control']}authorize", data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(asking) as answer:
        return str(json.load(answer)["token"])


def all_targets(served: Running) -> list[str]:
    """Return the target of every message, as the list method names them."""
    targets: list[str] = []
    token = ""
    while True:
        page = json.loads(served.get(f"{GMAIL}?maxResults=500{token}"))
        targets += [f"{GMAIL}/{message['id']}" for message in page["messages"]]
        if "nextPageToken" not in page:
            return targets
        token = f"&pageToken={page['nextPageToken']}"


def slowest_search(served: Running) -> tuple[float, str]:
    """Return the longest of all searches, each asked three times, in milliseconds, and which one it was."""
    taken = []
    for text in SEARCHES * 3:
        started = time.perf_counter()
        served.get(f"{GMAIL}?q={urllib.parse.quote(text)}")
        taken.append(((time.perf_counter() - started) * 1000, text))
    return max(taken)


def load(url: str, targets: Path, token: str, seconds: float) -> float:
    """Return requests a second, as the load generator on the other core counts them."""
    command = [sys.executable, str(LOAD), url, str(targets), "--seconds", str(seconds), "--cpu", str(LOAD_CPU)]
    answer = subprocess.run(
        [*command, "--connections", "16"],
        env={**os.environ, "LOAD_TOKEN": token},
        capture_output=True,
        text=True,
        check=True,
    )
    counted = json.loads(answer.stdout)
    if counted["refused"]:
        raise SystemExit(f"{counted['refused']} answers were refusals")
    return float(counted["rate"])


@contextmanager
def plain_app(body: bytes, folder: Path) -> Iterator[str]:
    """Serve a plain ASGI app that answers `body`, by uvicorn on the server's core."""
    (folder / "body").write_bytes(body)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["taskset", "-c", str(SERVER_CPU), sys.executable, "-c", PLAIN, str(folder / "body"), str(port)]
    process = subprocess.Popen(command)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the plain app did not start")


def measure(served: Running, folder: Path, rounds: int, seconds: float) -> str:
    """Return the rates of both and their ratio."""
    targets = folder / "targets"
    found = all_targets(served)
    targets.write_text("\n".join(found))
    with plain_app(served.get(found[0]), folder) as plain:
        pairs = [
            (load(served.url, targets, served.token, seconds), load(plain, targets, served.token, seconds))
            for _ in range(rounds)
        ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return f"sandbox {ours:.0f}/s   plain ASGI app {theirs:.0f}/s   ratio {ratio:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, nargs="+", default=[50, 200_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--keep", type=Path, help="make the mailboxes in this folder, and find them there again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for count in options.messages:
            folder = (options.keep or Path(scratch)) / str(count)
            fill(folder, count)
            os.sched_setaffinity(0, {LOAD_CPU})
            with running(folder) as served:
                slowest, text = slowest_search(served)
                print(f"{count} messages: {measure(served, Path(scratch), options.rounds, options.seconds)}")
                print(f"    start {served.took:.1f} s   memory {served.most_memory} MB   ", end="")
                print(f"slowest search {slowest:.0f} ms ({text})", flush=True)
            os.sched_setaffinity(0, {SERVER_CPU, LOAD_CPU})
    return 0


if __name__ == "__main__":
    sys.exit(main())
