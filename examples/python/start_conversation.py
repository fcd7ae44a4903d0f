"""Starts a conversation, waits until it is ready, and prints what became of it as JSON.

    python start_conversation.py conversation.json

Temporal is found as its own tools find it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…, or a
profile. Exit status 1 tells of a start that failed.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

TASK_QUEUE = os.environ.get("TEMPORAL_TASK_QUEUE", "nested-conversations")


class ConversationTaken(Exception):
    """The conversation was started for another user, or on another server."""


@dataclass(frozen=True)
class ReadyConversation:
    conversationId: str
    status: str
    attempts: int


async def ensure_ready(client: Client, conversation: dict[str, Any]) -> ReadyConversation:
    """Starts the conversation, or attaches to the run that is there, and waits until it is ready.

    Call it again after a crash: a run that is under way or has completed is not started twice, so that the agent gets
    the message once. A run that failed is started again.
    """
    workflow_id = f"conversation-{conversation['sid']}"
    # By these the next caller is told apart: see the README on starting from any other language.
    memo = {
        "userId": conversation["userId"],
        "apiUrl": conversation["apiUrl"].rstrip("/"),
        "server": conversation.get("server", "openhands"),
    }
    handle: WorkflowHandle[Any, ReadyConversation]
    try:
        handle = await client.start_workflow(
            "createNestedConversation",
            conversation,
            id=workflow_id,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            memo=memo,
            result_type=ReadyConversation,
        )
    except WorkflowAlreadyStartedError as there:
        handle = client.get_workflow_handle(workflow_id, run_id=there.run_id, result_type=ReadyConversation)
        if await (await handle.describe()).memo() != memo:
            raise ConversationTaken(f"{conversation['sid']} is another user's, or on another server") from None
    return await handle.result()


async def main(data_converter: DataConverter = DataConverter.default) -> int:
    conversation = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**config, data_converter=data_converter)
    try:
        ready = await ensure_ready(client, conversation)
    except WorkflowFailureError as failure:
        # Any other cause, such as a cancellation, is no outcome of the start.
        if not isinstance(failure.cause, ApplicationError):
            raise
        error = failure.cause
        print(json.dumps({"type": error.type, "message": error.message, "details": next(iter(error.details), None)}))
        return 1
    print(json.dumps(asdict(ready)))
    return 0


def run(data_converter: DataConverter = DataConverter.default) -> NoReturn:
    exit_status = asyncio.run(main(data_converter))
    sys.stdout.flush()
    # Not sys.exit: now and then a thread of the client crashes an interpreter that ends (temporalio/sdk-python#300).
    os._exit(exit_status)


if __name__ == "__main__":
    run()
