"""Compares a caller's input with that of an existing run, which is in the run's first event."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from temporalio.client import Client

from ._decode import one_line
from ._runs import RunReference, read_started_event

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class StartedInput:
    """The compared parts of an input. They can break the contract, as any client may have written them."""

    user_id: Any
    api_url: Any
    server: Any
    content: Any
    image_urls: Any
    replay: Any
    """A text, a claim for one in the payload store, or `None`."""


class UnreadableInputError(Exception):
    """A run's input can't be read."""


async def read_started_input(client: Client, run: RunReference) -> StartedInput:
    """Reads a run's input from the first event of its history, which every run has.

    Raises:
        UnreadableInputError: If it can't be decoded or is not an object.
    """
    event = await read_started_event(client, run)
    try:
        wire = (await client.data_converter.decode(event.input.payloads[:1]))[0]
    except Exception as error:
        raise UnreadableInputError(one_line(error)) from error
    if not isinstance(wire, dict):
        raise UnreadableInputError("its input is not a JSON object")
    return started_input_of(wire)


def started_input_of(wire: dict[str, Any]) -> StartedInput:
    """The parts of an input that are compared."""
    message = wire.get("initialUserMsg")
    if not isinstance(message, dict):
        message = {}
    images = message.get("imageUrls")
    return StartedInput(
        user_id=wire.get("userId"),
        api_url=base_url_of(wire.get("apiUrl")),
        server=wire.get("server", "openhands"),
        content=message.get("content"),
        image_urls=[] if images is None else images,
        replay=wire.get("replayJson"),
    )


def delivery_difference(
    theirs: StartedInput, mine: StartedInput
) -> Literal["message", "images", "replay", "unknown"] | None:
    """The part of the inputs that differs; `unknown` if they can't be compared."""
    if theirs.content != mine.content:
        return "message"
    if json.dumps(theirs.image_urls) != json.dumps(mine.image_urls):
        return "images"
    if theirs.replay == mine.replay:
        return None
    if mine.replay is None or not isinstance(theirs.replay, dict):
        return "replay"
    if "sha256" not in theirs.replay:
        return "unknown"
    return None if theirs.replay["sha256"] == sha256_of(mine.replay) else "replay"


def sha256_of(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def base_url_of(api_url: Any) -> Any:
    """The URL in the normal form that the workers use, without a slash at the end."""
    if not isinstance(api_url, str):
        return api_url
    try:
        url = urlsplit(api_url.strip())
        host, port = url.hostname, url.port
        if not url.scheme or not host:
            return api_url
        host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        return api_url
    netloc = host if port is None or port == _DEFAULT_PORTS.get(url.scheme) else f"{host}:{port}"
    path = quote(_without_dots(url.path.replace("\\", "/")), safe="/%:@!$&'()*+,;=~-._[]|")
    return f"{url.scheme}://{netloc}{path}".rstrip("/")


def _without_dots(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if re.fullmatch(r"(?:\.|%2e){2}", part, re.IGNORECASE):
            parts[1:] = parts[1:-1]
        elif not re.fullmatch(r"\.|%2e", part, re.IGNORECASE):
            parts.append(part)
    return "/".join(parts)
