"""Reads data that any other client may have written, in any form."""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import Memo
from temporalio.client import Client


async def decode_memo(client: Client, memo: Memo) -> dict[str, str]:
    """The texts of a memo. A text that can't be decoded is left out, so that the others can still be read."""
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
    """The message of an error in one line, of at most 500 characters."""
    return " ".join(str(error).split())[:500] or type(error).__name__
