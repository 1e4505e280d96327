"""How a connection is protected: policy and mode, our certificate, the server's, and who logs in."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

from connectors.opcua.certificates import APPLICATION_URI, load, own_identity
from connectors.opcua.trust_list import TrustList
from plantsafe.errors import SourceError
from plantsafe.plant.model import SourceEntry

Policy = Literal["None", "Basic256Sha256", "Aes256Sha256RsaPss"]
Mode = Literal["Sign", "SignAndEncrypt"]

_POLICIES: dict[str, Any] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_MODES = {"Sign": ua.MessageSecurityMode.Sign, "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt}


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """What the plant file says about one source.

    folder: certificates, as `certificates` lays them out; needed for every policy but None.
    login: name and password, or the certificate and key of a person; neither means anonymous.
    """

    policy: Policy = "None"
    mode: Mode = "SignAndEncrypt"
    folder: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    user_certificate: Path | None = None
    user_key: Path | None = None
    application_uri: str = APPLICATION_URI

    def __post_init__(self) -> None:
        if self.policy == "None":
            if self.user is not None or self.user_certificate is not None:
                raise SourceError(
                    "a login without security would show its secret to everyone on the network",
                    mend="give the source a security policy, or leave the login out",
                )
        elif self.folder is None:
            raise SourceError(f"security {self.policy} needs a folder for certificates")
        if (self.user_certificate is None) != (self.user_key is None):
            raise SourceError("a login by certificate needs the certificate and its key")
        if self.user is not None and self.user_certificate is not None:
            raise SourceError("a login is by name and password or by certificate, not by both")

    async def apply(self, client: Client) -> datetime | None:
        """Prepare a client that is not connected yet; raises SourceError for what a person has to mend.

        Returns when the first of the certificates in use ends: ours, the server's, the person's.
        """
        if self.policy == "None" or self.folder is None:
            return None
        policy = _POLICIES[self.policy]
        identity = await asyncio.to_thread(own_identity, self.folder, self.application_uri)
        offered = await client.connect_and_get_server_endpoints()
        endpoint = self._chosen(offered, policy.URI, str(client.server_url.geturl()))
        shown = _first_certificate(endpoint.ServerCertificate or b"")
        trust = TrustList(self.folder)
        await asyncio.to_thread(trust.check, shown, client.server_url.geturl(), endpoint.Server.ApplicationUri)
        own = load(identity.certificate)
        key = _load_key(identity.key)
        theirs = load_der_x509_certificate(shown)
        ends = [own.not_valid_after_utc, theirs.not_valid_after_utc]
        client.security_policy = policy(theirs, own, key, _MODES[self.mode])
        client.uaclient.set_security(client.security_policy)
        if self.user is not None:
            client.set_user(self.user)
            client.set_password(self.password or "")
        if self.user_certificate is not None and self.user_key is not None:
            client.user_certificate = load(self.user_certificate)
            client.user_private_key = _load_key(self.user_key)
            ends.append(client.user_certificate.not_valid_after_utc)
        return min(ends)

    def _chosen(self, offered: list[ua.EndpointDescription], uri: str, url: str) -> ua.EndpointDescription:
        for endpoint in offered:
            if endpoint.SecurityPolicyUri == uri and endpoint.SecurityMode == _MODES[self.mode]:
                return endpoint
        names = sorted({f"{(e.SecurityPolicyUri or '').rpartition('#')[2]} {e.SecurityMode.name}" for e in offered})
        raise SourceError(
            f"{url} does not offer {self.policy} {self.mode}; it offers {', '.join(names) or 'nothing'}",
            mend="change the security of the source, or have the server offer it",
        )


OPEN = Security()


def security_of(entry: SourceEntry, environment: Mapping[str, str] = os.environ) -> Security:
    """What the plant file says about a source; raises SourceError for a password that the environment lacks."""
    login = entry.credentials
    password = None
    if login is not None and login.password_env is not None:
        password = environment.get(login.password_env)
        if password is None:
            raise SourceError(
                f"source {entry.name}: the variable {login.password_env} with its password is not set",
                mend=f"set {login.password_env} in the environment of the service",
            )
    return Security(
        policy=entry.security,
        mode=entry.security_mode,
        folder=Path(entry.certificates) if entry.certificates else None,
        user=login.user if login is not None else None,
        password=password,
        user_certificate=Path(login.certificate) if login is not None and login.certificate else None,
        user_key=Path(login.private_key) if login is not None and login.private_key else None,
    )


def _first_certificate(chain: bytes) -> bytes:
    """The server's own certificate of a chain of DER certificates, each of which says its length."""
    if len(chain) > 4 and chain[:2] == b"\x30\x82":
        return chain[: 4 + int.from_bytes(chain[2:4], "big")]
    return chain


def _load_key(file: Path) -> Any:
    try:
        return load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise SourceError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SourceError(f"{file} is no private key without a password", mend="put a PEM file there") from error
