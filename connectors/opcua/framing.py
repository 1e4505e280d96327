"""One message, one chunk: sealing a request and opening an answer without asyncua's objects for every header.

Both do the usual case only and return None for anything else (several chunks, renewed keys, a wrong number, a bad
signature); asyncua's own way then does it, or says what is wrong. OPC UA Part 6, 6.7.2.
"""

import hmac
import struct
from typing import Any

from asyncua.common.connection import SecureConnection
from asyncua.crypto.security_policies import CryptographyNone, SignerHMac256, VerifierHMac256

from connectors.opcua.keys import BLOCK, chain_of, signature_of

_FRAME = struct.Struct("<4sIII")  # type with chunk type, size, channel, token
_SEQUENCE = struct.Struct("<II")  # sequence number, request id
_FINAL = b"MSGF"
_LAST_NUMBER = (1 << 32) - 1
_SIGNATURE = 32  # bytes of HMAC-SHA256, which all policies that we use have


def seal(connection: SecureConnection, message: bytes, request_id: int) -> bytes | None:
    """The chunk of a request."""
    crypto: Any = connection.security_policy.symmetric_cryptography
    number = connection._sequence_number + 1
    plain = type(crypto) is CryptographyNone
    if number >= _LAST_NUMBER or not (plain or isinstance(crypto.Signer, SignerHMac256)):
        return None
    token = connection.security_token
    content = _SEQUENCE.pack(number, request_id) + message
    padding = b""
    if not plain and crypto.is_encrypted:
        missing = -(len(content) + 1 + _SIGNATURE) % crypto.Encryptor.plain_block_size()
        padding = bytes((missing,)) * (missing + 1)
    size = _FRAME.size + len(content) + len(padding) + (0 if plain else _SIGNATURE)
    if size > connection._limits.max_send_buffer:
        return None
    connection._sequence_number = number
    frame = _FRAME.pack(_FINAL, size, token.ChannelId, token.TokenId)
    if plain:
        return frame + content
    signed = bytearray().join((frame, content, padding))
    signed += signature_of(crypto.Signer).of(signed)
    if not crypto.is_encrypted:
        return bytes(signed)
    del signed[: _FRAME.size]
    return frame + chain_of(crypto.Encryptor, encrypts=True).encrypt(signed)


def unseal(connection: SecureConnection, chunk: bytes) -> tuple[int, bytes] | None:
    """The request id and the body of an answer that fits into one chunk."""
    if connection._incoming_parts or len(chunk) < _FRAME.size + _SEQUENCE.size:
        return None
    kind, _, channel, token = _FRAME.unpack_from(chunk)
    current = connection.security_token
    if kind != _FINAL or channel != current.ChannelId or token != current.TokenId:
        return None
    crypto: Any = connection.security_policy.symmetric_cryptography
    if type(crypto) is CryptographyNone:
        opened: tuple[bytes | bytearray, int] | None = (chunk, len(chunk))
    elif isinstance(crypto.Verifier, VerifierHMac256):
        opened = _verified(crypto, chunk)
    else:
        return None
    if opened is None:
        return None
    content, end = opened
    if end < _FRAME.size + _SEQUENCE.size:
        return None
    number, request_id = _SEQUENCE.unpack_from(content, _FRAME.size)
    if connection._peer_sequence_number is None or number != connection._peer_sequence_number + 1:
        return None
    connection._peer_sequence_number = number
    return request_id, bytes(memoryview(content)[_FRAME.size + _SEQUENCE.size : end])


def _verified(crypto: Any, chunk: bytes) -> tuple[bytes | bytearray, int] | None:
    """The chunk in clear and where its content ends, or None when its signature is not right."""
    clear: bytes | bytearray = chunk
    end = len(chunk) - _SIGNATURE
    if end < _FRAME.size:
        return None
    if crypto.is_encrypted:
        if (len(chunk) - _FRAME.size) % BLOCK:
            return None
        clear = chain_of(crypto.Decryptor, encrypts=False).decrypt(chunk, _FRAME.size)
    signed = memoryview(clear)
    signature = signature_of(crypto.Verifier).of(signed[:end])
    if not hmac.compare_digest(signature, signed[end : end + _SIGNATURE]):
        return None
    return clear, end - clear[end - 1] - 1 if crypto.is_encrypted else end
