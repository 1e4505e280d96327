"""Sources: the systems that values are read from, over a protocol, without ever writing."""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from plantsafe.plant.model.entry import Entry, Found, Name, PointName, Ruled, Text
from plantsafe.plant.model.event_buffer import EventBuffer

_SHOULD_BE = {"opcua": "opc.tcp://HOST:PORT/PATH", "modbus": "tcp://HOST:PORT"}


class FastGroup(Entry):
    """Points of a source that are read more often than the scan, for functions that must act within seconds."""

    name: Name
    """Short name of the group."""
    period_s: float = Field(ge=0.1, le=0.5)
    """How often it is read."""
    points: tuple[PointName, ...] = Field(min_length=1)
    """Points of this source."""


class SourceLimits(Entry):
    """What the server bears; None where it tells us itself or there is no limit."""

    nodes_per_read: int | None = Field(default=None, ge=1)
    """OPC UA nodes in one request; without it, what the server says itself."""
    registers_per_read: int | None = Field(default=None, ge=1, le=125)
    """Modbus registers in one request."""
    bits_per_read: int | None = Field(default=None, ge=1, le=2000)
    """Modbus coils or inputs in one request."""
    requests_per_s: float | None = Field(default=None, gt=0)
    """Requests that the device bears in a second; they are sent evenly apart."""
    requests_in_flight: int | None = Field(default=None, ge=1, le=16)
    """Requests that may wait for their answers at once; without it, 1 for Modbus (many devices answer only the first of
    several) and 2 for OPC UA."""


class Credentials(Ruled):
    """How we sign in: by name and password, or by a person's certificate and key (files)."""

    user: str | None = Field(default=None, min_length=1)
    """Name of the account."""
    password_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    """Name of the environment variable that holds the password; never the password."""
    certificate: str | None = None
    """File of the certificate to sign in with, instead of a user."""
    private_key: str | None = None
    """File of its key."""

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
    """A historian's export that is read in the place of a system, so that the product can be tried on the past."""

    files: tuple[str, ...] = Field(min_length=1)
    """CSV or Parquet, wide or long, their paths from the folder of the plant file."""
    format: Literal["csv", "parquet"] | None = None
    """What the files are; without it, what their suffix says."""
    time_column: str | None = None
    """The column of times."""
    time_zone: str | None = None
    """IANA name of the zone of times that name none."""
    names: dict[str, str] = Field(default_factory=dict)
    """The file's words for columns and points, and ours for them."""
    hold_s: float | None = Field(default=None, gt=0)
    """How long a row stands; without it, three usual intervals."""
    speed: Literal["real", "fast"] = "real"
    """In step with the clock, or as fast as the machine can."""


class SourceEntry(Ruled):
    """Where values come from. `heartbeat` is a point that changes while the source is alive."""

    name: Name
    """Short name, unique among sources."""
    title: Text
    """The source in words."""
    protocol: Literal["opcua", "modbus", "replay"]
    """How it is read; `replay` reads what a historian exported."""
    endpoint: str = ""
    """`opc.tcp://HOST:PORT/PATH` or `tcp://HOST:PORT`, needed but for `replay`; no user and no password in it."""
    recorded: Recorded | None = None
    """For `replay`: the files, and how they are read."""
    namespace: str | None = None
    """URI of the OPC UA namespace of its points, where they name no other."""
    security: Literal["None", "Basic256Sha256", "Aes256Sha256RsaPss"] = "None"
    """OPC UA security policy. Modbus TCP has none."""
    security_mode: Literal["Sign", "SignAndEncrypt"] = "SignAndEncrypt"
    """Whether messages are only signed, or encrypted too; means nothing without `security`."""
    certificates: str | None = None
    """Folder of our certificate and of those that are trusted; needed with `security`."""
    credentials: Credentials | None = None
    """How we sign in; needs `security`."""
    timeout_s: float = Field(default=0.5, gt=0, le=10)
    """How long an answer may take before the read counts as lost."""
    scan_period_s: float | None = Field(default=None, gt=0)
    """How often this source is read, a multiple of the plant's `scan_period_s`; without it, each scan. It is lost after
    2 such periods without an answer."""
    heartbeat: PointName
    """Point of this source that changes while the source is alive."""
    max_source_age_s: float | None = Field(default=None, gt=0)
    """Values that the source stamped longer ago turn uncertain; leave out where it stamps the last change. Needs a
    source whose clock agrees with ours."""
    fast_groups: tuple[FastGroup, ...] = ()
    """Points that are read more often than the scan."""
    event_buffer: EventBuffer | None = None
    """Ring of time-stamped records that the device keeps; Modbus only."""
    limits: SourceLimits = SourceLimits()
    """What the server bears."""
    consequence: Text
    """What it means to lose the source."""
    action: Text
    """What to do when it is lost."""

    def own_mistakes(self) -> Iterator[Found]:
        """An endpoint without secrets, and a secured link with its certificate."""
        if self.protocol == "replay":
            yield from _replay_mistakes(self)
            return
        if self.event_buffer is not None and self.protocol != "modbus":
            wrong = f"an event buffer in registers, but the source speaks {self.protocol}"
            yield Found(("event_buffer",), wrong, "leave it out", "event-buffer")
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
