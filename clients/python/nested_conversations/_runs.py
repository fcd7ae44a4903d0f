"""Finds and describes a run of a conversation, and reads the first and last event of its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
)
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from ._ask import is_not_found
from ._described_run import DescribedRun
from ._names import WORKFLOW_TYPE, canonical_uuid, workflow_id_of
from .errors import (
    ConversationAbortedError,
    ConversationNotFoundError,
    ConversationTakenError,
    UnknownFailureError,
    error_of,
)


class RunReference(Protocol):
    """The ids of a run."""

    @property
    def workflow_id(self) -> str: ...
    @property
    def run_id(self) -> str: ...


@dataclass(frozen=True)
class RunIds:
    """A run of a conversation."""

    sid: str
    workflow_id: str
    run_id: str

    @property
    def origin(self) -> dict[str, Any]:
        """The arguments with which an error names the run."""
        return {"sid": self.sid, "workflow_id": self.workflow_id, "run_id": self.run_id}


@dataclass(frozen=True)
class RunOutcome:
    """The outcome of a run."""

    conversation_id: str
    status: str
    attempts: int


async def describe_run(client: Client, sid: str, run_id: str | None = None) -> DescribedRun:
    """Describes a run, or the newest run if no id is given. A UUID is looked up in two spellings.

    Raises:
        ConversationNotFoundError: If there is no run.
        ConversationTakenError: If the run is of another workflow type.
    """
    not_found: RPCError | None = None
    for spelling in dict.fromkeys([sid, canonical_uuid(sid) or sid]):
        request = DescribeWorkflowExecutionRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=workflow_id_of(spelling), run_id=run_id or ""),
        )
        try:
            answer = await client.workflow_service.describe_workflow_execution(request, retry=True)
        except RPCError as error:
            if not is_not_found(error):
                raise
            not_found = error
            continue
        # For example a workflow around ours, under our id. To wait for it could be to wait for itself.
        if answer.workflow_execution_info.type.name != WORKFLOW_TYPE:
            raise ConversationTakenError("workflow", sid=sid)
        return DescribedRun(answer.workflow_execution_info, answer)
    raise ConversationNotFoundError(sid=sid, workflow_id=workflow_id_of(sid), run_id=run_id) from not_found


async def find_run(client: Client, sid: str) -> DescribedRun | None:
    """Returns the newest run, or `None` if the conversation has none."""
    try:
        return await describe_run(client, sid)
    except ConversationNotFoundError:
        return None


async def read_started_event(client: Client, run: RunReference) -> WorkflowExecutionStartedEventAttributes:
    """The first event of a run. Takes one call of a few milliseconds."""
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace, execution=_execution(run), maximum_page_size=1
    )
    answer = await client.workflow_service.get_workflow_execution_history(request, retry=True)
    events = answer.history.events
    return (
        events[0].workflow_execution_started_event_attributes if events else WorkflowExecutionStartedEventAttributes()
    )


async def ask_for_end(
    client: Client, run: RunReference, *, wait: bool = False, page_token: bytes = b""
) -> GetWorkflowExecutionHistoryResponse:
    """Asks for the last event of a run. With `wait`, Temporal answers when the run ends, or after its own limit."""
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=_execution(run),
        history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        skip_archival=True,
        wait_new_event=wait,
        next_page_token=page_token,
    )
    # The SDK does not repeat a failed long poll. Our own code does, so that another wait can poll in between.
    return await client.workflow_service.get_workflow_execution_history(request, retry=not wait)


def is_end(event: HistoryEvent) -> bool:
    """Whether an event is a run's last."""
    return event.WhichOneof("attributes") in _ENDS


_ENDS = {
    f"workflow_execution_{end}_event_attributes"
    for end in ("completed", "failed", "canceled", "terminated", "timed_out", "continued_as_new")
}


def _execution(run: RunReference) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id)


async def run_outcome(client: Client, run: RunIds, event: HistoryEvent | None = None) -> RunOutcome:
    """The outcome of a run that has ended, from its last event.

    Raises:
        NestedConversationError: If the run failed: the subclass for its failure type, or `ConversationAbortedError`.
    """
    if event is None:
        events = (await ask_for_end(client, run)).history.events
        event = events[0] if events else HistoryEvent()
    match event.WhichOneof("attributes"):
        case "workflow_execution_completed_event_attributes":
            completed = event.workflow_execution_completed_event_attributes
            [result] = await client.data_converter.decode(completed.result.payloads)
            return RunOutcome(str(result["conversationId"]), str(result["status"]), int(result["attempts"]))
        case "workflow_execution_canceled_event_attributes":
            raise ConversationAbortedError("cancelled", **run.origin)
        case "workflow_execution_terminated_event_attributes":
            raise ConversationAbortedError("terminated", **run.origin)
        case "workflow_execution_timed_out_event_attributes":
            raise ConversationAbortedError("timed out", **run.origin)
        case "workflow_execution_failed_event_attributes":
            failure = event.workflow_execution_failed_event_attributes.failure
            cause = await client.data_converter.decode_failure(failure)
            if isinstance(cause, ApplicationError):
                details = cause.details[0] if cause.details else None
                raise error_of(cause.type, cause.message, details, **run.origin) from cause
            raise UnknownFailureError(str(cause), None, **run.origin) from cause
    message = f"The start of {run.sid} has not ended, or its history can't be read"
    raise UnknownFailureError(message, None, **run.origin)
