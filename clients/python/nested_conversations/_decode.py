"""Reads what other clients have written, in whatever shape that is."""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import Memo
from temporalio.client import Client


async def decode_memo(client: Client, memo: Memo) -> dict[str, str]:
    """The texts of a memo. One that can't be decoded is left out: it must not stand in the way of the rest."""
    texts: dict[str, str] = {}
    for name, payload in memo.fields.items():
        try:
            [value] = await client.data_converter.decode([payload])
        except Exception:
            continue
        if isinstance(value, str):
            texts[name] = value
    return texts


def one_line(error: Any) -> str:
    """An error's message without line breaks, and no longer than somebody reads."""
    return " ".join(str(error).split())[:500] or type(error).__name__
