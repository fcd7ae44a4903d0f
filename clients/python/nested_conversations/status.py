"""The status of a conversation start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from ._decode import decode_memo, one_line
from ._described_run import DescribedRun, utc

#: The phase of a run: waiting for a worker, in one of the activities, or ended.
RunPhase = Literal[
    "queued",
    "preparing repository",
    "running setup script",
    "creating",
    "checking",
    "stopping",
    "ready",
    "failed",
    "cancelled",
    "terminated",
    "timed-out",
]


@dataclass(frozen=True)
class OverdueStep:
    """A step that was due at least five seconds ago, and that no worker has started."""

    since: datetime
    task_queue: str
    version: str | None = None
    """The only worker version that may run it, as `deployment:build`; `None` if any worker may."""


@dataclass(frozen=True)
class Paused:
    """A person has paused the run or its current step in Temporal. Nothing happens until it is unpaused there."""

    since: datetime | None
    by: str | None
    """The identity of who paused it."""
    reason: str | None


@dataclass(frozen=True)
class Retrying:
    """Temporal can't be reached or does not answer, and the call is repeated."""

    since: datetime
    """The time of the first call without an answer."""
    reason: str
    """The reason, in one line."""


@dataclass(frozen=True, kw_only=True)
class ConversationStatus:
    """The status of a run of a conversation. Times are in UTC."""

    sid: str
    workflow_id: str
    run_id: str
    phase: RunPhase
    started_at: datetime
    closed_at: datetime | None = None
    """`None` while the run is running."""
    attempts: int | None = None
    """Attempts of the current activity that have ended: in phase `checking`, readiness checks."""
    maximum_attempts: int | None = None
    last_seen: str | None = None
    """Why the last attempt did not succeed, e.g. `conv_1 is STARTING (agent loading); look 3 of 60, next in 2 s`."""
    overdue: OverdueStep | None = None
    """Set if the run is stuck: no worker is running, or all are busy."""
    paused: Paused | None = None
    """Set while the run or its current step is paused."""
    failed_workflow_tasks: int = 0
    """The number of consecutive failed workflow tasks, e.g. because a key is missing."""
    workflow_task_failure: str | None = None
    """The error of the first of them, e.g. `a payload is encrypted with key 'k2': the keys here are k1`."""
    user_id: str | None = None
    """From the memo, like the next two fields; `None` if another client did not set it."""
    api_url: str | None = None
    server: str | None = None
    retrying: Retrying | None = None
    """Set by `progress` while Temporal does not answer. The other fields are those of the last status."""


_PHASES: dict[str, RunPhase] = {
    "prepareWorkspace": "preparing repository",
    "createConversation": "creating",
    "checkConversationReady": "checking",
    "stopConversation": "stopping",
}

#: The start of the run and its first workflow task: scheduled, started, and possibly failed.
_EVENTS_BEFORE_ACTIVITIES = 4

#: While tasks fail again and again, the history rarely gets more events than this, such as signals.
_LATEST_EVENTS = 20

#: An idle worker starts a step within a second. The rest allows for a difference between clocks.
_OVERDUE_AFTER = timedelta(seconds=5)


def step_of(run: DescribedRun) -> int | None:
    """The number of the step in progress: Temporal numbers the activities of a run. `None` between two steps."""
    pending = run.description.pending_activities
    return int(pending[0].activity_id) if pending and pending[0].activity_id.isdecimal() else None


async def conversation_status(client: Client, sid: str, run: DescribedRun) -> ConversationStatus:
    """Makes the status from a workflow description: its pending activity has the attempt and the last failure."""
    raw = run.description
    pending = raw.pending_activities[0] if raw.pending_activities else None
    # Between two activities, none is pending. The first activity is the create, so a check comes next.
    without: RunPhase = "checking" if run.info.history_length > _EVENTS_BEFORE_ACTIVITIES else "queued"
    phase = (pending and await _phase_of(client, pending)) or without
    failed_tasks = max(raw.pending_workflow_task.attempt - 1, 0)
    memo = await decode_memo(client, run.info.memo)
    paused = _pause_of(raw)
    told: dict[str, Any] = {}
    if pending:
        failure = await _last_failure(client, pending.last_failure) if pending.HasField("last_failure") else None
        look = _look_details(failure)
        # A check also counts those of earlier activities. Temporal counts the attempts of one activity only.
        told["attempts"] = look.get("attempts", max(pending.attempt - 1, 0))
        told["maximum_attempts"] = look.get("maximumAttempts") or pending.maximum_attempts or None
        told["last_seen"] = failure and _message_of(failure)
    return ConversationStatus(
        sid=sid,
        workflow_id=run.workflow_id,
        run_id=run.run_id,
        phase=phase if run.state == "running" else run.state,
        started_at=run.start_time,
        closed_at=run.close_time,
        overdue=None if paused else _overdue_step(run.info.task_queue, raw),
        paused=paused,
        failed_workflow_tasks=failed_tasks,
        workflow_task_failure=await _workflow_task_failure(client, run) if failed_tasks else None,
        user_id=memo.get("userId"),
        api_url=memo.get("apiUrl"),
        server=memo.get("server"),
        **told,
    )


def _pause_of(raw: DescribeWorkflowExecutionResponse) -> Paused | None:
    """By `temporal workflow pause` or `temporal activity pause`."""
    if raw.workflow_extended_info.HasField("pause_info"):
        of_run = raw.workflow_extended_info.pause_info
        since = utc(of_run.paused_time) if of_run.HasField("paused_time") else None
        return Paused(since, of_run.identity or None, of_run.reason or None)
    if not raw.pending_activities or not raw.pending_activities[0].paused:
        return None
    of_step = raw.pending_activities[0].pause_info
    by = of_step.rule if of_step.HasField("rule") else of_step.manual
    since = utc(of_step.pause_time) if of_step.HasField("pause_time") else None
    return Paused(since, by.identity or None, by.reason or None)


async def _phase_of(client: Client, pending: PendingActivityInfo) -> RunPhase | None:
    """The phase for an activity. `prepareWorkspace` has two, and its heartbeats say which."""
    phase = _PHASES.get(pending.activity_type.name)
    if phase != "preparing repository":
        return phase
    try:
        [heartbeat] = await client.data_converter.decode(pending.heartbeat_details.payloads[:1])
    except Exception:
        return phase
    is_setup = isinstance(heartbeat, dict) and heartbeat.get("phase") == "running setup script"
    return "running setup script" if is_setup else phase


async def _workflow_task_failure(client: Client, run: DescribedRun) -> str | None:
    """The error of failing workflow tasks. Only the first of consecutive failures is in the history."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace, execution=run.info.execution, maximum_page_size=_LATEST_EVENTS
    )
    answer = await client.workflow_service.get_workflow_execution_history_reverse(request, retry=True)
    for event in answer.history.events:
        if event.HasField("workflow_task_failed_event_attributes"):
            return _message_of(await _last_failure(client, event.workflow_task_failed_event_attributes.failure))
    return None


def _overdue_step(task_queue: str, raw: DescribeWorkflowExecutionResponse) -> OverdueStep | None:
    """A step that waits for its next attempt is due at that time. A started step is not overdue."""
    since = next((utc(due) for due in _due_times(raw)), None)
    if since is None or datetime.now(timezone.utc) - since < _OVERDUE_AFTER:
        return None
    pinned = raw.workflow_execution_info.versioning_info.deployment_version
    return OverdueStep(since, task_queue, f"{pinned.deployment_name}:{pinned.build_id}" if pinned.build_id else None)


def _due_times(raw: DescribeWorkflowExecutionResponse) -> Iterable[Timestamp]:
    for activity in raw.pending_activities:
        is_due = activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        if is_due and activity.HasField("scheduled_time"):
            yield activity.scheduled_time
    task = raw.pending_workflow_task
    if task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED and task.HasField("scheduled_time"):
        yield task.scheduled_time


async def _last_failure(client: Client, failure: Failure) -> BaseException:
    """Decodes a failure. If that is not possible, e.g. without its key, the result says so."""
    try:
        copy = Failure()
        copy.CopyFrom(failure)
        return await client.data_converter.decode_failure(copy)
    except Exception as error:
        return Exception(f"(can't be read: {one_line(error)})")


def _message_of(failure: BaseException) -> str:
    return failure.message if isinstance(failure, ApplicationError) else str(failure)


def _look_details(failure: BaseException | None) -> dict[str, Any]:
    details = failure.details if isinstance(failure, ApplicationError) else ()
    return details[0] if details and isinstance(details[0], dict) else {}
