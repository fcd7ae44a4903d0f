"""Starts a conversation, waits until it is ready, and prints the result as JSON.

    python start_conversation.py conversation.json [--resume]

The connection to Temporal is configured like that of Temporal's own tools: with TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
TEMPORAL_API_KEY, TEMPORAL_TLS…, or a profile. If the workers encrypt, set their PAYLOAD_ENCRYPTION_KEYS.
The exit status is 1 if the start fails.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig

from nested_conversations import ConversationStatus, NestedConversationError, NestedConversations
from nested_conversations.encryption import data_converter, keys_from_environment


def show(status: ConversationStatus) -> None:
    print(f"{status.phase} {status.last_seen or ''}".rstrip(), file=sys.stderr)


def plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


async def main() -> int:
    conversation = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**config, data_converter=data_converter(keys_from_environment()))
    conversations = NestedConversations(client)
    try:
        ready = await conversations.ensure_ready(conversation, resume="--resume" in sys.argv, on_progress=show)
    except NestedConversationError as error:
        print(json.dumps({"error": type(error).__name__, **vars(error)}, default=plain))
        return 1
    print(json.dumps(asdict(ready)))
    return 0


if __name__ == "__main__":
    exit_status = asyncio.run(main())
    sys.stdout.flush()
    # Not sys.exit: a thread of the client sometimes crashes an exiting interpreter (temporalio/sdk-python#300).
    os._exit(exit_status)
