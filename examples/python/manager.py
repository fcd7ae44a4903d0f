"""A drop-in for the two methods by which a conversation manager of OpenHands starts a nested conversation.

The original methods post the conversation and ask for its events five times, in a task that a crash loses. These start
a durable workflow and wait for it. Both can be called again, even after a crash, and the message is sent once.
"""

from typing import Any

from nested_conversations import (
    ConversationInput,
    ConversationSettings,
    InitialUserMessage,
    NestedClientSettings,
    NestedConversations,
)


class DurableStart:
    """A mixin. Put it before the manager's own class, and set `conversations`."""

    conversations: NestedConversations

    async def create_nested_conversation(
        self,
        client: Any,
        api_url: str,
        sid: str,
        user_id: str,
        settings: Any,
        initial_user_msg: Any,
        replay_json: str | None,
    ) -> None:
        """Starts the conversation, or attaches to the same start. Uses the client's session API key."""
        message = initial_user_msg and InitialUserMessage(
            content=initial_user_msg.content, image_urls=initial_user_msg.image_urls
        )
        conversation = ConversationInput(
            api_url=api_url,
            sid=sid,
            user_id=user_id,
            settings=settings_of(settings),
            initial_user_msg=message,
            replay_json=replay_json,
            client=NestedClientSettings(session_api_key=getattr(client, "headers", {}).get("X-Session-API-Key")),
        )
        await self.conversations.start(conversation)

    async def wait_for_conversation_ready(self, client: Any, api_url: str, sid: str) -> None:
        """Waits until the conversation is ready. Raises the error of its start if that failed."""
        await self.conversations.wait(sid)


def settings_of(settings: Any) -> ConversationSettings:
    """The conversation's part of OpenHands' ConversationInitData. The server already has the other settings."""
    mcp_config, provider = getattr(settings, "mcp_config", None), getattr(settings, "git_provider", None)
    return ConversationSettings(
        mcp_config=mcp_config and mcp_config.model_dump(),
        repository=getattr(settings, "selected_repository", None),
        selected_branch=getattr(settings, "selected_branch", None),
        git_provider=provider and provider.value,
        conversation_instructions=getattr(settings, "conversation_instructions", None),
    )
