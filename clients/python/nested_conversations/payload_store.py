"""Where a replay that is too large for Temporal is left for the workers."""

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

#: In bytes, as it is sent. Temporal takes 2 MiB; what is left is for the evidence that goes along with the input.
_PAYLOAD_BYTES = 2_000_000
#: In bytes, what a worker inflates.
_INFLATED_BYTES = 4 * 1024 * 1024


class PayloadStore(Protocol):
    """Keeps large payloads. The workers read them from the same place: `PAYLOAD_STORE`."""

    async def write(self, key: str, data: bytes) -> None:
        """Returns when all of it is stored under this key."""


class FolderStore:
    """A folder that clients and workers share: for development."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    async def write(self, key: str, data: bytes) -> None:
        """There whole, or not at all; for this user alone, as it may not be encrypted."""
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
    """Whether the replay is more than a payload of Temporal, as long as it is not compressed."""
    replay = wire.get("replayJson")
    return isinstance(replay, str) and len(replay.encode()) > _PAYLOAD_BYTES


async def fit_input(wire: dict[str, Any], converter: DataConverter, store: PayloadStore | None) -> dict[str, Any]:
    """Makes the input fit into a payload of Temporal: a large replay is left in the store, if there is one.

    Raises:
        InvalidInputError: That names the sizes.
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
    """Leaves a text, encoded as payloads are, and returns its key in the store."""
    claim = str(uuid4())
    payload = Payload(data=text.encode())
    if converter.payload_codec:
        [payload] = await converter.payload_codec.encode([payload])
    await store.write(claim, payload.SerializeToString())
    return claim
