"""
SigningKey: what this Google or a service account signs with, and the forms in which a key is published.

Times here are real ones, not the sandbox clock's: those who verify a signature look at their own watch.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.clock import real_now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

CERTIFICATE_LIFE = timedelta(days=17)
FEDERATED = "federated-signon.system.gserviceaccount.com"
# A certificate's common name holds no more.
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class _Pair:
    key: RSAPrivateKey = field(repr=False)
    kid: str
    certificate: str


class SigningKey:
    """An RSA key made when it is first needed; making one takes a tenth of a second."""

    def __init__(self, owner: str = FEDERATED) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._made: _Pair | None = None

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JWT of these claims (RS256)."""
        import jwt

        pair = self.pair()
        return jwt.encode(claims, pair.key, algorithm="RS256", headers={"kid": pair.kid})

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a JWT this key signed, None if it did not; times are not looked at."""
        import jwt

        unchecked = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
        try:
            return jwt.decode(token, self.pair().key.public_key(), algorithms=["RS256"], options=unchecked)  # type: ignore[arg-type]
        except jwt.PyJWTError:
            return None

    def as_jwks(self) -> dict[str, Any]:
        """Return the public key as Google's `/oauth2/v3/certs` does (RFC 7517)."""
        from jwt.algorithms import RSAAlgorithm

        pair = self.pair()
        numbers = RSAAlgorithm.to_jwk(pair.key.public_key(), as_dict=True)
        return {"keys": [{"use": "sig", "alg": "RS256", "kid": pair.kid, **_plain(numbers)}]}

    def as_pem(self) -> dict[str, str]:
        """Return the public key as Google's `/oauth2/v1/certs` does: key id to certificate."""
        pair = self.pair()
        return {pair.kid: pair.certificate}

    def as_private_pem(self) -> str:
        """Return the private half (PKCS 8), as a service account's file holds it."""
        from cryptography.hazmat.primitives import serialization

        encoded = self.pair().key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return encoded.decode()

    def reduced(self) -> tuple[str, str, str]:
        """Return what `restored` makes the key from."""
        return self._owner, self.as_private_pem(), self.pair().certificate

    @classmethod
    def restored(cls, owner: str, private_pem: str, certificate: str) -> SigningKey:
        """Return a key that was made before."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(private_pem.encode(), password=None)
        assert isinstance(key, RSAPrivateKey)
        restored = cls(owner)
        restored._made = _Pair(key, _kid(certificate), certificate)
        return restored

    def pair(self) -> _Pair:
        """Return the key, made on the first call."""
        with self._lock:
            if self._made is None:
                self._made = _make_pair(self._owner)
            return self._made


def _plain(jwk: dict[str, Any]) -> dict[str, Any]:
    return {name: jwk[name] for name in ("kty", "n", "e")}


def _make_pair(owner: str) -> _Pair:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, owner[:LONGEST_NAME])])
    born = real_now() - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(born)
        .not_valid_after(born + CERTIFICATE_LIFE)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return _Pair(key, _kid(pem), pem)


def _kid(certificate: str) -> str:
    return sha256(certificate.encode()).hexdigest()[:40]
