"""Starts a conversation, waits until it is ready, and prints what became of it as JSON.

    python start_conversation.py conversation.json [--resume]

Temporal is found as its own tools find it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…, or a
profile. Exit status 1 tells of a start that failed.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from temporalio.api.common.v1 import Memo, Payloads, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDReusePolicy
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

TASK_QUEUE = os.environ.get("TEMPORAL_TASK_QUEUE", "nested-conversations")


class StartRefused(Exception):
    """The conversation is there, and its start is not the same: nothing was sent."""


@dataclass(frozen=True)
class ReadyConversation:
    conversationId: str
    status: str
    attempts: int


async def ensure_ready(client: Client, conversation: dict[str, Any], *, resume: bool = False) -> ReadyConversation:
    """Starts the conversation, or attaches to the same start, and waits until it is ready.

    Call it again after a crash: a run that is under way or has completed is not started twice, so that the agent gets
    the message once. A run that failed is started again. With resume, one that has completed is continued.
    """
    workflow_id = f"conversation-{conversation['sid']}"
    memo = {
        "userId": conversation["userId"],
        "apiUrl": conversation["apiUrl"].rstrip("/"),
        "server": conversation.get("server", "openhands"),
    }
    if resume:
        newest = await newest_run(client, workflow_id)
        if newest and newest.status == WorkflowExecutionStatus.COMPLETED:
            return await resume_after(client, newest, conversation, memo)
    handle: WorkflowHandle[Any, ReadyConversation]
    try:
        handle = await client.start_workflow(
            "createNestedConversation",
            conversation,
            id=workflow_id,
            task_queue=TASK_QUEUE,
            # Temporal's default would send the message of a completed conversation again.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            memo=memo,
            result_type=ReadyConversation,
        )
    except WorkflowAlreadyStartedError as there:
        handle = client.get_workflow_handle(workflow_id, run_id=there.run_id, result_type=ReadyConversation)
        await refuse_another(client, handle, conversation)
    return await handle.result()


async def resume_after(
    client: Client, newest: WorkflowExecutionDescription, conversation: dict[str, Any], memo: dict[str, str]
) -> ReadyConversation:
    """Continues a completed conversation with a new message, once for all who resume the same run of it."""
    [payload] = await client.data_converter.encode([conversation])
    request = StartWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_id=newest.id,
        workflow_type=WorkflowType(name="createNestedConversation"),
        task_queue=TaskQueue(name=TASK_QUEUE),
        input=Payloads(payloads=[payload]),
        memo=Memo(fields={name: (await client.data_converter.encode([value]))[0] for name, value in memo.items()}),
        identity=client.identity,
        workflow_id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE.value,
        # By this Temporal tells that two callers resume the same run, and starts one run for both.
        request_id="resume-" + sha256(newest.run_id.encode()).hexdigest()[:32],
    )
    try:
        run_id = (await client.workflow_service.start_workflow_execution(request)).run_id
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:
            raise
        run_id = (await client.get_workflow_handle(newest.id).describe()).run_id
    handle = client.get_workflow_handle(newest.id, run_id=run_id, result_type=ReadyConversation)
    await refuse_another(client, handle, conversation)
    return await handle.result()


async def newest_run(client: Client, workflow_id: str) -> WorkflowExecutionDescription | None:
    try:
        return await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise


async def refuse_another(client: Client, handle: WorkflowHandle[Any, Any], mine: dict[str, Any]) -> None:
    """Compares with what the run was started with: its first event has it, whatever client started it."""
    events = handle.fetch_history_events(page_size=1)
    started = (await anext(events)).workflow_execution_started_event_attributes
    [theirs] = await client.data_converter.decode(list(started.input.payloads))
    for what, of in COMPARED.items():
        if of(theirs) != of(mine):
            raise StartRefused(f"{mine['sid']} was started with another {what}: nothing was sent")


def message_of(conversation: dict[str, Any]) -> tuple[Any, Any]:
    message = conversation.get("initialUserMsg") or {}
    return message.get("content"), message.get("imageUrls") or []


COMPARED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "user": lambda it: it.get("userId"),
    "server": lambda it: (str(it.get("apiUrl")).rstrip("/"), it.get("server", "openhands")),
    "message": message_of,
    "replay": lambda it: it.get("replayJson"),
}


async def main(data_converter: DataConverter = DataConverter.default) -> int:
    conversation = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**config, data_converter=data_converter)
    try:
        ready = await ensure_ready(client, conversation, resume="--resume" in sys.argv)
    except StartRefused as refusal:
        print(json.dumps({"type": "StartRefused", "message": str(refusal)}))
        return 1
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
