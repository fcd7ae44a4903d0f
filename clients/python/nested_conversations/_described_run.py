"""Temporal's description of a run. The SDK's own raises an error for a status that it does not know, such as paused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

#: The state of a run: `running`, or how it ended.
RunState = Literal["running", "ready", "failed", "cancelled", "terminated", "timed-out"]

_STATES: dict[int, RunState] = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: "ready",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: "failed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: "cancelled",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: "terminated",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "timed-out",
}


@dataclass(frozen=True)
class DescribedRun:
    """A run, as Temporal describes or lists it. Times are in UTC."""

    info: WorkflowExecutionInfo
    description: DescribeWorkflowExecutionResponse = field(default_factory=DescribeWorkflowExecutionResponse)
    """Empty for a run from a list."""

    @property
    def workflow_id(self) -> str:
        return self.info.execution.workflow_id

    @property
    def run_id(self) -> str:
        return self.info.execution.run_id

    @property
    def state(self) -> RunState:
        return _STATES.get(self.info.status, "running")

    @property
    def start_time(self) -> datetime:
        return utc(self.info.start_time)

    @property
    def close_time(self) -> datetime | None:
        return utc(self.info.close_time) if self.info.HasField("close_time") else None


def utc(time: Timestamp) -> datetime:
    """The time in UTC."""
    return time.ToDatetime().replace(tzinfo=timezone.utc)
