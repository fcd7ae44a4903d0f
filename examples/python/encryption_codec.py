"""Encrypts payloads as the workers do, and decrypts what they encrypted."""

import os
import re
import zlib
from base64 import b64decode
from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

NONCE_BYTES = 12


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM in the format of Temporal's own samples. The first key encrypts; each decrypts what it encrypted."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._active_id = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._decode(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        ciphertext = self._ciphers[self._active_id].encrypt(nonce, payload.SerializeToString(), None)
        metadata = {"encoding": b"binary/encrypted", "encryption-key-id": self._active_id.encode()}
        return Payload(metadata=metadata, data=nonce + ciphertext)

    def _decode(self, payload: Payload) -> Payload:
        match payload.metadata.get("encoding"):
            case b"binary/encrypted":
                return self._decode(self._decrypt(payload))
            case b"binary/zlib":  # Large payloads are compressed before they are encrypted.
                return Payload.FromString(zlib.decompress(payload.data))
            case _:
                return payload

    def _decrypt(self, payload: Payload) -> Payload:
        cipher = self._ciphers[payload.metadata["encryption-key-id"].decode()]
        nonce, ciphertext = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        return Payload.FromString(cipher.decrypt(nonce, ciphertext, None))


def keys_from_environment() -> dict[str, bytes]:
    """The keys of PAYLOAD_ENCRYPTION_KEYS: `id:base64`, with commas or white space between."""
    entries = re.findall(r"([^\s,:]+):([^\s,]+)", os.environ["PAYLOAD_ENCRYPTION_KEYS"])
    return {key_id: b64decode(key, validate=True) for key_id, key in entries}
