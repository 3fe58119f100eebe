"""
Batching: many calls written as one request, and their answers read again.
"""

from __future__ import annotations

from mailgrant.sandbox.frame.wire import Answer

from .caller import Caller


def send(caller: Caller, *parts: str, path: str = "/batch/gmail/v1", end: str = "\r\n") -> Answer:
    """Send a batch of requests, each with the id `<u + number>`."""
    pieces = []
    for number, part in enumerate(parts):
        head = f"--=b=\nContent-Type: application/http\nContent-ID: <u + {number}>\n\n"
        pieces.append(f"{head}{part}\n".replace("\n", end))
    content = "".join(pieces) + "--=b=--"
    headers = {"content-type": 'multipart/mixed; boundary="=b="'}
    return caller.request("POST", path, body=content.encode(), headers=headers)


def answers(batch: Answer) -> list[tuple[str, int, str]]:
    """Return id, status and body of each part of a batch's answer."""
    boundary = (batch.header("Content-Type") or "").partition("boundary=")[2]
    found = []
    for part in batch.body.decode().split(f"--{boundary}")[1:-1]:
        mime, inner, content = part.strip("\r\n").split("\r\n\r\n", 2)
        (content_id,) = [line.partition(": ")[2] for line in mime.splitlines() if line.startswith("Content-ID")]
        found.append((content_id, int(inner.split(" ")[1]), content))
    return found
