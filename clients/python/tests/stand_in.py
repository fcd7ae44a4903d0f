"""Stands in for the workers: the workflow and its activities have the real names and do what a test tells them to do.

The real ones are in test/servers/callers.servers.ts, with this client beside the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

Step = Callable[[], Awaitable[Any]]


class Script:
    """What the activities do, by conversation. By default, a conversation is ready at the first check."""

    def __init__(self) -> None:
        self.preparing: dict[str, Step] = {}
        self.setting_up: dict[str, Step] = {}
        self.creating: dict[str, Step] = {}
        self.checking: dict[str, Step] = {}
        self.inputs: dict[str, list[dict[str, Any]]] = {}

    @activity.defn(name="prepareWorkspace")
    async def prepare(self, conversation: dict[str, Any]) -> None:
        await self.preparing.get(conversation["sid"], _at_once)()
        activity.heartbeat({"phase": "running setup script"})
        await self.setting_up.get(conversation["sid"], _at_once)()

    @activity.defn(name="createConversation")
    async def create(self, conversation: dict[str, Any]) -> None:
        self.inputs.setdefault(conversation["sid"], []).append(conversation)
        await self.creating.get(conversation["sid"], _at_once)()

    @activity.defn(name="checkConversationReady")
    async def check(self, conversation: dict[str, Any]) -> int:
        await self.checking.get(conversation["sid"], _at_once)()
        return activity.info().attempt


def failing(failure_type: str, message: str, *details: Any) -> Step:
    """A step that fails for good."""

    async def fail() -> None:
        raise ApplicationError(message, *details, type=failure_type, non_retryable=True)

    return fail


async def _at_once() -> None:
    return


@workflow.defn(name="createNestedConversation")
class CreateNestedConversation:
    @workflow.run
    async def run(self, conversation: dict[str, Any]) -> dict[str, Any]:
        retry = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=1, maximum_attempts=3)
        prepares = "repository" in conversation.get("settings", {})
        steps = ("createConversation", "checkConversationReady")
        for name in ("prepareWorkspace", *steps) if prepares else steps:
            try:
                attempts = await workflow.execute_activity(
                    name,
                    conversation,
                    start_to_close_timeout=timedelta(minutes=1),
                    heartbeat_timeout=timedelta(minutes=1),
                    retry_policy=retry,
                )
            except Exception as error:
                raise (error.__cause__ or error) from None
        return {"conversationId": conversation["sid"], "status": "RUNNING", "attempts": attempts}


@asynccontextmanager
async def run_worker(
    client: Client, task_queue: str = "nested-conversations", script: Script | None = None
) -> AsyncIterator[Script]:
    script = script or Script()
    worker = Worker(
        client,
        task_queue=task_queue,
        workflows=[CreateNestedConversation],
        activities=[script.prepare, script.create, script.check],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        yield script


class Gate:
    """Holds an activity until a test opens it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._opened.set()

    async def __call__(self) -> None:
        self.reached.set()
        await self._opened.wait()
