"""
Authority: the certificate authority of one run, and the one certificate it signs.

It is made new each time, lives for a day, may speak for the hosts that are led here and no others, and
its key never leaves memory: whoever finds the file of its certificate later can do nothing with it.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

LIFE = timedelta(days=1)
# Clocks of containers on one machine may be a little apart.
BACKDATED = timedelta(minutes=5)
NAME = "mailgrant sandbox"


class Authority:
    """
    Signs for `hosts`, where `*.example.com` stands for every name right below example.com.

    `now` is the real time: those who check certificates know no other.
    """

    def __init__(self, hosts: Sequence[str], now: datetime) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._hosts = tuple(hosts)
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._make_root()

    @property
    def certificate(self) -> bytes:
        """The authority's own certificate, as PEM: what a program must trust."""
        return _pem(self._certificate)

    def server_context(self) -> ssl.SSLContext:
        """Return what a server needs to be any of the hosts, over HTTP/1.1."""
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        # The ssl module reads from files only. This one is the owner's alone, gone at once, and worth nothing
        # to anybody who does not trust this run's authority.
        with tempfile.TemporaryDirectory(prefix="mailgrant-leaf-") as folder:
            chain = Path(folder) / "leaf.pem"
            chain.write_bytes(_key_pem(key) + _pem(self._make_leaf(key)))
            context.load_cert_chain(chain)
        return context

    def _make_root(self) -> x509.Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256

        subject = _name(f"{NAME} {self._now:%Y-%m-%d %H:%M:%S}Z")
        below = sorted({host.removeprefix("*.") for host in self._hosts})
        constraints = x509.NameConstraints([x509.DNSName(name) for name in below], None)
        builder = self._builder(subject, subject, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        return builder.add_extension(constraints, critical=True).sign(self._key, SHA256())

    def _make_leaf(self, key: EllipticCurvePrivateKey) -> x509.Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.x509.oid import ExtendedKeyUsageOID

        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in self._hosts])
        builder = self._builder(_name(f"{NAME} server"), self._certificate.subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return builder.add_extension(names, critical=False).sign(self._key, SHA256())

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, public: EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        """Begin a certificate; Python 3.13 and Go refuse one without both key identifiers."""
        from cryptography import x509

        return x509.CertificateBuilder(
            issuer_name=issuer,
            subject_name=subject,
            public_key=public,
            serial_number=x509.random_serial_number(),
            not_valid_before=self._now - BACKDATED,
            not_valid_after=self._now + LIFE,
            extensions=[
                _plain(x509.SubjectKeyIdentifier.from_public_key(public)),
                _plain(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())),
            ],
        )


def _plain(extension: x509.ExtensionType) -> x509.Extension[x509.ExtensionType]:
    from cryptography import x509

    return x509.Extension(extension.oid, False, extension)


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
