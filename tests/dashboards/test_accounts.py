"""Accounts and sessions in access.db."""

from pathlib import Path

import pytest

from plantsafe.errors import RequestError
from plantsafe.request import Role
from plantsafe.store.access import (
    ACCESS,
    SESSION_NS,
    add_account,
    ensure_demo_accounts,
    role_of,
    session_of,
    set_language,
    sign_in,
    sign_out,
)

NOW = 1_700_000_000_000_000_000


def test_session_lives_until_it_ends_or_is_signed_out(tmp_path: Path) -> None:
    add_account(tmp_path, "王芳", Role.ENGINEER, "correct horse")
    token = sign_in(tmp_path, "王芳", "correct horse", now_ns=NOW)
    assert token
    session = session_of(tmp_path, token, now_ns=NOW + 1)
    assert session is not None
    assert (session.name, session.role, session.language) == ("王芳", Role.ENGINEER, "")
    assert session_of(tmp_path, token, now_ns=NOW + SESSION_NS) is None
    sign_out(tmp_path, token)
    assert session_of(tmp_path, token, now_ns=NOW + 1) is None


def test_wrong_name_wrong_password_and_empty_token_give_nothing(tmp_path: Path) -> None:
    assert sign_in(tmp_path, "nobody", "x", now_ns=NOW) is None
    add_account(tmp_path, "li", Role.OPERATOR, "correct horse")
    assert sign_in(tmp_path, "li", "correct horsf", now_ns=NOW) is None
    assert session_of(tmp_path, "", now_ns=NOW) is None


def test_neither_password_nor_token_stands_in_the_file(tmp_path: Path) -> None:
    add_account(tmp_path, "li", Role.OPERATOR, "correct horse")
    token = sign_in(tmp_path, "li", "correct horse", now_ns=NOW)
    assert token
    bytes_on_disk = b"".join(path.read_bytes() for path in tmp_path.glob(f"{ACCESS}*"))
    assert b"correct horse" not in bytes_on_disk
    assert token.encode() not in bytes_on_disk
    assert b"$argon2id$" in bytes_on_disk


def test_account_is_not_made_twice_nor_with_a_short_password(tmp_path: Path) -> None:
    add_account(tmp_path, "li", Role.OPERATOR, "correct horse")
    with pytest.raises(RequestError, match="already"):
        add_account(tmp_path, "li", Role.ADMIN, "correct horse")
    with pytest.raises(RequestError, match="5 characters"):
        add_account(tmp_path, "wu", Role.ADMIN, "12345")
    with pytest.raises(RequestError, match="no name"):
        add_account(tmp_path, "a\nb", Role.ADMIN, "correct horse")
    assert role_of(tmp_path, "li") is Role.OPERATOR


def test_demo_accounts_take_the_new_password_and_end_old_sessions(tmp_path: Path) -> None:
    assert set(ensure_demo_accounts(tmp_path, "one")) == {"engineer", "operator", "viewer", "manager"}
    token = sign_in(tmp_path, "viewer", "one", now_ns=NOW)
    assert token
    ensure_demo_accounts(tmp_path, "two")
    assert session_of(tmp_path, token, now_ns=NOW) is None
    assert sign_in(tmp_path, "viewer", "one", now_ns=NOW) is None
    assert sign_in(tmp_path, "viewer", "two", now_ns=NOW)


def test_language_of_an_account_is_kept(tmp_path: Path) -> None:
    add_account(tmp_path, "li", Role.OPERATOR, "correct horse")
    token = sign_in(tmp_path, "li", "correct horse", now_ns=NOW)
    assert token
    set_language(tmp_path, "li", "zh")
    session = session_of(tmp_path, token, now_ns=NOW)
    assert session is not None
    assert session.language == "zh"
