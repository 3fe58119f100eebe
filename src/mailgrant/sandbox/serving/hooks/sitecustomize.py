"""
The start-up hook of Python programs under `mailgrant sandbox exec`.

Python imports `sitecustomize` before a program begins. This one leads the libraries that ignore proxies
(httplib2 without PySocks, aiohttp, raw sockets) to the sandbox, then runs the sitecustomize it stands
in front of. It runs in strangers' interpreters, of any version: it imports nothing of mailgrant, and what
goes wrong in it is a line on stderr, never the program's problem.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import sys
from typing import Any

VARIABLE = "MAILGRANT_SANDBOX_HOOK"
LOOPBACK = "127.0.0.1"
HTTP_PORTS = (80, "80", "http", b"80", b"http")


class Hosts:
    """Which hosts are led and refused, and the loopback ports where the led ones lead."""

    def __init__(self, text: str) -> None:
        told = json.loads(text)
        self.led = frozenset(told["led"])
        self.refused = frozenset(told["refused"])
        self.tls = told["tls"]
        self.plain = told["plain"]
        self.ca = told["ca"]

    def lead(self, host: Any, port: Any) -> Any:
        """Return where a connection goes instead, None if it goes where it wants; raises if it is refused."""
        name = _name(host)
        if _is_among(self.led, name):
            return LOOPBACK, self.plain if port in HTTP_PORTS else self.tls
        if _is_among(self.refused, name):
            import socket

            raise socket.gaierror(socket.EAI_NONAME, f"{name} is refused: the mailgrant sandbox does not speak for it")
        return None


def _name(host: Any) -> str:
    text = host.decode("latin-1") if isinstance(host, (bytes, bytearray)) else host
    return text.lower().rstrip(".") if isinstance(text, str) else ""


def _is_among(patterns: frozenset[str], name: str) -> bool:
    """Say whether a name is listed; `*.example.com` stands for one label in front, as in a certificate."""
    return name in patterns or "*." + name.partition(".")[2] in patterns


def install(hosts: Hosts) -> None:
    """
    Lead name lookups, and connections made by name.

    A lookup is enough for most; httplib2 looks a name up, then connects to the name all the same.
    """
    import socket

    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
        return look_up(*(hosts.lead(host, port) or (host, port)), *arguments, **named)

    socket.getaddrinfo = getaddrinfo
    for method in ("connect", "connect_ex"):
        setattr(socket.socket, method, _leading(hosts, getattr(socket.socket, method)))


def _leading(hosts: Hosts, connect: Any) -> Any:
    """Return a method of sockets that connects where the hosts lead."""

    def connect_led(self: Any, address: Any) -> Any:
        by_name = isinstance(address, tuple) and len(address) >= 2
        led = hosts.lead(*address[:2]) if by_name else None
        return connect(self, led or address)

    return connect_led


def trust(ca: str) -> None:
    """Let every TLS context that is told whom to trust trust the sandbox too: many name certifi's file themselves."""
    import ssl

    load = ssl.SSLContext.load_verify_locations

    def load_verify_locations(self: Any, *arguments: Any, **named: Any) -> None:
        load(self, *arguments, **named)
        load(self, ca)

    ssl.SSLContext.load_verify_locations = load_verify_locations  # type: ignore[method-assign]


class Httplib2:
    """
    Finds httplib2 for whoever imports it.

    Without PySocks it refuses every plain-http connection where a proxy is set, to this machine too; here it
    connects without one.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find what everybody else finds, and see to it once it is loaded."""
        if name != "httplib2":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                load(module)
                if getattr(module, "socks", self) is None:
                    connect_directly(module.HTTPConnectionWithTimeout)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def connect_directly(kind: Any) -> None:
    """Let connections of this kind forget the proxy they were told of."""
    connect = kind.connect

    def connect_without_proxy(self: Any) -> None:
        self.proxy_info = None
        connect(self)

    kind.connect = connect_without_proxy


def run_the_next() -> None:
    """Run the sitecustomize that would have run without this one, as if it were the only one."""
    here = __file__.rpartition(os.sep)[0]
    elsewhere = [entry for entry in sys.path if entry.rstrip(os.sep) != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def begin() -> None:
    """Do both; what happens in the next one is Python's to report, as always."""
    told = os.environ.get(VARIABLE)
    if told:
        try:
            hosts = Hosts(told)
            install(hosts)
            trust(hosts.ca)
            sys.meta_path.insert(0, Httplib2())
        except Exception as error:
            sys.stderr.write(f"mailgrant sandbox: this program is not led: {error!r}\n")
    run_the_next()


begin()
