"""Sources: the systems that values are read from, over a protocol, without ever writing."""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from plantsafe.plant.model.entry import Entry, Found, Name, PointName, Ruled, Text

_SHOULD_BE = {"opcua": "opc.tcp://HOST:PORT/PATH", "modbus": "tcp://HOST:PORT"}


class FastGroup(Entry):
    """Points of a source that are read more often than the scan, for functions that must act within seconds."""

    name: Name
    period_s: float = Field(ge=0.1, le=0.5)
    points: tuple[PointName, ...] = Field(min_length=1)


class SourceLimits(Entry):
    """What the server bears; None where it tells us itself or there is no limit."""

    nodes_per_read: int | None = Field(default=None, ge=1)
    registers_per_read: int | None = Field(default=None, ge=1, le=125)
    bits_per_read: int | None = Field(default=None, ge=1, le=2000)
    requests_per_s: float | None = Field(default=None, gt=0)


class Credentials(Ruled):
    """How we sign in: by name and password, or by a person's certificate and key (files).

    Secrets come from the environment: `password_env` is the name of a variable, never a secret.
    """

    user: str | None = Field(default=None, min_length=1)
    password_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    certificate: str | None = None
    private_key: str | None = None

    def own_mistakes(self) -> Iterator[Found]:
        """One way to sign in, complete."""
        by_name, by_paper = self.user is not None, self.certificate is not None
        if by_name == by_paper:
            yield Found((), "no one way to sign in", "give user and password_env, or certificate and private_key")
        elif by_name and self.password_env is None:
            yield Found(("user",), "a user without password_env", "name the variable that holds the password", "secret")
        elif by_paper and self.private_key is None:
            yield Found(("certificate",), "a certificate without its key", "name the file of private_key", "secret")


class Recorded(Entry):
    """A historian's export that is read in the place of a system, so that the product can be tried on the past.

    files: CSV or Parquet, wide or long, their paths from the folder of the plant file. format: None for what the
    suffix says. time_column, names: the file's words, and for points ours for them. time_zone: of times that name none.
    hold_s: how long a row stands, None for three usual intervals. speed: in step with the clock, or as fast as the
    machine can.
    """

    files: tuple[str, ...] = Field(min_length=1)
    format: Literal["csv", "parquet"] | None = None
    time_column: str | None = None
    time_zone: str | None = None
    names: dict[str, str] = Field(default_factory=dict)
    hold_s: float | None = Field(default=None, gt=0)
    speed: Literal["real", "fast"] = "real"


class SourceEntry(Ruled):
    """Where values come from. `heartbeat` is a point that changes while the source is alive.

    scan_period_s: None for the plant's own. max_source_age_s: values that the source itself stamped longer ago are
    stale; None for sources that stamp the last change. certificates: the folder of our and of the trusted certificates.
    """

    name: Name
    title: Text
    protocol: Literal["opcua", "modbus", "replay"]
    endpoint: str = ""
    recorded: Recorded | None = None
    namespace: str | None = None
    security: Literal["None", "Basic256Sha256", "Aes256Sha256RsaPss"] = "None"
    security_mode: Literal["Sign", "SignAndEncrypt"] = "SignAndEncrypt"
    certificates: str | None = None
    credentials: Credentials | None = None
    timeout_s: float = Field(default=0.5, gt=0, le=10)
    scan_period_s: float | None = Field(default=None, gt=0)
    heartbeat: PointName
    max_source_age_s: float | None = Field(default=None, gt=0)
    fast_groups: tuple[FastGroup, ...] = ()
    limits: SourceLimits = SourceLimits()
    consequence: Text
    action: Text

    def own_mistakes(self) -> Iterator[Found]:
        """An endpoint without secrets, and a secured link with its certificate."""
        if self.protocol == "replay":
            yield from _replay_mistakes(self)
            return
        if self.recorded is not None:
            wrong = f"recorded files, but the source speaks {self.protocol}"
            yield Found(("recorded",), wrong, "write protocol: replay, or remove recorded", "endpoint")
        if "@" in self.endpoint.split("?")[0]:
            wrong = "the endpoint carries a user or a password"
            yield Found(("endpoint",), wrong, "write credentials: {user: ..., password_env: NAME}", "secret")
        elif not _is_endpoint(self.endpoint, self.protocol):
            wrong = f"{self.endpoint!r} is no {self.protocol} endpoint"
            yield Found(("endpoint",), wrong, f"write {_SHOULD_BE[self.protocol]}", "endpoint")
        if self.security != "None" and self.protocol == "modbus":
            yield Found(("security",), "Modbus TCP has no security", "remove security; keep the link inside its zone")
        if self.security != "None" and self.certificates is None:
            wrong = f"security {self.security} without certificates"
            yield Found(("security",), wrong, "name the folder of certificates", "security")
        if self.security == "None" and self.credentials is not None:
            wrong = "a login without security shows its secret to everyone on the network"
            yield Found(("credentials",), wrong, "give a security policy, or leave the login out", "security")


def _is_endpoint(endpoint: str, protocol: str) -> bool:
    scheme = {"opcua": "opc.tcp", "modbus": "tcp"}[protocol]
    if protocol == "modbus" and "://" not in endpoint:
        endpoint = f"tcp://{endpoint}"
    try:
        parts = urlsplit(endpoint)
        return parts.scheme == scheme and bool(parts.hostname) and (parts.port or 0) > 0
    except ValueError:
        return False


def _replay_mistakes(source: SourceEntry) -> Iterator[Found]:
    """Files in the place of an endpoint, and nothing that only a link has."""
    if source.recorded is None:
        yield Found(("protocol",), "a replay of no files", "give recorded: {files: [...]}", "endpoint")
    for key, has in (
        ("endpoint", bool(source.endpoint)),
        ("security", source.security != "None"),
        ("credentials", source.credentials is not None),
    ):
        if has:
            yield Found((key,), f"a replay has no {key}", f"remove {key}", "endpoint")
