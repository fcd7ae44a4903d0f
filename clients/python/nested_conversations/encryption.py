"""Encrypts payloads like the workers do. Requires the extra `encryption`.

client = await Client.connect(address, data_converter=data_converter(keys_from_environment()))
"""

from __future__ import annotations

import dataclasses
import os
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from ._zlib_codec import ZlibCodec

__all__ = ["EncryptionCodec", "LockedPayloadError", "data_converter", "keys_from_environment"]

_ENCODING = b"binary/encrypted"
_KEY_BYTES = 32
#: The size that AES-GCM recommends. Random nonces of this size are safe for 2^32 payloads per key.
_NONCE_BYTES = 12
_TAG_BYTES = 16

_KEY_ID = re.compile(r"[\w.-]{1,100}", re.ASCII)
#: 32 bytes in base64: 43 digits and one sign of padding.
_ENTRY = re.compile(r"([\w.-]{1,100}):([A-Za-z\d+/]{43}=)", re.ASCII)


class LockedPayloadError(Exception):
    """The key of a payload is missing or wrong. The payload can be read with another key."""


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM in the format of Temporal's samples. `decode` leaves a payload that is not encrypted unchanged.

    Args:
        keys: Keys of 32 bytes, by id. The first key encrypts. All keys decrypt.

    Raises:
        ValueError: If there is no key, a key has another length, or an id has characters other than letters, digits,
            `.`, `-` and `_`.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("there is no key to encrypt with")
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id) or len(key) != _KEY_BYTES:
                raise ValueError("a key must have an id of letters, digits, '.', '-' and '_', and 32 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._active_id = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypts the payloads with the first key."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypts the encrypted payloads.

        Raises:
            LockedPayloadError: If the key is missing or wrong.
        """
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = self._ciphers[self._active_id].encrypt(nonce, payload.SerializeToString(), None)
        metadata = {"encoding": _ENCODING, "encryption-key-id": self._active_id.encode()}
        return Payload(metadata=metadata, data=nonce + ciphertext)

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != _ENCODING:
            return payload
        key_id = payload.metadata.get("encryption-key-id", b"").decode("ascii", "replace")
        if not _KEY_ID.fullmatch(key_id) or len(payload.data) <= _NONCE_BYTES + _TAG_BYTES:
            raise ValueError("a payload is marked as encrypted, but is not")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise LockedPayloadError(
                f"a payload is encrypted with key '{key_id}': the keys here are {', '.join(self._ciphers)}"
            )
        nonce, ciphertext = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, ciphertext, None))
        except InvalidTag:
            raise LockedPayloadError(
                f"a payload can't be decrypted: it was changed, or its key '{key_id}' was another one"
            ) from None


def data_converter(keys: Mapping[str, bytes]) -> DataConverter:
    """Encrypts all payloads, including those of failures. Large payloads are compressed first.

    Args:
        keys: The keys of the workers, see `EncryptionCodec`. Without keys, nothing is encrypted.
    """
    if not keys:
        return dataclasses.replace(DataConverter.default, payload_codec=ZlibCodec())
    return dataclasses.replace(
        DataConverter.default,
        payload_codec=ZlibCodec(EncryptionCodec(keys)),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def keys_from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, bytes]:
    """The keys in `PAYLOAD_ENCRYPTION_KEYS` or in the file `PAYLOAD_ENCRYPTION_KEYS_FILE`. Empty if neither is set.

    Each key is `id:base64` with 32 bytes (`openssl rand -base64 32`). Commas or white space separate them.

    Raises:
        ValueError: If a key has another form. The message never contains a key.
    """
    text, file = environ.get("PAYLOAD_ENCRYPTION_KEYS"), environ.get("PAYLOAD_ENCRYPTION_KEYS_FILE")
    if text and file:
        raise ValueError("PAYLOAD_ENCRYPTION_KEYS and PAYLOAD_ENCRYPTION_KEYS_FILE are both set: unset one")
    if file:
        return _parse_keys(_read_keys(file), "PAYLOAD_ENCRYPTION_KEYS_FILE")
    return _parse_keys(text, "PAYLOAD_ENCRYPTION_KEYS") if text else {}


def _read_keys(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        # The message of the cause contains the path, which may be a key that was put into the wrong variable.
        raise ValueError(f"PAYLOAD_ENCRYPTION_KEYS_FILE can't be read: {error.strerror}") from None


def _parse_keys(text: str, variable: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(re.split(r"[\s,]+", text.strip(", \t\r\n")), 1):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            form = "id:base64, an id and 32 bytes as 'openssl rand -base64 32' prints them, with a colon between"
            raise ValueError(f"{variable}: entry {number} must be {form}")
        key_id, key = match.groups()
        if key_id in keys:
            raise ValueError(f"{variable}: id '{key_id}' is used for two keys: give each key its own id")
        keys[key_id] = b64decode(key, validate=True)
    return keys
