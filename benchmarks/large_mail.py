"""
Large mail: how much memory it takes to send 25 MB of attachments and to save them again.

A sandbox in a process of its own takes the mail; a process for each measurement sends a small mail
first, so that only what the large one adds is counted (the peak of the resident memory, VmHWM).
google-api-python-client sends the same by its resumable upload, as its documentation shows.

    python benchmarks/large_mail.py             a table
    python benchmarks/large_mail.py --json      the same as one object of megabytes
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ADA = "ada@example.com"
MEGABYTE = 1024 * 1024
SIZE = 25
TASKS = {"mailgrant sends": "send", "mailgrant saves": "save", "google-api-python-client sends": "rival"}


@contextmanager
def google(folder: Path) -> Iterator[str]:
    """Run a sandbox where Ada has allowed everything; what a task needs lies in `folder`."""
    ready = folder / "ready.json"
    command = ["sandbox", "run", "--port", "0", "--seed", "empty", "--quota", "off", "--ready-file", str(ready)]
    process = subprocess.Popen([sys.executable, "-m", "mailgrant.cli", *command], stdout=subprocess.DEVNULL)
    try:
        while not ready.exists() or not ready.read_text():
            time.sleep(0.05)
        url: str = json.loads(ready.read_text())["url"]
        control(url, "accounts", {"email": ADA})
        token = folder / "token.json"
        token.write_text(json.dumps(control(url, "authorize", {"email": ADA, "scopes": ["https://mail.google.com/"]})))
        token.chmod(0o600)
        yield url
    finally:
        process.terminate()
        process.wait()


def control(url: str, path: str, value: Any) -> Any:
    """Use the control API."""
    body, headers = json.dumps(value).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_sandbox/{path}", data=body, headers=headers)) as answer:
        return json.load(answer)


def measure(task: str, url: str, folder: Path) -> float:
    """Return how many megabytes a task adds, done in a process of its own."""
    command = [sys.executable, __file__, "--task", task, "--url", url, "--folder", str(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def work(task: str, url: str, folder: Path) -> float:
    """Do a task small, then large; return what the large one added to the peak."""
    do = rival(url, folder) if task == "rival" else ours(task, url, folder)
    do(folder / "small.bin")
    before = peak()
    do(folder / "large.bin")
    return peak() - before


def ours(task: str, url: str, folder: Path) -> Any:
    """Return what sends a file with mailgrant, or saves the file that was sent."""
    from mailgrant import Mailgrant, Settings
    from mailgrant.errors import SandboxWarning

    warnings.simplefilter("ignore", SandboxWarning)
    mailgrant = Mailgrant(settings=Settings.load(google=url, vault=":memory:", quota="2026"))
    mailgrant.import_grant(folder / "token.json", account=ADA)
    gmail = mailgrant.account(ADA).gmail

    def send(path: Path) -> None:
        gmail.send(to=ADA, subject=path.name, text="Attached.", attachments=[path])

    def save(path: Path) -> None:
        [message] = gmail.search(f"subject:{path.name} in:inbox", limit=1)
        saved = gmail.save(message, message.attachments[0], folder)
        assert saved.stat().st_size == path.stat().st_size

    return send if task == "send" else save


def rival(url: str, folder: Path) -> Any:
    """Return what sends a file with google-api-python-client."""
    from email.message import EmailMessage
    from io import BytesIO

    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build_from_document
    from googleapiclient.discovery_cache import get_static_doc
    from googleapiclient.http import MediaIoBaseUpload

    document = json.loads(get_static_doc("gmail", "v1"))
    document.update(rootUrl=f"{url}/", batchPath="batch/gmail/v1")
    token = json.loads((folder / "token.json").read_text())["token"]
    service = build_from_document(document, credentials=Credentials(token))  # type: ignore[no-untyped-call]

    def send(path: Path) -> None:
        email = EmailMessage()
        email["To"], email["Subject"] = ADA, "rival"
        email.set_content("Attached.")
        email.add_attachment(path.read_bytes(), maintype="application", subtype="octet-stream", filename=path.name)
        media = MediaIoBaseUpload(BytesIO(email.as_bytes()), "message/rfc822", chunksize=MEGABYTE, resumable=True)
        service.users().messages().send(userId="me", body={}, media_body=media).execute()

    return send


def peak() -> float:
    """Return the highest resident memory of this process so far, in megabytes."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def main() -> None:
    """Measure, or be one of the measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--task")
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path)
    wanted = parser.parse_args()
    if wanted.task:
        print(work(wanted.task, wanted.url, wanted.folder))
        return
    with tempfile.TemporaryDirectory() as name, google(Path(name)) as url:
        folder = Path(name)
        (folder / "small.bin").write_bytes(b"x" * 1000)
        (folder / "large.bin").write_bytes(bytes(range(256)) * (SIZE * MEGABYTE // 256))
        added = {title: round(measure(task, url, folder), 1) for title, task in TASKS.items()}
    if wanted.json:
        print(json.dumps(added))
        return
    for title, megabytes in added.items():
        print(f"{title:32} {megabytes:8.1f} MB added by {SIZE} MB of attachments")


if __name__ == "__main__":
    main()
