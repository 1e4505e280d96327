"""How the simulated control system lets clients in: policies beside None, and names with passwords, all read only."""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager

from connectors.opcua.certificates import own_identity
from plantsafe.errors import SimulationError
from plantsafe.plant.model import SourceEntry

SERVER_URI = "urn:plantsafe:simulation:server"
POLICIES = [
    ua.SecurityPolicyType.NoSecurity,
    ua.SecurityPolicyType.Basic256Sha256_Sign,
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_Sign,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSecurity:
    """What a secured server has: a folder for its own certificate, made on first use, and who may sign in.

    passwords: by name. Whoever shows no name may read too, as long as `anonymous`.
    """

    folder: Path
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    anonymous: bool = True

    async def apply(self, server: Server) -> None:
        """Give the server its certificate."""
        identity = own_identity(self.folder, SERVER_URI, server=True)
        await server.load_certificate(identity.certificate)
        await server.load_private_key(identity.key)

    @property
    def tokens(self) -> list[type]:
        """The ways to sign in."""
        names: list[type] = [ua.UserNameIdentityToken] if self.passwords else []
        return [*names, ua.AnonymousIdentityToken] if self.anonymous else names


class Doorman(UserManager):
    """Lets in by name and password; nobody gets more than reading, see the rules of the server."""

    def __init__(self, security: ServerSecurity) -> None:
        self._security = security

    def get_user(
        self,
        iserver: object,  # noqa: ARG002  asyncua gives it by name
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,  # noqa: ARG002  of the channel, not of a person
    ) -> User | None:
        """The role of who asks, None for who is not let in."""
        if username is None:
            return User(role=UserRole.Anonymous) if self._security.anonymous else None
        wanted = self._security.passwords.get(username, "")
        known = bool(wanted) and hmac.compare_digest((password or "").encode(), wanted.encode())
        return User(role=UserRole.User, name=username) if known else None


def server_security(
    entry: SourceEntry, folder: Path, environment: Mapping[str, str] = os.environ
) -> ServerSecurity | None:
    """What a source of the plant file asks of its server; None where it asks for no security."""
    if entry.security == "None":
        return None
    login = entry.credentials
    if login is None or login.user is None or login.password_env is None:
        return ServerSecurity(folder=folder)
    password = environment.get(login.password_env)
    if password is None:
        raise SimulationError(
            f"source {entry.name}: the variable {login.password_env} with its password is not set",
            mend=f"set {login.password_env} for the simulated plant too",
        )
    return ServerSecurity(folder=folder, passwords={login.user: password}, anonymous=False)
