"""Stores that pass replays to the workers which are too large for Temporal."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter

from ._contract import InputProblem
from ._started_input import sha256_of
from .errors import InvalidInputError

__all__ = ["FolderStore", "PayloadStore"]

#: In bytes, as sent. Temporal accepts 2 MiB. The rest is for the evidence that activities get with the input.
_PAYLOAD_BYTES = 2_000_000
#: In bytes, the largest payload that a worker decompresses.
_INFLATED_BYTES = 4 * 1024 * 1024


class PayloadStore(Protocol):
    """A store for large payloads. The workers read from the same store, which `PAYLOAD_STORE` names."""

    async def write(self, key: str, data: bytes) -> None:
        """Stores the data under this key. Returns when all of it is stored."""


class FolderStore:
    """A folder that clients and workers share, for development."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    async def write(self, key: str, data: bytes) -> None:
        """Writes the file completely or not at all. Only this user can read it, since it may not be encrypted."""
        await asyncio.to_thread(self._write, key, data)

    def _write(self, key: str, data: bytes) -> None:
        part = self._folder / f"{key}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            part.rename(self._folder / key)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def has_large_replay(wire: dict[str, Any]) -> bool:
    """Whether the replay, uncompressed, is larger than a Temporal payload may be."""
    replay = wire.get("replayJson")
    return isinstance(replay, str) and len(replay.encode()) > _PAYLOAD_BYTES


async def fit_input(wire: dict[str, Any], converter: DataConverter, store: PayloadStore | None) -> dict[str, Any]:
    """Makes the input fit into a Temporal payload: puts a large replay into the store, if there is one.

    Raises:
        InvalidInputError: If it does not fit. The message contains the sizes.
    """
    leaves = store is not None and has_large_replay(wire)
    kept = {**wire, "replayJson": None} if leaves else wire
    plain = converter.payload_converter.to_payloads([kept])[0]
    [payload] = await converter.encode([kept])
    fix = "pass a payload_store, and set PAYLOAD_STORE for the workers, or drop old events"
    sent, inflated = payload.ByteSize(), len(plain.data)
    if sent > _PAYLOAD_BYTES or inflated > _INFLATED_BYTES:
        is_replay = has_large_replay(kept)
        size = (
            f"has {sent} bytes when compressed, and Temporal accepts {_PAYLOAD_BYTES}"
            if sent > _PAYLOAD_BYTES
            else f"has {inflated} bytes when decompressed, and a worker accepts {_INFLATED_BYTES}"
        )
        how = fix if is_replay else "make settings or initialUserMsg smaller"
        raise InvalidInputError.of(
            InputProblem(field="replayJson" if is_replay else "", problem=f"{size}: {how}"), sid=wire["sid"]
        )
    if store is None or not leaves:
        return kept
    replay = wire["replayJson"]
    return {**kept, "replayJson": {"claim": await _leave(replay, converter, store), "sha256": sha256_of(replay)}}


async def _leave(text: str, converter: DataConverter, store: PayloadStore) -> str:
    """Stores a text, encoded like a payload, and returns its key."""
    claim = str(uuid4())
    payload = Payload(data=text.encode())
    if converter.payload_codec:
        [payload] = await converter.payload_codec.encode([payload])
    await store.write(claim, payload.SerializeToString())
    return claim
