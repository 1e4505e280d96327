"""Places outside of this machine that get the signed heads of the journal."""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from plantsafe.plant.model.entry import Found, Name, Ruled


class SealMail(Ruled):
    """A mail server that takes the seals, and who gets them."""

    server: str = Field(pattern=r"^[A-Za-z0-9.\-]+:[0-9]+$")
    """Host and port of the mail server."""
    security: Literal["tls", "starttls", "none"] = "starttls"
    """How the connection is kept from listeners: from its begin, after a greeting, or not."""
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    """Address that the mail comes from."""
    to: tuple[str, ...] = Field(min_length=1)
    """Addresses that get it."""
    user: str | None = Field(default=None, min_length=1)
    """Name of the account at the mail server."""
    password_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    """Name of the environment variable that holds its password."""

    def own_mistakes(self) -> Iterator[Found]:
        """A user has a password, and passwords are not sent in the clear."""
        if (self.user is None) != (self.password_env is None):
            yield Found((), "user and password_env belong together", "give both or none", "secret")
        elif self.user is not None and self.security == "none":
            yield Found(("security",), "a password over an open connection", "use tls or starttls", "secret")
        for i, address in enumerate(self.to):
            if address.count("@") != 1 or any(sign.isspace() for sign in address):
                yield Found(("to", i), f"{address!r} is no address", "write it as name@example.org")


class SealWebhook(Ruled):
    """An HTTP server that seals are posted to as JSON."""

    url: str
    """Where they are posted."""
    token_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    """Name of the environment variable that holds the bearer token."""

    def own_mistakes(self) -> Iterator[Found]:
        """An address without secrets."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield Found(("url",), f"{self.url!r} is no address", "write it as https://HOST/PATH")
        elif parts.username or parts.password:
            yield Found(("url",), "the address holds a password", "name a variable with token_env", "secret")


class SealPlace(Ruled):
    """One place outside: a folder (of another machine, mounted here), a mail server, or a webhook."""

    name: Name
    """Short name, unique among these places."""
    folder: str | None = Field(default=None, pattern=r"^/")
    """Absolute path of a folder that is there; each seal is a file in it."""
    mail: SealMail | None = None
    """By mail, new seals in one message."""
    webhook: SealWebhook | None = None
    """By an HTTP POST, new seals in one body."""

    def own_mistakes(self) -> Iterator[Found]:
        """One way."""
        if sum(way is not None for way in (self.folder, self.mail, self.webhook)) != 1:
            yield Found((), "a place has one way to it", "give one of folder, mail, webhook")
