"""Compresses large payloads, as the TypeScript client and the workers do."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

_ENCODING = b"binary/zlib"

#: In bytes. Smaller payloads gain little from compression, and remain readable if they are not encrypted.
SMALLEST = 64 * 1024

#: In bytes. Temporal accepts smaller payloads uncompressed.
SMALLEST_THAT_NEEDS_IT = 2_000_000

#: In bytes, the largest decompressed payload: a few KB can inflate to gigabytes. The workers have the same limit.
LARGEST_INFLATED = 4 * 1024 * 1024


class ZlibCodec(PayloadCodec):
    """Compresses in the format of Temporal's samples, before another codec encrypts: ciphertext can't be compressed.

    Args:
        inner: The codec for the compressed payload, such as encryption. Default: none.
        smallest: The size of the smallest payload that is compressed, in bytes.
    """

    def __init__(self, inner: PayloadCodec | None = None, smallest: int = SMALLEST) -> None:
        self._inner = inner
        self._smallest = smallest

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Compresses the large payloads."""
        compressed = [_compress(it) if len(it.data) >= self._smallest else it for it in payloads]
        return await self._inner.encode(compressed) if self._inner else compressed

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decompresses the compressed payloads.

        Raises:
            ValueError: If a payload inflates to more than 4 MiB, or its data is not complete.
        """
        decoded = await self._inner.decode(payloads) if self._inner else payloads
        return [_inflate(payload) for payload in decoded]


def _compress(payload: Payload) -> Payload:
    whole = payload.SerializeToString()
    data = zlib.compress(whole)
    return Payload(metadata={"encoding": _ENCODING}, data=data) if len(data) < len(whole) else payload


def _inflate(payload: Payload) -> Payload:
    if payload.metadata.get("encoding") != _ENCODING:
        return payload
    inflating = zlib.decompressobj()
    try:
        whole = inflating.decompress(payload.data, LARGEST_INFLATED)
    except zlib.error:
        raise ValueError("the compressed data of a payload is cut off or invalid") from None
    if inflating.unconsumed_tail:
        raise ValueError(f"a payload inflates to more than {LARGEST_INFLATED} bytes")
    if not inflating.eof:
        raise ValueError("the compressed data of a payload is cut off or invalid")
    return Payload.FromString(whole)
