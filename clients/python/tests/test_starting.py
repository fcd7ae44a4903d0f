"""Starting, attaching and resuming: who may use an existing run."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from stand_in import Gate, Script, failing
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.common import SearchAttributeKey

from nested_conversations import (
    ConversationFailedError,
    ConversationInput,
    ConversationRejectedError,
    ConversationTakenError,
    FolderStore,
    InitialUserMessage,
    InvalidInputError,
    MessageNotSentDetails,
    MessageNotSentError,
    NestedConversations,
    ReadinessSettings,
    StartNotComparableError,
)
from nested_conversations._check_input import checked
from nested_conversations._runs import read_started_event


def with_message(conversation: ConversationInput, content: str) -> ConversationInput:
    return dataclasses.replace(conversation, initial_user_msg=InitialUserMessage(content=content))


async def start_raw(client: Client, wire: Any, sid: str, task_queue: str = "without-a-worker") -> str:
    """Starts the workflow like another client: without a memo, with input of any shape."""
    handle = await client.start_workflow(
        "createNestedConversation", wire, id=f"conversation-{sid}", task_queue=task_queue
    )
    return handle.result_run_id or ""


async def test_a_start_becomes_ready_and_sends_the_wire_format(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    timed = dataclasses.replace(conversation, readiness=ReadinessSettings(interval=timedelta(seconds=3)))
    ready = await conversations.ensure_ready(timed)
    assert (ready.conversation_id, ready.status, ready.attempts, ready.attached) == (
        conversation.sid,
        "RUNNING",
        1,
        False,
    )
    assert script.inputs[conversation.sid] == [
        {
            "apiUrl": "http://runtime.example:8080",
            "sid": conversation.sid,
            "userId": "ada",
            "initialUserMsg": {"content": "Fix the build"},
            "readiness": {"interval": "3000 ms"},
        }
    ]


async def test_a_start_has_the_workflow_id_memo_and_summary_to_find_it_by(
    client: Client, unattended: NestedConversations, conversation: ConversationInput
) -> None:
    started = await unattended.start(conversation)
    description = await client.get_workflow_handle(started.workflow_id).describe()
    assert started.workflow_id == f"conversation-{conversation.sid}"
    assert await description.memo() == {"userId": "ada", "apiUrl": conversation.api_url, "server": "openhands"}
    assert await description.static_summary() == "openhands at http://runtime.example:8080, for ada"


async def test_search_attributes_are_set_if_the_namespace_has_them(
    with_search_attributes: NestedConversations, conversation: ConversationInput
) -> None:
    started = await with_search_attributes.start(conversation)
    client = with_search_attributes._client
    attributes = (await client.get_workflow_handle(started.workflow_id).describe()).typed_search_attributes
    assert attributes[SearchAttributeKey.for_keyword("ConversationId")] == conversation.sid
    assert attributes[SearchAttributeKey.for_keyword("UserId")] == "ada"


async def test_a_second_identical_start_attaches(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    gate = script.creating[conversation.sid] = Gate()
    started = await conversations.start(conversation)
    await gate.reached.wait()
    spelled = {
        "apiUrl": "HTTP://Runtime.Example:8080//",
        "sid": conversation.sid,
        "userId": "ada",
        "server": "openhands",
        "initialUserMsg": {"imageUrls": [], "content": "Fix the build"},
    }
    attached = await conversations.start(spelled)
    assert (attached.attached, attached.attached_to, attached.run_id) == (True, "running", started.run_id)
    gate.open()
    ready = await conversations.ensure_ready(conversation)
    assert (ready.attached, ready.run_id) == (True, started.run_id)
    assert len(script.inputs[conversation.sid]) == 1


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"initial_user_msg": InitialUserMessage(content="Fix the tests")}, "message"),
        ({"initial_user_msg": None}, "message"),
        ({"initial_user_msg": InitialUserMessage(content="Fix the build", image_urls=["http://h/a.png"])}, "images"),
        ({"initial_user_msg": None, "replay_json": '[{"source":"user"}]'}, "message"),
    ],
)
async def test_another_message_is_rejected(
    unattended: NestedConversations, conversation: ConversationInput, change: dict[str, Any], differs: str
) -> None:
    started = await unattended.start(conversation)
    with pytest.raises(MessageNotSentError, match="it is being started with") as caught:
        await unattended.ensure_ready(dataclasses.replace(conversation, **change))
    assert caught.value.details == MessageNotSentDetails(differs, "running")  # type: ignore[arg-type]
    assert (caught.value.sid, caught.value.run_id) == (conversation.sid, started.run_id)


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"user_id": "bob"}, "user"),
        ({"api_url": "http://elsewhere:8080"}, "server"),
    ],
)
async def test_another_user_or_server_is_rejected(
    unattended: NestedConversations, conversation: ConversationInput, change: dict[str, Any], differs: str
) -> None:
    await unattended.start(conversation)
    with pytest.raises(ConversationTakenError, match="use another sid") as caught:
        await unattended.start(dataclasses.replace(conversation, **change))
    assert caught.value.differs == differs
    assert caught.value.run_id is None


async def test_a_run_of_another_client_is_compared_by_its_input(
    client: Client, unattended: NestedConversations, conversation: ConversationInput
) -> None:
    run_id = await start_raw(client, checked(conversation), conversation.sid)
    assert (await unattended.start(conversation)).run_id == run_id
    with pytest.raises(ConversationTakenError):
        await unattended.start(dataclasses.replace(conversation, user_id="bob"))


async def test_a_workflow_of_another_type_is_not_taken_for_a_start(
    client: Client, conversations: NestedConversations, conversation: ConversationInput
) -> None:
    handle = await client.start_workflow(
        "openWorkspace", {"apiUrl": "a"}, id=f"conversation-{conversation.sid}", task_queue="without-a-worker"
    )
    for call in (
        conversations.start(conversation),
        conversations.ensure_ready(conversation),
        conversations.wait(conversation.sid),
        conversations.status(conversation.sid),
        conversations.cancel(conversation.sid),
    ):
        with pytest.raises(ConversationTakenError) as caught:
            await call
        assert caught.value.differs == "workflow"
    await handle.terminate()


async def test_a_repeated_call_does_not_start_a_failed_run_again(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    script.creating[conversation.sid] = failing("ConversationFailed", "no credits")
    for _ in range(2):
        with pytest.raises(ConversationFailedError):
            await conversations.ensure_ready(conversation, call_id="mine")
    assert len(script.inputs[conversation.sid]) == 1


async def test_a_repeated_call_with_another_message_is_refused(
    conversations: NestedConversations, conversation: ConversationInput
) -> None:
    await conversations.ensure_ready(conversation, call_id="mine")
    other = with_message(conversation, "And the tests")
    with pytest.raises(MessageNotSentError):
        await conversations.ensure_ready(other, call_id="mine")


async def test_a_repeated_resume_starts_one_run(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    await conversations.ensure_ready(conversation)
    other = with_message(conversation, "And the tests")
    runs = [(await conversations.ensure_ready(other, resume=True, call_id="mine")).run_id for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(script.inputs[conversation.sid]) == 2


@pytest.mark.parametrize("wire", ["no object", {"sid": "x"}, None])
async def test_a_run_with_an_unreadable_input_is_not_comparable(
    client: Client, unattended: NestedConversations, conversation: ConversationInput, wire: Any
) -> None:
    await start_raw(client, wire, conversation.sid)
    with pytest.raises(StartNotComparableError, match="Can't tell whether"):
        await unattended.start(conversation)


async def test_all_spellings_of_a_uuid_are_one_conversation(
    unattended: NestedConversations, conversation: ConversationInput
) -> None:
    canonical = conversation.sid.removeprefix("conv-")
    of_agent = dataclasses.replace(conversation, server="agent-server", sid=canonical.upper().replace("-", ""))
    started = await unattended.start(of_agent)
    assert (started.sid, started.workflow_id) == (canonical, f"conversation-{canonical}")
    assert (await unattended.start(dataclasses.replace(of_agent, sid=f"urn:uuid:{canonical}"))).attached
    assert (await unattended.status(canonical.upper())).run_id == started.run_id


async def test_a_failed_start_can_be_started_again(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    script.creating[conversation.sid] = failing("ConversationRejected", "no", {"status": 400})
    with pytest.raises(ConversationRejectedError):
        await conversations.ensure_ready(conversation)
    del script.creating[conversation.sid]
    assert not (await conversations.ensure_ready(with_message(conversation, "And the tests"))).attached


async def test_a_completed_start_is_resumed_once(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    first = await conversations.ensure_ready(conversation)
    assert (await conversations.ensure_ready(conversation)).attached_to == "ready"
    other = with_message(conversation, "And the tests")
    with pytest.raises(MessageNotSentError, match="start with resume to continue it") as caught:
        await conversations.ensure_ready(other)
    assert caught.value.details.run == "ready"
    resumed = await asyncio.gather(*(conversations.ensure_ready(other, resume=True) for _ in range(5)))
    assert len({it.run_id for it in resumed}) == 1
    assert [it.attached for it in resumed].count(False) == 1
    # Like a caller that crashed and calls again.
    again = await conversations.ensure_ready(other, resume_after=first.run_id)
    assert (again.attached, again.run_id) == (True, resumed[0].run_id)
    assert [it["initialUserMsg"]["content"] for it in script.inputs[conversation.sid]] == [
        "Fix the build",
        "And the tests",
    ]


async def test_many_callers_at_once_share_a_start(
    conversations: NestedConversations, conversation: ConversationInput, script: Script
) -> None:
    ready = await asyncio.gather(*(conversations.ensure_ready(conversation) for _ in range(20)))
    assert [it.attached for it in ready].count(False) == 1
    assert len(script.inputs[conversation.sid]) == 1


async def test_missing_search_attributes_are_reported_once(client: Client, conversation: ConversationInput) -> None:
    hints: list[str] = []
    conversations = NestedConversations(client, task_queue="without-a-worker", on_hint=hints.append)
    starts = [dataclasses.replace(conversation, sid=f"{conversation.sid}-{index}") for index in range(3)]
    await asyncio.gather(*map(conversations.start, starts))
    assert len(hints) == 1
    assert "nested-conversation setup" in hints[0]


def replay_of(letter: str) -> str:
    return '[{"source":"user","action":"message","args":{"content":"%s"}}]' % (letter * 3_000_000)


async def test_a_large_replay_is_stored_and_compared_by_its_digest(
    client: Client, conversation: ConversationInput, tmp_path: Path
) -> None:
    conversations = NestedConversations(
        client, task_queue="without-a-worker", payload_store=FolderStore(tmp_path), on_hint=lambda _: None
    )
    large = dataclasses.replace(conversation, initial_user_msg=None, replay_json=replay_of("a"))
    assert not (await conversations.start(large)).attached
    [stored] = tmp_path.iterdir()
    assert stored.stat().st_mode & 0o777 == 0o600
    assert (await conversations.start(large)).attached
    with pytest.raises(MessageNotSentError) as caught:
        await conversations.start(dataclasses.replace(large, replay_json=replay_of("b")))
    assert caught.value.details.differs == "replay"


async def test_an_input_that_is_too_large_is_rejected(
    unattended: NestedConversations, conversation: ConversationInput
) -> None:
    replay = replay_of("é")  # Six characters in JSON.
    with pytest.raises(InvalidInputError, match=r"replayJson has .* drop old events"):
        await unattended.start(dataclasses.replace(conversation, initial_user_msg=None, replay_json=replay))


@contextmanager
def rejected_with(field: str, problem: str) -> Iterator[None]:
    with pytest.raises(InvalidInputError) as caught:
        yield
    assert [(it.field, it.problem) for it in caught.value.details.problems] == [(field, problem)]


async def test_invalid_input_is_rejected_before_anything_is_started(
    unattended: NestedConversations, conversation: ConversationInput
) -> None:
    with rejected_with("sid", "must be a UUID for server 'agent-server'"):
        await unattended.start(dataclasses.replace(conversation, server="agent-server"))


class _Trace(Interceptor):
    """Adds a header like Temporal's TracingInterceptor."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _TraceOutbound(next)


class _TraceOutbound(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        input.headers = {**input.headers, "_tracer-data": Payload(data=b"trace")}
        return await super().start_workflow(input)


async def test_headers_of_the_callers_interceptors_are_sent(client: Client, conversation: ConversationInput) -> None:
    traced = Client(client.service_client, interceptors=[_Trace()])
    started = await NestedConversations(traced, task_queue="without-a-worker", on_hint=lambda _: None).start(
        conversation
    )
    event = await read_started_event(client, started)
    assert event.header.fields["_tracer-data"].data == b"trace"
