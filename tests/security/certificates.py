"""An authority of our own, and the certificates that servers of the tests show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST: Final = "127.0.0.2"
"""This machine, by an address that our code does not know as loopback."""
BAD: Final = ("self-signed", "expired", "wrong-name")
KINDS: Final = ("good", *BAD)


def make(folder: Path) -> Path:
    """Write ``<kind>.crt`` and ``<kind>.key`` for each of ``KINDS``; the authority's certificate.

    Each is wrong in one respect only.
    """
    authority = ec.generate_private_key(ec.SECP256R1())
    root = _certificate(authority, authority, "osm test authority", "osm test authority")
    _write(folder / "authority.crt", root)
    for kind in KINDS:
        key = ec.generate_private_key(ec.SECP256R1())
        host = "127.0.0.3" if kind == "wrong-name" else HOST
        signer, issuer = (key, host) if kind == "self-signed" else (authority, "osm test authority")
        expired = kind == "expired"
        _write(folder / f"{kind}.crt", _certificate(key, signer, host, issuer, expired=expired))
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (folder / f"{kind}.key").write_bytes(private)
    return folder / "authority.crt"


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    subject: str,
    issuer: str,
    *,
    expired: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    is_authority = not subject[0].isdigit()
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=-1 if expired else 1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if not is_authority:
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(subject))])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        made = made.add_extension(names, critical=False).add_extension(usage, critical=False)
    return made.sign(signer, hashes.SHA256())


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
