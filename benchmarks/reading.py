"""
Reading: how fast many messages come, with the round trips of a real network, at the pace Google allows.

A sandbox in a process of its own answers after 60 ms and lets ten requests of a person run at once.
google-api-python-client reads the same mailbox one by one, and in batches of a hundred.

    python benchmarks/reading.py                    unthreaded and threaded, no quota; cost; CPU
    python benchmarks/reading.py --quota            as well 1,150 messages under the 2026 quota, 3,400 under legacy
    python benchmarks/reading.py --processor        CPU alone; with --one-core no thread moves between cores
    python benchmarks/reading.py --uneven           what waiting for each other costs where answers take unequally long
    python benchmarks/reading.py --decoding         base64 of a body, beside Python's own
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mailgrant import Account, FastTransport, Mailgrant, Settings
from mailgrant._sync.transport import HttpTransport, Transport
from mailgrant._sync.waiting import in_order
from mailgrant.errors import SandboxWarning
from mailgrant.gmail.payload import decode_base64
from mailgrant.http import Request, Response

ADA = "ada@example.com"
BODY = "Dear Ada,\r\n\r\n" + "The minutes of the meeting follow, as agreed on Thursday at noon.\r\n" * 60
LATENCY = 0.060
# What mailgrant has under way at once for one account.
IN_FLIGHT = 5
READINGS = 20


@dataclass(frozen=True)
class Google:
    """A sandbox that runs, and Ada's grant as authorized_user JSON."""

    url: str
    token: dict[str, Any]
    folder: Path

    def call(self, path: str, value: Any = None) -> Any:
        """Use the control API."""
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def deliver(self, raw: bytes) -> None:
        """Put a mail into Ada's inbox."""
        request = urllib.request.Request(
            f"{self.url}/_sandbox/accounts/{ADA}/messages", data=raw, headers={"Content-Type": "message/rfc822"}
        )
        urllib.request.urlopen(request).close()

    def answers(self) -> list[dict[str, Any]]:
        """Return the log of Gmail's answers."""
        log: list[dict[str, Any]] = self.call("requests")["requests"]
        return [entry for entry in log if entry["method"].startswith("gmail.")]


@contextmanager
def google(messages: int, *, thread_of: int, quota: str) -> Iterator[Google]:
    """Run a sandbox with so many mails in Ada's inbox, `thread_of` of them to a conversation."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ready = folder / "ready.json"
        command = ["sandbox", "run", "--port", "0", "--seed", "empty", "--quota", quota, "--together", "10"]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mailgrant.cli", *command, "--ready-file", str(ready)),
                *("--latency", f"{LATENCY * 1000:.0f}ms"),
            ],
            stdout=subprocess.DEVNULL,
        )
        try:
            while not ready.exists() or not ready.read_text():
                time.sleep(0.05)
            url = json.loads(ready.read_text())["url"]
            place = Google(url, {}, folder)
            place.call("accounts", {"email": ADA})
            with ThreadPoolExecutor(8) as several:
                topics = range(0, messages, thread_of)
                list(
                    several.map(
                        lambda first: deliver(place, range(messages)[first : first + thread_of], thread_of), topics
                    )
                )
            token = place.call("authorize", {"email": ADA, "scopes": ["https://mail.google.com/"]})
            yield Google(url, token, folder)
        finally:
            process.terminate()
            process.wait()


def deliver(place: Google, numbers: range, thread_of: int) -> None:
    """Put one conversation into Ada's inbox, in its order."""
    for number in numbers:
        place.deliver(mail(number, thread_of))


def mail(number: int, thread_of: int) -> bytes:
    """Return one mail; all but the first of a conversation answer the first."""
    topic, place = divmod(number, thread_of)
    first = f"<topic-{topic}@example.com>"
    lines = [
        "From: Grace <grace@example.com>",
        f"To: {ADA}",
        f"Subject: {'Re: ' if place else ''}Minutes {topic}",
        f"Message-ID: {f'<answer-{number}@example.com>' if place else first}",
        *([f"In-Reply-To: {first}", f"References: {first}"] if place else []),
    ]
    return "\r\n".join((*lines, "", BODY)).encode()


@contextmanager
def connected(place: Google, *, quota: str = "off", fast: bool = False, batch: int | None = None) -> Iterator[Account]:
    """Take Ada's grant into a vault in memory."""
    warnings.simplefilter("ignore", SandboxWarning)
    token = place.folder / "token.json"
    token.write_text(json.dumps(place.token))
    token.chmod(0o600)
    settings = Settings.load(google=place.url, vault=":memory:", quota=quota, batch=batch)
    transport = FastTransport(trusts_environment=False) if fast else None
    with Mailgrant(settings=settings, transport=transport) as mailgrant:
        mailgrant.import_grant(token, account=ADA)
        yield mailgrant.account(ADA)


def read_all(account: Account) -> int:
    """Read the whole inbox; return how many messages came."""
    return sum(len(message.text) > 0 for message in account.gmail.search("in:inbox"))


@dataclass(frozen=True)
class Spent:
    """Processor time in microseconds a message: the least of many readings, as others disturb it, and the median."""

    least: float
    median: float

    def __str__(self) -> str:
        return f"{self.least:5.0f} µs (median {self.median:.0f})"


def processor_time(work: Callable[[], int]) -> Spent:
    """Return what `work` costs; it is done once before, so that nothing is loaded or connected meanwhile."""

    def once() -> float:
        begun = time.process_time()
        came = work()
        return (time.process_time() - begun) / came * 1e6

    once()
    readings = [once() for _ in range(READINGS)]
    return Spent(min(readings), statistics.median(readings))


def processor_times(messages: int, *, one_core: bool) -> None:
    """Print what a message costs each client, from a sandbox that answers at once."""
    global LATENCY
    before, LATENCY = LATENCY, 0.0
    with google(messages, thread_of=1, quota="off") as place:
        LATENCY = before
        if one_core:
            # After the sandbox was started, which keeps to no core, and before any thread of ours is.
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        ours = {(fast, batch): processor_time_of(place, fast, batch) for fast in (False, True) for batch in (1, 5)}
        theirs = processor_time(lambda: one_by_one(place))
        asked = [message_request(place, each) for each in ids_of(official(place))]
        core = bare(HttpTransport(trusts_environment=False), asked)
        quick = bare(FastTransport(trusts_environment=False), asked)
    print(f"processor time a message, from a sandbox that answers at once{', on one core' if one_core else ''}:")
    print(f"  mailgrant              {ours[False, 1]}; httpcore2 and JSON alone, in five threads, {core}")
    print(f"  and batch = 5          {ours[False, 5]}")
    print(f"  with [fast]            {ours[True, 5]}")
    print(f"  and batch = 1          {ours[True, 1]}; pyreqwest and JSON alone, in five threads, {quick}")
    print(f"  client, not decoded    {theirs}")


def processor_time_of(place: Google, fast: bool, batch: int) -> Spent:
    """Return what a message costs mailgrant."""
    with connected(place, fast=fast, batch=batch) as account:
        return processor_time(lambda: read_all(account))


def message_request(place: Google, message_id: str) -> Request:
    """Return what asks for a message, where the sandbox is."""
    url = f"{place.url}/gmail/v1/users/me/messages/{message_id}?format=full"
    bearer = {"Authorization": f"Bearer {place.token['token']}"}
    return Request("GET", url, operation="gmail.users.messages.get", headers=bearer)


def bare(transport: Transport, asked: list[Request]) -> Spent:
    """Return what asking costs by itself, as many at once as mailgrant has under way."""

    def ask(request: Request) -> bool:
        outcome = transport.send(request)
        return isinstance(outcome, Response) and bool(outcome.json())

    with ThreadPoolExecutor(5) as several:
        return processor_time(lambda: sum(several.map(ask, asked)))


def official(place: Google) -> Any:
    """Return google-api-python-client on this sandbox."""
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build_from_document
    from googleapiclient.discovery_cache import get_static_doc

    document = json.loads(get_static_doc("gmail", "v1"))
    document.update(rootUrl=f"{place.url}/", batchPath="batch/gmail/v1")
    return build_from_document(document, credentials=Credentials(place.token["token"]))  # type: ignore[no-untyped-call]


def ids_of(service: Any) -> list[str]:
    """List the whole inbox as its documentation shows."""
    found: list[str] = []
    request = service.users().messages().list(userId="me", q="in:inbox", maxResults=500)
    while request is not None:
        answer = request.execute()
        found += [each["id"] for each in answer.get("messages", ())]
        request = service.users().messages().list_next(request, answer)
    return found


def one_by_one(place: Google) -> int:
    """Read the whole inbox as the documentation shows."""
    service = official(place)
    return sum(bool(service.users().messages().get(userId="me", id=each).execute()) for each in ids_of(service))


def in_batches(place: Google) -> int:
    """Read the whole inbox in batches of a hundred; parts that are refused for concurrency are lost."""
    service, read = official(place), 0

    def take(_: str, answer: Any, error: Exception | None) -> None:
        nonlocal read
        read += error is None

    found = ids_of(service)
    for start in range(0, len(found), 100):
        batch = service.new_batch_http_request(callback=take)
        for each in found[start : start + 100]:
            batch.add(service.users().messages().get(userId="me", id=each))
        batch.execute()
    return read


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Return seconds per message that came, and how many came."""
    begun = time.perf_counter()
    came = work()
    return (time.perf_counter() - begun) / max(came, 1), came


def compare(name: str, messages: int, thread_of: int, rounds: int) -> None:
    """Print what each way takes for one mailbox."""
    with google(messages, thread_of=thread_of, quota="off") as place:
        with connected(place) as account:
            ours = statistics.median(timed(lambda: read_all(account))[0] for _ in range(rounds))
        with connected(place, fast=True) as account:
            fast = statistics.median(timed(lambda: read_all(account))[0] for _ in range(rounds))
        units = sum(entry["units"] or 0 for entry in place.answers()) / (2 * rounds * messages)
        sequential, _ = timed(lambda: one_by_one(place))
        batched, came = timed(lambda: in_batches(place))
    print(f"{name}: {messages} messages, {thread_of} to a conversation")
    print(f"  mailgrant            {ours * 1000:7.1f} ms a message, {units:.1f} units")
    print(f"  with [fast]          {fast * 1000:7.1f} ms a message, five to a request")
    print(f"  client, one by one   {sequential * 1000:7.1f} ms a message: {sequential / ours:.1f} times as long")
    print(f"  client, batches      {batched * 1000:7.1f} ms a message: {batched / ours:.1f} times; {came} came")


def rival(python: str, library: str, messages: int, thread_of: int) -> None:
    """Print what another library takes for such a mailbox, in a sandbox of its own; a note when it does not run."""
    led = [sys.executable, "-m", "mailgrant.cli", "sandbox", "exec", "--seed", "empty", "--consent", "auto"]
    led += ["--quota", "off", "--together", "10", "--latency", f"{LATENCY * 1000:.0f}ms", "--"]
    script = Path(__file__).parent / "rivals" / "read.py"
    with tempfile.TemporaryDirectory() as folder:
        mails = Path(folder) / "mails.json"
        mails.write_text(json.dumps([mail(number, thread_of).decode() for number in range(messages)]))
        words = [*led, python, str(script), library, str(mails)]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
    if ended.returncode:
        print(f"  {library} did not run: {(ended.stderr.splitlines() or ['no word'])[-1]}")
        return
    told = json.loads(ended.stdout.splitlines()[-1])
    print(f"  {library:20} {told['took'] / max(told['came'], 1) * 1000:7.1f} ms a message; {told['came']} came")


def uneven(messages: int) -> None:
    """Print how long answers of 15 to 400 ms keep each other waiting, one or five to a request."""
    chance = random.Random(1)
    answers = [chance.uniform(0.015, 0.4) for _ in range(messages)]
    ideal = sum(answers) / IN_FLIGHT
    print(f"{messages} answers of 15 to 400 ms, {IN_FLIGHT} at once, in threads that sleep; ideal {ideal:.1f} s:")
    for batch in (1, IN_FLIGHT):
        # A batch is answered when the last of its parts is.
        requests = iter([max(answers[start : start + batch]) for start in range(0, messages, batch)])
        begun = time.perf_counter()
        for _ in in_order(time.sleep, requests, width=IN_FLIGHT // batch):
            pass
        print(f"  {batch} to a request: {(time.perf_counter() - begun) / ideal:.2f} times the ideal")


def decoding() -> None:
    """Print what a body's base64 costs."""
    print("decoding base64, the least of seven times two hundred:")
    for size in (4_000, 50_000):
        content = random.Random(1).randbytes(size)
        text = base64.urlsafe_b64encode(content).decode().rstrip("=")
        padded = text + "=" * (-len(text) % 4)
        ours, python = (
            min(timeit.repeat(work, number=200, repeat=7)) / 200 * 1e6
            for work in (partial(decode_base64, text), partial(base64.urlsafe_b64decode, padded))
        )
        print(
            f"  {size // 1000} KB: mailgrant {ours:.1f} µs, Python {python:.1f} µs, {python / ours:.1f} times as long"
        )


def under_quota(quota: str, messages: int, cost: int, per_minute: int) -> None:
    """Print how close to an ideal client a mailbox is read that takes minutes under a quota."""
    with google(messages, thread_of=1, quota=quota) as place:
        with connected(place, quota=quota) as account:
            begun = time.perf_counter()
            came = read_all(account)
            took = time.perf_counter() - begun
        refused = [entry for entry in place.answers() if entry["status"] in (403, 429)]
    ideal = ideal_seconds(messages, cost, per_minute)
    print(f"quota {quota}: {came} of {messages} messages in {took:.1f} s, ideal {ideal:.1f} s: {took / ideal:.3f}")
    print(f"  rate answers: {len(refused)}")


def ideal_seconds(messages: int, cost: int, per_minute: int) -> float:
    """
    Return how long a client takes that knows the window, with the same round trips at once.

    Each window's units go as fast as round trips allow; the next begins a minute after it did.
    """
    a_window = per_minute // cost
    windows, rest = divmod(messages, a_window)
    if rest == 0:
        windows, rest = windows - 1, a_window
    return windows * 60 + rest / IN_FLIGHT * LATENCY + 2 * LATENCY


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rivals", metavar="PYTHON", help="a Python that has simplegmail and aiogoogle")
    parser.add_argument("--quota", action="store_true")
    parser.add_argument("--processor", action="store_true")
    parser.add_argument("--one-core", action="store_true")
    parser.add_argument("--uneven", action="store_true")
    parser.add_argument("--decoding", action="store_true")
    arguments = parser.parse_args()
    if arguments.processor:
        processor_times(arguments.messages, one_core=arguments.one_core)
        return
    if arguments.decoding:
        decoding()
        return
    if arguments.uneven:
        uneven(arguments.messages)
        return
    for name, thread_of in (("unthreaded", 1), ("threads", 4)):
        compare(name, arguments.messages, thread_of, arguments.rounds)
        for library in ("simplegmail", "aiogoogle") if arguments.rivals else ():
            rival(arguments.rivals, library, arguments.messages, thread_of)
    processor_times(arguments.messages, one_core=arguments.one_core)
    if arguments.quota:
        under_quota("2026", 1_150, 20, 6_000)
        under_quota("legacy", 3_400, 5, 15_000)


if __name__ == "__main__":
    main()
