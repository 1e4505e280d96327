"""The keys of a channel in use: ciphers and signatures that are set up once a key, not once a chunk.

OPC UA begins each chunk with the same initialisation vector (Part 6, 6.7.6), and setting a cipher up takes longer than
running it over a chunk. A cipher that just goes on has the last block of the chunk before in the place of the vector;
in CBC that shows in the first block alone, where it is taken out again.
"""

import hmac
from typing import Any
from weakref import WeakKeyDictionary

BLOCK = 16  # bytes of AES


class Chain:
    """One direction of AES-CBC; every chunk is whole blocks and begins with the vector of the key."""

    def __init__(self, cipher: Any, *, encrypts: bool) -> None:
        self._context = cipher.encryptor() if encrypts else cipher.decryptor()
        self._vector = self._carried = int.from_bytes(cipher.mode.initialization_vector, "big")
        self._room = bytearray()

    def encrypt(self, clear: bytearray) -> bytes:
        """The chunk in cipher; the first block of `clear` is changed on the way."""
        clear[:BLOCK] = self._corrected(clear[:BLOCK])
        hidden: bytes = self._context.update(clear)
        self._carried = int.from_bytes(hidden[-BLOCK:], "big")
        return hidden

    def decrypt(self, chunk: bytes, begin: int) -> bytearray:
        """The chunk in clear from `begin` on and as it is before; the buffer is used again for the next one."""
        if len(self._room) < len(chunk) + BLOCK:
            self._room = bytearray(len(chunk) + BLOCK)  # a block more is what update_into asks for
        room = self._room
        room[:begin] = chunk[:begin]
        with memoryview(room) as whole, whole[begin:] as into:
            self._context.update_into(memoryview(chunk)[begin:], into)
            into[:BLOCK] = self._corrected(into[:BLOCK])
        self._carried = int.from_bytes(chunk[-BLOCK:], "big")
        return room

    def _corrected(self, block: bytes | bytearray | memoryview) -> bytes:
        return (int.from_bytes(block, "big") ^ self._carried ^ self._vector).to_bytes(BLOCK, "big")


class Signature:
    """HMAC-SHA256 under one key."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def of(self, data: bytes | bytearray | memoryview) -> bytes:
        """The signature of `data`."""
        running = self._keyed.copy()
        running.update(data)
        return running.digest()


_CHAINS: WeakKeyDictionary[Any, Chain] = WeakKeyDictionary()
_SIGNATURES: WeakKeyDictionary[Any, Signature] = WeakKeyDictionary()


def chain_of(holder: Any, *, encrypts: bool) -> Chain:
    """The chain of an Encryptor or Decryptor of asyncua; a renewed key is another object, and the old one goes."""
    chain = _CHAINS.get(holder)
    if chain is None:
        chain = _CHAINS[holder] = Chain(holder.cipher, encrypts=encrypts)
    return chain


def signature_of(holder: Any) -> Signature:
    """The signature of a Signer or Verifier of asyncua, likewise."""
    signature = _SIGNATURES.get(holder)
    if signature is None:
        signature = _SIGNATURES[holder] = Signature(holder.key)
    return signature
