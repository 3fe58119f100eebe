"""
Memory: what a program grows by while it reads a very large mailbox from end to end.

A sandbox in a process of its own holds the mailbox; the client reads a hundred messages first, so
that only what the rest adds is counted (resident memory, and its peak).

    python benchmarks/reading_memory.py --messages 200000 --keep FOLDER
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from mailgrant import FastTransport, Mailgrant, Settings
from mailgrant.errors import SandboxWarning
from sandbox import ADA, Running, fill, running

KILOBYTES_A_MEGABYTE = 1024


def resident(name: str = "VmRSS") -> float:
    """Return this process's memory in megabytes; VmHWM is the most there ever was."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / KILOBYTES_A_MEGABYTE
    raise SystemExit("this system does not tell")


def grant_file(served: Running, folder: Path) -> Path:
    """Write Ada's grant as Google's libraries do."""
    import urllib.request

    body = json.dumps({"email": ADA, "scopes": ["https://mail.google.com/"]}).encode()
    request = urllib.request.Request(
        f"{served.url}/_sandbox/authorize", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        token: dict[str, Any] = json.load(answer)
    path = folder / "token.json"
    path.write_text(json.dumps(token))
    path.chmod(0o600)
    return path


def read_all(served: Running, folder: Path, *, fast: bool) -> str:
    """Iterate over the whole mailbox; return what it took."""
    settings = Settings.load(google=served.url, vault=":memory:", quota="off")
    transport = FastTransport(trusts_environment=False) if fast else None
    with Mailgrant(settings=settings, transport=transport) as mailgrant:
        mailgrant.import_grant(grant_file(served, folder), account=ADA)
        gmail = mailgrant.account(ADA).gmail
        letters = sum(len(message.text) for message in gmail.search("", limit=100))
        before, begun, cpu = resident(), time.perf_counter(), time.process_time()
        count = letters = 0
        for message in gmail.search(""):
            count += 1
            letters += len(message.text)
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        grown = resident("VmHWM") - before
    return (
        f"{count} messages, {letters / 1e6:.0f} million letters, in {took:.0f} s: at most {grown:.1f} MB more than "
        f"the {before:.0f} MB before; {cpu / count * 1e6:.0f} µs of processor time a message"
    )


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--keep", type=Path, help="make the mailbox in this folder, and find it there again")
    parser.add_argument("--fast", action="store_true", help="by pyreqwest")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SandboxWarning)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.keep or Path(scratch)) / str(options.messages)
        # Filled in this process it would leave gigabytes behind, in which what reading takes is not seen.
        filling = get_context("spawn").Process(target=fill, args=(folder, options.messages))
        filling.start()
        filling.join()
        if filling.exitcode:
            return 1
        with running(folder) as served:
            print(read_all(served, Path(scratch), fast=options.fast), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
