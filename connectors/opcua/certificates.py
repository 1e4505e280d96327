"""Our own certificate, made once, and what a certificate says.

A folder holds all of it: `own/` (certificate.der, key.pem), `trusted/`, `rejected/`, `crl/`. A server's certificate
is trusted when it, or the authority that issued it, lies in `trusted/`; any other is put into `rejected/` and refused
until a person moves it (see `trust_list`).
"""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plantsafe.errors import SourceError

APPLICATION_URI = "urn:plantsafe:client"
KEY_BITS = 2048  # the least that Basic256Sha256 and Aes256_Sha256_RsaPss allow: OPC UA Part 7
VALID_DAYS = 3 * 365  # site default: a control system's maintenance interval
WARN_DAYS = 30  # days before the end from which an expiry is warned of
CLOCK_SLACK = timedelta(hours=1)  # site default: a server's clock that is behind accepts the new certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Our own certificate and its key."""

    certificate: Path
    key: Path


def own_identity(folder: Path, application_uri: str = APPLICATION_URI, *, server: bool = False) -> Identity:
    """The certificate of this installation; made when there is none yet (half a second). Raises SourceError.

    `server`: of an application that others connect to, as the simulated control system.
    """
    own = folder / "own"
    identity = Identity(certificate=own / "certificate.der", key=own / "key.pem")
    if identity.certificate.is_file() and identity.key.is_file():
        named = application_uris(load(identity.certificate))
        if application_uri not in named:
            raise SourceError(
                f"{identity.certificate} is for {', '.join(named) or 'no application'}, not for {application_uri}",
                mend=f"move {own} away; a new certificate is made at the next start",
            )
        return identity
    if identity.certificate.is_file() or identity.key.is_file():
        raise SourceError(
            f"{own} holds a certificate without its key, or a key without its certificate",
            mend=f"put both there, or move {own} away to have new ones made",
        )
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    use = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    certificate = _self_signed(key, application_uri, socket.gethostname(), use)
    try:
        for name in ("own", "trusted", "rejected", "crl"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        own.chmod(0o700)
        write_whole(identity.key, _pem(key), mode=0o600)
        write_whole(identity.certificate, certificate.public_bytes(serialization.Encoding.DER), mode=0o644)
    except OSError as error:
        raise SourceError(f"cannot write {error.filename}: {error.strerror}") from error
    return identity


def set_aside(folder: Path) -> Path:
    """Put our own certificate and key away, so that new ones are made; where they are then. Raises SourceError."""
    own = folder / "own"
    aside = folder / f"own-{load(own / 'certificate.der').fingerprint(hashes.SHA256()).hex()[:16]}"
    try:
        own.replace(aside)
    except OSError as error:
        raise SourceError(f"cannot put {own} away as {aside}: {error.strerror}") from error
    return aside


def days_left(certificate: Path, now: datetime | None = None) -> float:
    """Days until a certificate ends, negative after that; under `WARN_DAYS` it has to be renewed."""
    return days_until(load(certificate), now or datetime.now(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """A certificate and the days it still has."""

    certificate: Path
    days: float

    @property
    def soon(self) -> bool:
        """True from `WARN_DAYS` days before the end."""
        return self.days < WARN_DAYS


def expiries(folder: Path, now: datetime | None = None) -> tuple[Expiry, ...]:
    """Our own certificate and all trusted ones, the one that ends first at the front."""
    now = now or datetime.now(UTC)
    files = [*certificate_files(folder / "own"), *certificate_files(folder / "trusted")]
    found = [Expiry(certificate=file, days=days_until(load(file), now)) for file in files]
    return tuple(sorted(found, key=lambda expiry: expiry.days))


def load(file: Path) -> x509.Certificate:
    """A certificate, DER or PEM; raises SourceError."""
    try:
        data = file.read_bytes()
        pem = data.startswith(b"-----")
        return x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except OSError as error:
        raise SourceError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{file} is no certificate", mend="put a DER or PEM file there") from error


def fingerprint(certificate: x509.Certificate) -> str:
    """What two people read to each other to compare a certificate: SHA-256, as other tools print it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def application_uris(certificate: x509.Certificate) -> list[str]:
    """The applications a certificate is for: OPC UA Part 6, 6.2.2."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def _self_signed(
    key: rsa.RSAPrivateKey, application_uri: str, host: str, use: x509.ObjectIdentifier
) -> x509.Certificate:
    """An application instance certificate with what OPC UA Part 6, 6.2.2 asks for."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"plantsafe on {host}"[:64])])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,  # a self-signed certificate signs itself
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(key_id, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(application_uri), x509.DNSName(host)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .sign(key, hashes.SHA256())
    )


def certificate_files(folder: Path) -> Iterator[Path]:
    """The certificates in a folder, by name."""
    return (file for file in sorted(folder.glob("*")) if file.suffix.lower() in (".der", ".pem", ".crt", ".cer")
            and file.name != "key.pem")  # fmt: skip


def common_name(certificate: x509.Certificate) -> str:
    """Who a certificate says that it is for; empty where it does not."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def days_until(certificate: x509.Certificate, now: datetime) -> float:
    """Days until the certificate ends, negative after that."""
    return (certificate.not_valid_after_utc - now).total_seconds() / 86400


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_whole(file: Path, data: bytes, *, mode: int) -> None:
    """Write a new file that is whole or not there, with its rights from the first byte on."""
    draft = file.with_name(file.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    draft.replace(file)
