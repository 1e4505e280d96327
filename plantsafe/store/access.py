"""access.db: accounts and sessions of the dashboard, its only writer. Passwords are kept as argon2id hashes only.

Times here are the machine's UTC, not plant time: a session ends after so many real hours, whatever the plant does.
"""

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from plantsafe.errors import RequestError
from plantsafe.request import Role
from plantsafe.store.sqlite import open_reader, open_writer, transaction, translated

ACCESS = "access.db"
SESSION_NS = 12 * 3600 * 1_000_000_000  # one shift of twelve hours (site default)
MIN_PASSWORD = 8  # characters (site default)
_MAX_NAME = 40
_hasher = PasswordHasher()  # argon2-cffi's defaults: the low-memory profile of RFC 9106, section 4


def _version_1(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE accounts (name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, "
        "language TEXT NOT NULL DEFAULT '') STRICT"
    )
    connection.execute(
        "CREATE TABLE sessions (token TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES accounts (name), "
        "expires_ns INTEGER NOT NULL) STRICT"
    )


MIGRATIONS = (_version_1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is signed in. `language` is empty until the person has chosen one."""

    name: str
    role: Role
    language: str
    expires_ns: int


def ensure_access(folder: Path) -> None:
    """Create an empty access.db, so that readers find one."""
    open_writer(folder / ACCESS, MIGRATIONS).close()


def add_account(folder: Path, name: str, role: Role, password: str) -> None:
    """A new account; refuses a name that exists, or a password that is too short."""
    if len(password) < MIN_PASSWORD:
        raise RequestError(
            f"the password has {len(password)} characters", mend=f"choose one with at least {MIN_PASSWORD}"
        )
    if role_of(folder, name) is not None:
        raise RequestError(f"there is an account {name!r} already", mend="choose another name")
    _put(folder, name, role, password)


def ensure_demo_accounts(folder: Path, password: str) -> dict[str, Role]:
    """Accounts engineer, operator, viewer and manager (who approves) with `password`, whatever they had before; returns
    their roles."""
    if not password:
        raise RequestError("the demo accounts need a password", mend="give one")
    roles = {role.value: role for role in (Role.ENGINEER, Role.OPERATOR, Role.VIEWER)} | {"manager": Role.ADMIN}
    for name, role in roles.items():
        _put(folder, name, role, password)
    return roles


def _put(folder: Path, name: str, role: Role, password: str) -> None:
    if not name or len(name) > _MAX_NAME or not name.isprintable() or name != name.strip():
        raise RequestError(
            f"{name!r} is no name for an account", mend=f"1 to {_MAX_NAME} printable characters, no blanks at the ends"
        )
    hashed = _hasher.hash(password)
    path = folder / ACCESS
    connection = open_writer(path, MIGRATIONS)
    try:
        with transaction(connection, path):
            connection.execute(
                "INSERT INTO accounts (name, role, password) VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET role = excluded.role, password = excluded.password",
                (name, role.value, hashed),
            )
            connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
    finally:
        connection.close()


def role_of(folder: Path, name: str) -> Role | None:
    """The role of an account, None where there is no such account."""
    rows = _read(folder, "SELECT role FROM accounts WHERE name = ?", (name,))
    return Role(rows[0][0]) if rows else None


def sign_in(folder: Path, name: str, password: str, *, now_ns: int) -> str | None:
    """A new session's token, or None for a wrong name or password (both take the same time)."""
    rows = _read(folder, "SELECT password FROM accounts WHERE name = ?", (name,))
    if not _matches(str(rows[0][0]) if rows else _nobody(), password) or not rows:
        return None
    token = secrets.token_urlsafe(32)
    path = folder / ACCESS
    connection = open_writer(path, MIGRATIONS)
    try:
        with transaction(connection, path):
            connection.execute("DELETE FROM sessions WHERE expires_ns <= ?", (now_ns,))
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_digest(token), name, now_ns + SESSION_NS))
    finally:
        connection.close()
    return token


def proves(folder: Path, name: str, password: str) -> bool:
    """Whether the password is that of the account; no session is made."""
    rows = _read(folder, "SELECT password FROM accounts WHERE name = ?", (name,))
    return _matches(str(rows[0][0]) if rows else _nobody(), password) and bool(rows)


def session_of(folder: Path, token: str, *, now_ns: int) -> Session | None:
    """Who holds `token`, with the role that the account has now; None when it is unknown or over."""
    rows = _read(
        folder,
        "SELECT a.name, a.role, a.language, s.expires_ns FROM sessions s JOIN accounts a ON a.name = s.name "
        "WHERE s.token = ? AND s.expires_ns > ?",
        (_digest(token), now_ns),
    )
    if not token or not rows:
        return None
    name, role, language, expires_ns = rows[0]
    return Session(name=name, role=Role(role), language=language, expires_ns=expires_ns)


def sign_out(folder: Path, token: str) -> None:
    """End a session; an unknown one is left alone."""
    _write(folder, "DELETE FROM sessions WHERE token = ?", (_digest(token),))


def set_language(folder: Path, name: str, language: str) -> None:
    """Remember the language that an account has chosen."""
    _write(folder, "UPDATE accounts SET language = ? WHERE name = ?", (language, name))


@cache
def _nobody() -> str:
    """A hash that no password matches: the work of a check for names that do not exist."""
    return _hasher.hash(secrets.token_urlsafe())


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read(folder: Path, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    path = folder / ACCESS
    if not path.is_file():
        return []
    connection = open_reader(path, len(MIGRATIONS))
    try:
        with translated(path):
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def _write(folder: Path, statement: str, values: tuple[object, ...]) -> None:
    path = folder / ACCESS
    connection = open_writer(path, MIGRATIONS)
    try:
        with transaction(connection, path):
            connection.execute(statement, values)
    finally:
        connection.close()
