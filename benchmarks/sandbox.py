"""
How fast the sandbox answers, beside a plain ASGI app that answers the same body.

`messages.get` of a 5 KB message, ids drawn uniformly, quota off, no gzip, 16 keep-alive connections; the
server on one core, the load generator on the other; each in turn, several rounds, medians.

    python benchmarks/sandbox.py [--messages 50 200000] [--rounds 3] [--seconds 4]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailgrant.sandbox import Sandbox

ADA = "ada@example.com"
TEXT = ("x" * 70 + "\r\n") * 68
LOAD = Path(__file__).with_name("load.py")
SERVER_CPU, LOAD_CPU = 0, 1

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


def filled(count: int) -> tuple[Sandbox, list[str], str]:
    """Return a sandbox whose mailbox holds `count` messages of 5 KB, their ids and a token."""
    world = Sandbox(seed="empty", quota="off")
    account = world.account(ADA)
    for number in range(count):
        account.receive(from_="grace@example.com", subject=f"Message {number}", text=TEXT)
    token: str = world.authorize(ADA, scopes="https://mail.google.com/")["token"]
    return world, [message.id for message in account.messages()], token


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


def measure(count: int, rounds: int, seconds: float, folder: Path) -> None:
    """Print the rates and their ratio for a mailbox of `count` messages."""
    world, ids, token = filled(count)
    targets = folder / "targets"
    targets.write_text("\n".join(f"/gmail/v1/users/me/messages/{one}" for one in ids))
    with world.serve() as served:
        asking = urllib.request.Request(
            f"{served.url}/gmail/v1/users/me/messages/{ids[0]}", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asking) as answer:
            body = answer.read()
        with plain_app(body, folder) as plain:
            pairs = [
                (load(served.url, targets, token, seconds), load(plain, targets, token, seconds)) for _ in range(rounds)
            ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{count:7} messages: sandbox {ours:7.0f}/s   plain ASGI app {theirs:7.0f}/s   ratio {ratio:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, nargs="+", default=[50, 200_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    os.sched_setaffinity(0, {SERVER_CPU})
    with tempfile.TemporaryDirectory() as folder:
        for count in options.messages:
            measure(count, options.rounds, options.seconds, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
