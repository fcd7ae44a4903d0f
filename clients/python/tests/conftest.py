"""A Temporal dev server and a worker that does what each test tells it to do."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from stand_in import Script, run_worker
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment

from nested_conversations import ConversationInput, InitialUserMessage, NestedConversations

exit_status = 0


def pytest_sessionfinish(exitstatus: int) -> None:
    global exit_status
    exit_status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Exits at once, as a thread of Temporal's client can crash an exiting interpreter (temporalio/sdk-python#300)."""
    sys.stdout.flush()
    os._exit(exit_status)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client() -> AsyncIterator[Client]:
    """A client of a real server. The SDK downloads the server unless TEMPORAL_CLI says where it is."""
    server = await WorkflowEnvironment.start_local(dev_server_existing_path=os.environ.get("TEMPORAL_CLI"))
    async with server:
        yield server.client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def script(client: Client) -> AsyncIterator[Script]:
    async with run_worker(client) as script:
        yield script


@pytest.fixture
def conversations(client: Client, script: Script) -> NestedConversations:
    return NestedConversations(client, on_hint=lambda _: None)


@pytest.fixture
def unattended(client: Client) -> NestedConversations:
    """Its starts wait for a worker, so they run until they are terminated."""
    return NestedConversations(client, task_queue="without-a-worker", on_hint=lambda _: None)


@pytest.fixture
def conversation() -> ConversationInput:
    return ConversationInput(
        api_url="http://runtime.example:8080",
        sid=f"conv-{uuid.uuid4()}",
        user_id="ada",
        initial_user_msg=InitialUserMessage(content="Fix the build"),
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def with_search_attributes(script: Script) -> AsyncIterator[NestedConversations]:
    """On its own server, which has the search attributes."""
    attributes = [SearchAttributeKey.for_keyword("ConversationId"), SearchAttributeKey.for_keyword("UserId")]
    server = await WorkflowEnvironment.start_local(
        dev_server_existing_path=os.environ.get("TEMPORAL_CLI"), search_attributes=attributes
    )
    async with server, run_worker(server.client, script=script):
        yield NestedConversations(server.client)
