"""The servers' certificates that a person has looked at: `trusted/` is let in, all else is put into `rejected/`.

The list is looked at anew at each connection, so a decision needs no restart.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization

from connectors.opcua.certificates import (
    application_uris,
    certificate_files,
    common_name,
    days_until,
    fingerprint,
    load,
    write_whole,
)
from plantsafe.errors import SourceError

Place = Literal["own", "trusted", "rejected"]
LEAST_PRINT = 8  # site default: hex digits of a fingerprint that a person gives at least, 32 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A certificate of the folder: what it says about itself, and when it ends."""

    file: Path
    place: Place
    name: str
    fingerprint: str
    applications: tuple[str, ...]
    begins: datetime
    ends: datetime
    days: float


def kept(folder: Path, *places: Place, now: datetime | None = None) -> tuple[Kept, ...]:
    """The certificates in these places of the folder, all of them when none is named."""
    now = now or datetime.now(UTC)
    return tuple(
        _kept(file, place, now)
        for place in (places or ("own", "trusted", "rejected"))
        for file in certificate_files(folder / place)
    )


def trust(folder: Path, which: str) -> Kept:
    """Let in the rejected certificate with this fingerprint (its begin will do) or file name; raises SourceError."""
    return _move(folder, which, "rejected", "trusted")


def reject(folder: Path, which: str) -> Kept:
    """Let a trusted certificate in no more; raises SourceError."""
    return _move(folder, which, "trusted", "rejected")


def _move(folder: Path, which: str, place: Place, to: Place) -> Kept:
    there = kept(folder, place)
    found = [one for one in there if which == one.file.name or _is_print(which, one.fingerprint)]
    if len(found) != 1:
        shown = ", ".join(one.file.name for one in found or there) or "nothing"
        raise SourceError(
            f"{which!r} is {'more than one' if found else 'no'} certificate of {folder / place}; there is {shown}",
            mend=f"give a file name, or {LEAST_PRINT} or more digits of the SHA-256 fingerprint",
        )
    target = folder / to / found[0].file.name
    try:
        target.parent.mkdir(exist_ok=True)
        found[0].file.replace(target)
    except OSError as error:
        raise SourceError(f"cannot move {found[0].file} to {target}: {error.strerror}") from error
    return _kept(target, to, datetime.now(UTC))


def _kept(file: Path, place: Place, now: datetime) -> Kept:
    certificate = load(file)
    return Kept(
        file=file,
        place=place,
        name=common_name(certificate),
        fingerprint=fingerprint(certificate),
        applications=tuple(application_uris(certificate)),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        days=days_until(certificate, now),
    )


def _is_print(given: str, shown: str) -> bool:
    digits = given.replace(":", "").upper()
    return len(digits) >= LEAST_PRINT and shown.replace(":", "").startswith(digits)


class TrustList:
    """The certificates that a person has put into `trusted/`; looked at anew at each connection."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, der: bytes, endpoint: str, application_uri: str | None, now: datetime | None = None) -> None:
        """Raise SourceError unless the certificate of the server at `endpoint` may be used."""
        now = now or datetime.now(UTC)
        try:
            shown = x509.load_der_x509_certificate(der)
        except ValueError as error:
            raise SourceError(f"{endpoint} shows a certificate that cannot be read: {error}") from error
        if not self._trusted(shown, der):
            file = self._reject(shown, der)
            raise SourceError(
                f"{endpoint} shows a certificate that nobody has trusted yet: {_about(shown)}",
                mend="compare the fingerprint with the server's own, then: "
                f"plantsafe cert trust {file.name} --certificates {self._folder}",
            )
        if not shown.not_valid_before_utc <= now <= shown.not_valid_after_utc:
            raise SourceError(
                f"the certificate of {endpoint} is valid from {shown.not_valid_before_utc:%Y-%m-%d} "
                f"to {shown.not_valid_after_utc:%Y-%m-%d}, not now: {_about(shown)}",
                mend="have the server's certificate renewed, and check the clock of this machine",
            )
        if self._revoked(shown):
            raise SourceError(
                f"the certificate of {endpoint} was revoked by its authority: {_about(shown)}",
                mend="have the server given a new certificate",
            )
        if application_uri is not None and application_uri not in application_uris(shown):
            raise SourceError(
                f"{endpoint} says that it is {application_uri}, its certificate is for "
                f"{', '.join(application_uris(shown)) or 'no application'}",
                mend="have the server's certificate made for its application URI",
            )

    def _trusted(self, shown: x509.Certificate, der: bytes) -> bool:
        known = [load(file) for file in certificate_files(self._folder / "trusted")]
        if any(certificate.public_bytes(serialization.Encoding.DER) == der for certificate in known):
            return True
        now = datetime.now(UTC)
        return any(
            _is_authority(issuer)
            and issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc
            and _issued(shown, issuer)
            for issuer in known
        )

    def _revoked(self, shown: x509.Certificate) -> bool:
        for file in sorted((self._folder / "crl").glob("*")):
            data = file.read_bytes()
            try:
                pem = data.startswith(b"-----")
                listed = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
            except ValueError as error:
                raise SourceError(f"{file} is no list of revoked certificates", mend="put a .crl file there") from error
            if listed.issuer == shown.issuer and listed.get_revoked_certificate_by_serial_number(shown.serial_number):
                return True
        return False

    def _reject(self, shown: x509.Certificate, der: bytes) -> Path:
        """Keep the certificate for a person to look at; the name has who it says it is and its fingerprint."""
        who = re.sub(r"[^A-Za-z0-9._-]+", "_", common_name(shown))[:60] or "server"
        file = self._folder / "rejected" / f"{who}-{shown.fingerprint(hashes.SHA256()).hex()[:16]}.der"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            (self._folder / "trusted").mkdir(exist_ok=True)
            if not file.exists():
                write_whole(file, der, mode=0o644)
        except OSError as error:
            raise SourceError(f"cannot keep the server's certificate in {file}: {error.strerror}") from error
        return file


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _issued(shown: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        shown.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _about(certificate: x509.Certificate) -> str:
    return f"{common_name(certificate) or 'without a name'}, SHA-256 {fingerprint(certificate)}"
