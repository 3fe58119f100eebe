"""
The vault's format, read by somebody else.

The reader below was written from `docs/reference/vault-format.md` and shares nothing with the
package. It opens every vector; the package seals every vector to the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailgrant.vault.header import Header
from mailgrant.vault.sealing import Key, Keyring, Place, seal, unseal

VECTORS = sorted(Path(__file__).parents[2].joinpath("vectors").glob("*.json"))


def pack(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def read(case: dict[str, Any]) -> bytes:
    sealed, key = bytes.fromhex(case["sealed"]), bytes.fromhex(case["key"])
    assert sealed[:4] == b"mg\x01\x01"
    assert sealed[4:12] == hashlib.sha256(b"mailgrant key id\0" + key).digest()[:8]
    names = [case[name].encode() for name in ("vault_id", "table", "row", "column")]
    extracted = hmac.new(names[0], key, hashlib.sha256).digest()
    info = pack(b"mailgrant row", *names[1:])
    row_key = hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()
    bound = pack(*names, case["version"].to_bytes(8, "big"), sealed[:12])
    return AESGCM(row_key).decrypt(sealed[12:24], sealed[24:], bound)


@pytest.fixture(params=VECTORS, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(request.param.read_text())
    return value


def place_of(case: dict[str, Any]) -> Place:
    return Place(case["vault_id"], case["table"], case["row"], case["column"], case["version"])


def test_an_independent_reader_opens_every_vector(case: dict[str, Any]) -> None:
    assert read(case) == bytes.fromhex(case["plain"])


def test_the_package_opens_every_vector(case: dict[str, Any]) -> None:
    ring = Keyring((Key.of(bytes.fromhex(case["key"])),))

    assert unseal(bytes.fromhex(case["sealed"]), place_of(case), ring) == bytes.fromhex(case["plain"])


def test_the_package_seals_every_vector_to_the_same_bytes(case: dict[str, Any]) -> None:
    ring = Keyring((Key.of(bytes.fromhex(case["key"])),))
    nonce = bytes.fromhex(case["sealed"])[12:24]

    assert seal(bytes.fromhex(case["plain"]), place_of(case), ring, lambda size: nonce).hex() == case["sealed"]


def test_an_independent_reader_opens_the_header_of_a_vault_whose_key_was_changed() -> None:
    (path,) = [path for path in VECTORS if path.stem == "header_of_generation_two"]
    case = json.loads(path.read_text())
    header = json.loads(case["header"])

    facts = json.loads(read({**case, "sealed": b64decode(header["sealed"]).hex(), "version": header["generation"]}))

    assert facts == {name: header[name] for name in ("realm", "key_source", "restored_at")}
    Header.from_bytes(case["header"].encode(), "it").check(Keyring((Key.of(bytes.fromhex(case["key"])),)), "it")


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 5
