"""Our sealing and opening of single chunks against asyncua's own, and what falls through to it."""

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.common.utils import Buffer
from asyncua.crypto.security_policies import (
    Cryptography,
    DecryptorAesCbc,
    EncryptorAesCbc,
    SecurityPolicyNone,
    SignerHMac256,
    VerifierHMac256,
)
from asyncua.ua.ua_binary import header_from_binary
from hypothesis import given
from hypothesis import strategies as st

from connectors.opcua.framing import seal, unseal

MODES = [None, ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt]
LIMITS = TransportLimits(65535, 65535, 0, 0)


def channel(mode: ua.MessageSecurityMode | None) -> SecureConnection:
    """One end of a channel that talks to itself."""
    policy = SecurityPolicyNone()
    if mode is not None:
        crypto = Cryptography(mode)
        crypto.Signer, crypto.Verifier = SignerHMac256(b"k" * 32), VerifierHMac256(b"k" * 32)
        crypto.Encryptor, crypto.Decryptor = (
            EncryptorAesCbc(b"e" * 32, b"i" * 16),
            DecryptorAesCbc(b"e" * 32, b"i" * 16),
        )
        policy.symmetric_cryptography = crypto
    connection = SecureConnection(policy, LIMITS)
    connection.security_token.ChannelId, connection.security_token.TokenId = 7, 9
    connection._sequence_number = connection._peer_sequence_number = 100
    return connection


@pytest.mark.parametrize("mode", MODES)
@given(body=st.binary(min_size=1, max_size=300), number=st.integers(1, 2**31))
def test_sealed_request_has_asyncuas_bytes_and_opens_again(
    mode: ua.MessageSecurityMode | None, body: bytes, number: int
) -> None:
    chunk = seal(channel(mode), body, number)
    assert chunk == channel(mode).message_to_binary(body, request_id=number)
    assert unseal(channel(mode), chunk) == (number, body)
    buffer = Buffer(chunk)
    theirs = channel(mode).receive_from_header_and_body(header_from_binary(buffer), buffer)
    assert (theirs.request_id(), theirs.body().read(len(body))) == (number, body)


@pytest.mark.parametrize("mode", MODES[1:])
@given(bodies=st.lists(st.binary(min_size=1, max_size=300), min_size=2, max_size=6), spoilt=st.integers(0, 5))
def test_chunk_after_chunk_under_one_key_has_asyncuas_bytes(
    mode: ua.MessageSecurityMode, bodies: list[bytes], spoilt: int
) -> None:
    """Also after a chunk that was refused: what a cipher carries over must never show."""
    ours, theirs, end = channel(mode), channel(mode), channel(mode)
    for i, body in enumerate(bodies):
        chunk = seal(ours, body, i)
        assert chunk == theirs.message_to_binary(body, request_id=i)
        assert chunk is not None
        if i == spoilt:
            assert unseal(end, chunk[:-1] + bytes([chunk[-1] ^ 1])) is None
        assert unseal(end, chunk) == (i, body)


@pytest.mark.parametrize("mode", MODES[1:])
@given(data=st.data())
def test_changed_byte_never_passes_the_signature(mode: ua.MessageSecurityMode, data: st.DataObject) -> None:
    chunk = bytearray(seal(channel(mode), b"value" * 20, 5) or b"")
    at = data.draw(st.integers(0, len(chunk) - 1))
    chunk[at] ^= data.draw(st.integers(1, 255))
    assert unseal(channel(mode), bytes(chunk)) is None


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
def test_truncated_or_foreign_chunk_is_left_to_asyncua(
    mode: ua.MessageSecurityMode | None, data: st.DataObject
) -> None:
    chunk = seal(channel(mode), b"value" * 20, 5) or b""
    if mode is not None:
        assert unseal(channel(mode), chunk[: data.draw(st.integers(0, len(chunk) - 1))]) is None
    else:
        assert unseal(channel(mode), chunk[: data.draw(st.integers(0, 23))]) is None
    skipped = channel(mode)
    skipped._peer_sequence_number = 99
    other = channel(mode)
    other.security_token.TokenId = 10
    assert unseal(skipped, chunk) is None
    assert unseal(other, chunk) is None
    assert unseal(channel(mode), chunk[:3] + b"C" + chunk[4:]) is None


def test_long_request_is_left_to_asyncua_which_splits_it() -> None:
    connection = channel(None)
    assert seal(connection, bytes(70_000), 5) is None
    assert connection._sequence_number == 100
    assert len(connection.message_to_binary(bytes(70_000), request_id=5)) > 70_000


def test_client_of_asyncua_still_has_the_parts_that_are_used() -> None:
    client = Client("opc.tcp://127.0.0.1:1")
    protocol = client.uaclient._make_protocol()
    for name in ("_request_id", "_request_handle", "_callbackmap", "_connection", "authentication_token"):
        assert hasattr(protocol, name)
