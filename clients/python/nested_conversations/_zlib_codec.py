"""Compresses large payloads, as the TypeScript client and the workers do."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

_ENCODING = b"binary/zlib"

#: In bytes. Smaller payloads gain little, and stay readable where nothing else encodes them.
SMALLEST = 64 * 1024

#: In bytes. Smaller payloads fit into Temporal as they are.
SMALLEST_THAT_NEEDS_IT = 2_000_000

#: In bytes, what a payload may inflate to: a few KB can hold gigabytes. The workers have the same bound.
LARGEST_INFLATED = 4 * 1024 * 1024


class ZlibCodec(PayloadCodec):
    """The format of Temporal's own samples, around another codec: ciphertext does not compress.

    Args:
        inner: What encodes the compressed payload, such as an encryption. Default: nothing.
        smallest: In bytes, the smallest payload that is compressed.
    """

    def __init__(self, inner: PayloadCodec | None = None, smallest: int = SMALLEST) -> None:
        self._inner = inner
        self._smallest = smallest

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Compresses the large ones among the payloads."""
        compressed = [_compress(it) if len(it.data) >= self._smallest else it for it in payloads]
        return await self._inner.encode(compressed) if self._inner else compressed

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Inflates what is compressed among the payloads.

        Raises:
            ValueError: Where a payload inflates to more than 4 MiB, or is cut off.
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
        raise ValueError("what is compressed in a payload is cut off, or something else") from None
    if inflating.unconsumed_tail:
        raise ValueError(f"a payload inflates to more than {LARGEST_INFLATED} bytes")
    if not inflating.eof:
        raise ValueError("what is compressed in a payload is cut off, or something else")
    return Payload.FromString(whole)
