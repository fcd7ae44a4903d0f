"""Tests of wait, progress, status, list and cancel."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from stand_in import Gate, Script, failing, run_worker
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest, UnpauseWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

import nested_conversations as nc
from nested_conversations import ConversationInput, NestedConversations, RunPhase

REQUEST = {"method": "POST", "url": "http://h/api", "status": 400, "msgId": "X$Y", "later": "added"}


@pytest.mark.parametrize(
    ("failure_type", "details", "error", "expected"),
    [
        (
            "InvalidInput",
            {"problems": [{"field": "sid", "problem": "is empty"}]},
            nc.InvalidInputError,
            nc.InvalidInputDetails(problems=(nc.InputProblem(field="sid", problem="is empty"),)),
        ),
        (
            "ConversationRejected",
            REQUEST,
            nc.ConversationRejectedError,
            nc.ConversationRejectedDetails(method="POST", url="http://h/api", status=400, msg_id="X$Y"),
        ),
        ("Unauthorized", {"status": 401}, nc.UnauthorizedError, nc.UnauthorizedDetails(status=401)),
        (
            "NestedServerUnavailable",
            {"url": 3, "method": "GET"},
            nc.NestedServerUnavailableError,
            nc.NestedServerUnavailableDetails(method="GET"),
        ),
        (
            "ConversationNotReady",
            {"attempts": 3, "maximumAttempts": 3, "interval": "2 seconds", "waitedMs": 6000, "lastObservation": "S"},
            nc.ConversationNotReadyError,
            nc.ConversationNotReadyDetails(
                attempts=3, maximum_attempts=3, interval="2 seconds", waited_ms=6000, last_observation="S"
            ),
        ),
        (
            "ConversationFailed",
            {"reason": "no credits"},
            nc.ConversationFailedError,
            nc.ConversationFailedDetails(reason="no credits"),
        ),
        ("ConversationFailed", None, nc.ConversationFailedError, nc.ConversationFailedDetails()),
    ],
)
async def test_each_failure_has_its_class_and_typed_details(
    conversations: NestedConversations,
    conversation: ConversationInput,
    script: Script,
    failure_type: str,
    details: Any,
    error: type[nc.ConversationError[Any]],
    expected: Any,
) -> None:
    script.creating[conversation.sid] = failing(failure_type, "it went wrong", *([details] if details else []))
    with pytest.raises(error, match=r"^it went wrong$") as caught:
        await conversations.ensure_ready(conversation)
    assert type(caught.value) is error
    assert caught.value.details == expected
    assert isinstance(caught.value, nc.NestedConversationError)
    assert (caught.value.type, caught.value.sid) == (failure_type, conversation.sid)
    assert caught.value.run_id
    with pytest.raises(error):
        await conversations.result(conversation.sid)


async def test_an_unknown_failure_raises_unknown_failure_error(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    script.creating[conversation.sid] = failing("Newer", "new")
    with pytest.raises(nc.UnknownFailureError, match="new") as caught:
        await conversations.ensure_ready(conversation)
    assert caught.value.type == "Newer"


async def test_progress_reports_each_phase_and_ends_with_the_run(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    creating, checking = Gate(), Gate()
    checks = 0

    async def check() -> None:
        nonlocal checks
        checks += 1
        if checks == 1:
            details = {"attempts": 1, "maximumAttempts": 60}
            raise ApplicationError("STARTING; look 1 of 60", details, type="NotReadyYet")
        await checking()

    script.creating[conversation.sid] = creating
    script.checking[conversation.sid] = check
    started = await conversations.start(conversation)
    phases: list[RunPhase] = []
    async for status in conversations.progress(conversation.sid, run_id=started.run_id):
        if not phases or phases[-1] != status.phase:
            phases.append(status.phase)
        if status.phase == "creating":
            creating.open()
        if status.last_seen:
            assert (status.last_seen, status.attempts, status.maximum_attempts) == ("STARTING; look 1 of 60", 1, 60)
            assert (status.user_id, status.api_url, status.server) == ("ada", conversation.api_url, "openhands")
            checking.open()
    assert phases[-1] == "ready"
    assert [it for it in phases if it != "queued"] == ["creating", "checking", "ready"]
    assert (await conversations.wait(conversation.sid)).attempts == 2


async def test_progress_reports_how_a_repository_is_prepared(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    preparing, setting_up = Gate(), Gate()
    script.preparing[conversation.sid], script.setting_up[conversation.sid] = preparing, setting_up
    settings = nc.ConversationSettings(repository="octo/cat")
    await conversations.start(dataclasses.replace(conversation, settings=settings))
    phases: list[RunPhase] = []
    async for status in conversations.progress(conversation.sid):
        phases.append(status.phase)
        if status.phase == "preparing repository":
            preparing.open()
        if status.phase == "running setup script":
            setting_up.open()
    assert [it for it in dict.fromkeys(phases) if it in ("preparing repository", "running setup script", "ready")] == [
        "preparing repository",
        "running setup script",
        "ready",
    ]


async def test_a_failed_workflow_task_is_reported(
    client: Client, conversations: NestedConversations, conversation: ConversationInput
) -> None:
    # An input that the stand-in's workflow can't read.
    await client.start_workflow(
        "createNestedConversation",
        "no object",
        id=f"conversation-{conversation.sid}",
        task_queue="nested-conversations",
    )
    async for status in conversations.progress(conversation.sid):
        if status.failed_workflow_tasks:
            assert status.workflow_task_failure
            await client.get_workflow_handle(f"conversation-{conversation.sid}").terminate()
            break


async def test_progress_of_a_failed_start_ends_with_failed(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    script.creating[conversation.sid] = failing("Unauthorized", "no")
    await conversations.start(conversation)
    assert [it.phase async for it in conversations.progress(conversation.sid)][-1] == "failed"


async def test_progress_of_an_unknown_conversation_is_not_found(conversations: NestedConversations) -> None:
    with pytest.raises(nc.ConversationNotFoundError, match="Temporal has no start of conversation nobody"):
        async for _ in conversations.progress("nobody"):
            pass


async def test_a_timeout_ends_the_wait_but_not_the_start(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    gate = script.creating[conversation.sid] = Gate()
    started = await conversations.start(conversation)
    await gate.reached.wait()
    with pytest.raises(nc.WaitTimeoutError, match=r"was not ready within 0\.5 s") as caught:
        await conversations.wait(conversation.sid, timeout=timedelta(seconds=0.5), on_progress=lambda _: None)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.status
    assert caught.value.run_id == started.run_id
    gate.open()
    await conversations.wait(conversation.sid)


async def test_a_cancelled_task_ends_the_wait_but_not_the_start(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    gate = script.creating[conversation.sid] = Gate()
    waiting = asyncio.ensure_future(conversations.ensure_ready(conversation))
    await gate.reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await conversations.status(conversation.sid)).closed_at is None
    gate.open()
    assert (await conversations.wait(conversation.sid)).attempts == 1


async def test_more_waits_than_long_polls_are_all_answered(client: Client, script: Script) -> None:
    conversations = NestedConversations(client, long_polls=1, on_hint=lambda _: None)
    inputs = [
        ConversationInput(api_url="http://runtime.example", sid=f"many-{index}", user_id="ada") for index in range(10)
    ]
    gates = [Gate() for _ in inputs]
    for it, gate in zip(inputs, gates, strict=True):
        script.creating[it.sid] = gate
    waits = [asyncio.ensure_future(conversations.ensure_ready(it)) for it in inputs]
    cancelled = waits.pop(0)
    for gate in gates:
        await gate.reached.wait()
        gate.open()
    cancelled.cancel()
    assert {it.conversation_id for it in await asyncio.gather(*waits)} == {it.sid for it in inputs[1:]}


async def test_cancel_ends_a_start_and_reports_its_state(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    gate = script.creating[conversation.sid] = Gate()
    await conversations.start(conversation)
    await gate.reached.wait()
    cancelled = await conversations.cancel(conversation.sid)
    assert (cancelled.cancel_requested, cancelled.state) == (True, "running")
    with pytest.raises(nc.ConversationAbortedError) as caught:
        await conversations.wait(conversation.sid)
    assert caught.value.how == "cancelled"
    again = await conversations.cancel(conversation.sid)
    assert (again.cancel_requested, again.state) == (False, "cancelled")
    with pytest.raises(nc.ConversationNotFoundError):
        await conversations.cancel("nobody")


async def test_a_start_without_a_worker_is_reported_as_overdue(unattended: NestedConversations, client: Client) -> None:
    sid = "overdue"
    await unattended.start(ConversationInput(api_url="http://runtime.example", sid=sid, user_id="ada"))
    assert (await unattended.status(sid)).phase == "queued"
    async for status in unattended.progress(sid):
        if status.overdue:
            assert status.overdue.task_queue == "without-a-worker"
            break
    await client.get_workflow_handle(f"conversation-{sid}").terminate()
    [*_, status] = [it async for it in unattended.progress(sid)]
    assert status.phase == "terminated"


async def test_an_unreadable_memo_field_does_not_hide_the_others(
    client: Client, conversations: NestedConversations, conversation: ConversationInput
) -> None:
    memo = {"userId": "ada", "apiUrl": {"odd": 1}}
    wire = {"apiUrl": conversation.api_url, "sid": conversation.sid, "userId": "ada"}
    await client.start_workflow(
        "createNestedConversation", wire, id=f"conversation-{conversation.sid}", task_queue="none", memo=memo
    )
    status = await conversations.status(conversation.sid)
    assert (status.user_id, status.api_url, status.server) == ("ada", None, None)


async def test_list_shows_the_newest_first_and_filters(
    with_search_attributes: NestedConversations, client: Client, script: Script
) -> None:
    user = "o'neil"
    inputs = [
        ConversationInput(api_url=f"http://runtime-{index}.example", sid=f"listed-{index}", user_id=user)
        for index in range(3)
    ]
    gate = script.creating["listed-0"] = Gate()
    for it in inputs:
        await with_search_attributes.start(it)
    for it in inputs[1:]:
        await with_search_attributes.wait(it.sid)

    async def listed(**filters: Any) -> list[str]:
        return [it.sid async for it in with_search_attributes.list(user_id=user, **filters)]

    # The visibility store is updated with a delay.
    while len(await listed(phase="ready")) < 2 or len(await listed()) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    assert await listed() == ["listed-2", "listed-1", "listed-0"]
    assert await listed(phase="ready") == ["listed-2", "listed-1"]
    assert await listed(phase="running") == ["listed-0"]
    assert await listed(server="http://runtime-1.example") == ["listed-1"]
    assert [it.sid async for it in with_search_attributes.list(user_id='o"neil')] == []
    gate.open()


async def test_list_reports_missing_search_attributes(conversations: NestedConversations) -> None:
    with pytest.raises(nc.SearchAttributesMissingError, match="nested-conversation setup"):
        [it async for it in conversations.list(user_id="ada")]


async def test_a_wait_without_temporal_ends_at_its_timeout(client: Client) -> None:
    lazy = await Client.connect("127.0.0.1:9", lazy=True)
    conversations = NestedConversations(lazy, on_hint=lambda _: None)
    with pytest.raises(nc.WaitTimeoutError, match="Temporal did not answer"):
        await conversations.wait("conv", timeout=timedelta(seconds=1))


def test_invalid_options_are_rejected(client: Client) -> None:
    with pytest.raises(nc.InvalidInputError, match="long_polls must be a whole number"):
        NestedConversations(client, long_polls=-1)


async def test_two_waits_in_one_event_loop_are_independent(
    conversations: NestedConversations, conversation: ConversationInput
) -> None:
    other = dataclasses.replace(conversation, sid=f"{conversation.sid}-b")
    first, second = await asyncio.gather(conversations.ensure_ready(conversation), conversations.ensure_ready(other))
    assert (first.conversation_id, second.conversation_id) == (conversation.sid, other.sid)


async def test_an_outage_delays_a_wait_and_is_reported(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "dev_server_existing_path": os.environ.get("TEMPORAL_CLI"),
        "dev_server_database_filename": str(tmp_path / "temporal.db"),
    }
    script, gate = Script(), Gate()
    script.creating["outage"] = gate
    outages: list[str] = []
    hit = asyncio.Event()

    def note(status: nc.ConversationStatus) -> None:
        if status.retrying:
            outages.append(status.retrying.reason)
            hit.set()

    server = await WorkflowEnvironment.start_local(**options)
    address = server.client.service_client.config.target_host
    client = await Client.connect(address)
    conversations = NestedConversations(client, long_polls=0, on_hint=lambda _: None)
    async with run_worker(client, script=script):
        conversation = ConversationInput(api_url="http://runtime.example", sid="outage", user_id="ada")
        waiting = asyncio.ensure_future(conversations.ensure_ready(conversation, on_progress=note))
        await gate.reached.wait()
        await server.shutdown()
        await hit.wait()
        server = await WorkflowEnvironment.start_local(port=int(address.rsplit(":", 1)[1]), **options)
        async with server:
            gate.open()
            assert (await waiting).status == "RUNNING"
    assert len(set(outages)) == 1


async def test_a_caller_waits_for_a_paused_run(script: Script, conversation: ConversationInput) -> None:
    by = {"identity": "ada@laptop", "reason": "maintenance"}
    server = await WorkflowEnvironment.start_local(
        dev_server_existing_path=os.environ.get("TEMPORAL_CLI"),
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowPauseEnabled=true"],
    )
    async with server, run_worker(server.client, script=script):
        client = server.client
        conversations = NestedConversations(client, on_hint=lambda _: None)
        gate = script.creating[conversation.sid] = Gate()
        run = await conversations.start(conversation)
        await gate.reached.wait()
        ids = {"namespace": client.namespace, "workflow_id": run.workflow_id, "run_id": run.run_id}
        await client.workflow_service.pause_workflow_execution(PauseWorkflowExecutionRequest(**ids, **by))
        waiting = asyncio.create_task(conversations.wait(conversation.sid, on_progress=lambda _: None))
        # The visibility store lags behind.
        for _ in range(200):
            listed = [it.sid async for it in conversations.list(phase="running")]
            if listed == [conversation.sid]:
                break
            await asyncio.sleep(0.05)
        assert listed == [conversation.sid]
        status = await conversations.status(conversation.sid)
        assert status.phase == "creating"
        assert status.paused
        assert (status.paused.by, status.paused.reason) == ("ada@laptop", "maintenance")
        assert not waiting.done()
        gate.open()
        await client.workflow_service.unpause_workflow_execution(UnpauseWorkflowExecutionRequest(**ids, **by))
        assert (await waiting).run_id == run.run_id
        assert (await conversations.status(conversation.sid)).paused is None
