"""The drop-in class of examples/python, called like a manager of OpenHands calls it."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import pytest
from stand_in import Script

from nested_conversations import MessageNotSentError, NestedConversations

sys.path.append(str(Path(__file__).parents[3] / "examples" / "python"))
from manager import DurableStart


class Provider(Enum):
    GITHUB = "github"


class Manager(DurableStart):
    """A real manager inherits from its own class as well."""


async def test_the_two_manager_methods_start_a_conversation(conversations: NestedConversations, script: Script) -> None:
    manager = Manager()
    manager.conversations = conversations
    http_client = SimpleNamespace(headers={"X-Session-API-Key": "key"})
    settings = SimpleNamespace(
        mcp_config=SimpleNamespace(model_dump=lambda: {"sse_servers": []}),
        selected_repository="octo/cat",
        selected_branch=None,
        git_provider=Provider.GITHUB,
        conversation_instructions=None,
    )
    message = SimpleNamespace(content="Fix the build", image_urls=["http://h/a.png"])
    for _ in range(2):
        await manager.create_nested_conversation(
            http_client, "http://runtime:80", "managed", "ada", settings, message, None
        )
        await manager.wait_for_conversation_ready(http_client, "http://runtime:80", "managed")
    assert script.inputs["managed"] == [
        {
            "apiUrl": "http://runtime:80",
            "sid": "managed",
            "userId": "ada",
            "settings": {"mcpConfig": {"sse_servers": []}, "repository": "octo/cat", "gitProvider": "github"},
            "initialUserMsg": {"content": "Fix the build", "imageUrls": ["http://h/a.png"]},
            "client": {"sessionApiKey": "key"},
        }
    ]
    with pytest.raises(MessageNotSentError):
        await manager.create_nested_conversation(http_client, "http://runtime:80", "managed", "ada", None, None, None)
