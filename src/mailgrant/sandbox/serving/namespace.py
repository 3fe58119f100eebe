"""
Namespace: a network on which there is nothing but the sandbox, for programs that honour no variable.

Linux lets anybody have user, mount and network namespaces of their own. This process moves into new ones
before it has a second thread; the program it starts stays the same user, but its hosts file and the
system's certificates are ours, and no packet leaves.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from pathlib import Path

from mailgrant.errors import MailgrantError

# From linux/sched.h, linux/mount.h, linux/sockios.h and linux/if.h.
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

HOSTS = Path("/etc/hosts")
# Where distributions keep the certificates that a program trusts when nobody tells it otherwise.
SYSTEM_TRUST = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/ssl/cert.pem"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
)
# A hosts file knows no star, so these are the names that Gmail's and Calendar's clients use.
NAMED_HOSTS = (
    "accounts.google.com",
    *(
        f"{service}.googleapis.com"
        for service in (
            *("oauth2", "www", "gmail", "calendar", "calendar-json", "openidconnect", "people"),
            *("iamcredentials", "sts", "discovery", "content", "pubsub"),
        )
    ),
)


def enter() -> None:
    """Move this process into namespaces of its own; raises `MailgrantError` when the kernel refuses."""
    if sys.platform != "linux":
        raise MailgrantError(
            "--netns works on Linux only.", hint="Leave it out: most programs are led by the proxy and the hooks."
        )
    user, group = os.getuid(), os.getgid()
    try:
        _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET)
        # The same user within as without: what the program writes belongs to whoever started it.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        _raise_loopback()
    except OSError as error:
        raise MailgrantError(
            f"The kernel refuses --netns: {error.strerror}.",
            hint="Containers and some distributions forbid user namespaces "
            "(kernel.apparmor_restrict_unprivileged_userns); leave it out, or run this elsewhere.",
        ) from error


def furnish(folder: Path, ca: Path) -> None:
    """Lay a hosts file that leads here, and the certificate to trust, over the system's; only we see them."""
    hosts = folder / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *NAMED_HOSTS)))
    hosts.chmod(0o644)
    try:
        _lay_over(hosts, HOSTS)
        for path in SYSTEM_TRUST:
            if path.is_file():
                _lay_over(ca, path)
    except OSError as error:
        raise MailgrantError(
            f"The kernel refuses --netns a hosts file of its own: {error.strerror}.", hint="Run it without --netns."
        ) from error


def _lay_over(source: Path, target: Path) -> None:
    _call("mount", bytes(source), bytes(target.resolve()), None, MS_BIND, None)


def _raise_loopback() -> None:
    """Bring the loopback device up; in a new namespace it is down."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def _call(name: str, *arguments: object) -> None:
    """Call a function of the C library that Python 3.11 does not have; raises `OSError` when it fails."""
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*(ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
