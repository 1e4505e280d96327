"""The key that heads of the journal are signed with: Ed25519, in a file that its owner alone reads, in no database."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from plantsafe.errors import RequestError, StoreError
from plantsafe.store.sqlite import translated

KEYS, KEY = "keys", "journal.key"
_OWNER_ONLY = 0o600
_PUB = "give the .pub file that stands beside the key"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKey:
    """public: the raw public key in hexadecimal, as it stands in every seal."""

    private: Ed25519PrivateKey
    public: str

    def sign(self, text: bytes) -> str:
        """The signature in hexadecimal."""
        return self.private.sign(text).hex()


def key_path(folder: Path, given: Path | None) -> Path:
    """Where the key is: as given, or in the data folder."""
    return given if given is not None else folder / KEYS / KEY


def seal_key(path: Path) -> SealKey:
    """The key in that file, made when there is none; the public key stands beside it as `.pub`."""
    with translated(path):
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        if mode & 0o077:
            raise StoreError(
                f"{path} can be read by others (mode {mode & 0o777:o}): what it signs proves nothing",
                mend=f"chmod 600 {path}, and make a new key if somebody may have copied it",
            )
        text = path.read_bytes()
    try:
        private = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise StoreError(f"{path} holds no key ({error})", mend="restore it, or move it away for a new one") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise StoreError(f"{path} holds no Ed25519 key", mend="move it away; a new one is made")
    return SealKey(private=private, public=_raw(private.public_key()))


def _make(path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    made_folder = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    if made_folder:
        path.parent.chmod(0o700)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub").write_bytes(public)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(number, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def public_of(path: Path) -> str:
    """The public key of a PEM file, in hexadecimal."""
    with translated(path):
        text = path.read_bytes()
    try:
        public = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RequestError(
            f"{path} holds no public key", mend="give the .pub file that stands beside the key"
        ) from error
    if not isinstance(public, Ed25519PublicKey):
        raise RequestError(f"{path} holds no Ed25519 key", mend="give the .pub file that stands beside the key")
    return _raw(public)


def signed(public: str, signature: str, text: bytes) -> bool:
    """Whether the holder of that key signed `text`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _raw(public: Ed25519PublicKey) -> str:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
