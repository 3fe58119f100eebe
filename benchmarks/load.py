"""
A load generator for one core: keep-alive connections on plain sockets, as little Python a request as will do.

    python benchmarks/load.py URL REQUESTS --seconds 5 --connections 16 --cpu 1

REQUESTS is a file with one request target a line; they are drawn uniformly. Prints one line of JSON. It is a
program of its own so that it shares no interpreter, and with `--cpu` no core, with what it measures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop


class Connection(asyncio.Protocol):
    """One keep-alive connection: the next request leaves when the last answer is complete."""

    def __init__(self, requests: list[bytes], until: float, seed: int) -> None:
        self._requests = requests
        self._until = until
        self._random = random.Random(seed)
        self._parser = httptools.HttpResponseParser(self)
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers = 0
        self.bytes = 0
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Count a piece of a body."""
        self.bytes += len(body)

    def on_message_complete(self) -> None:
        """Count an answer and send the next request."""
        self.answers += 1
        self.refused += self._parser.get_status_code() != 200
        if time.perf_counter() < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """End; a connection that was cut counts as a refusal."""
        self.refused += error is not None
        self.ended.set_result(None)

    def _ask(self) -> None:
        self._transport.write(self._requests[int(self._random.random() * len(self._requests))])


def written(target: str, host: str, token: str) -> bytes:
    """Return a GET as a client library writes it."""
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Accept: application/json",
        "User-Agent: load/1",
        f"Authorization: Bearer {token}",
    )
    return "\r\n".join([*lines, "", ""]).encode()


async def measure(url: str, requests: list[bytes], seconds: float, connections: int) -> dict[str, float]:
    """Keep all connections busy for so long; returns what came back."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    protocols = [Connection(requests, started + seconds, seed) for seed in range(connections)]
    for protocol in protocols:
        await loop.create_connection(partial(_same, protocol), parts.hostname or "", parts.port or 80)
    await asyncio.gather(*(protocol.ended for protocol in protocols))
    took = time.perf_counter() - started
    answers = sum(protocol.answers for protocol in protocols)
    return {
        "rate": answers / took,
        "bytes": sum(protocol.bytes for protocol in protocols) / max(answers, 1),
        "refused": sum(protocol.refused for protocol in protocols),
    }


def _same(protocol: Connection) -> Connection:
    return protocol


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description="Ask a server as fast as it answers.")
    parser.add_argument("url")
    parser.add_argument("requests", type=Path)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--cpu", type=int, help="stay on this core")
    arguments = parser.parse_args()
    if arguments.cpu is not None:
        os.sched_setaffinity(0, {arguments.cpu})
    host = urlsplit(arguments.url).netloc
    token = os.environ.get("LOAD_TOKEN", "")
    requests = [written(line, host, token) for line in arguments.requests.read_text().splitlines()]
    print(json.dumps(uvloop.run(measure(arguments.url, requests, arguments.seconds, arguments.connections))))


if __name__ == "__main__":
    main()
