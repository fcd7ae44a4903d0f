"""The names that workers and clients share in Temporal."""

from __future__ import annotations

import re

WORKFLOW_TYPE = "createNestedConversation"
DEFAULT_TASK_QUEUE = "nested-conversations"

#: Keyword search attributes of a run, if the namespace has them. They are not encrypted, so they hold no secrets.
CONVERSATION_ID_ATTRIBUTE = "ConversationId"
USER_ID_ATTRIBUTE = "UserId"

_PREFIX = "conversation-"
_UUID = re.compile(r"([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})", re.ASCII)


def workflow_id_of(sid: str) -> str:
    """The workflow id of a conversation. Temporal runs one workflow per id at a time, so the id is the lock."""
    return _PREFIX + sid


def sid_of(workflow_id: str) -> str:
    """The conversation of a workflow id, or the id itself if another client chose another form."""
    return workflow_id.removeprefix(_PREFIX)


def canonical_sid(sid: str, server: str) -> str:
    """The canonical spelling of a conversation id. An agent-server accepts a UUID in several spellings."""
    return (server == "agent-server" and canonical_uuid(sid)) or sid


def canonical_uuid(text: str) -> str | None:
    """In lower case with dashes; `None` if the text is not a UUID."""
    bare = text.lower().removeprefix("urn:uuid:")
    if bare.startswith("{") and bare.endswith("}"):
        bare = bare[1:-1]
    match = _UUID.fullmatch(bare)
    return "-".join(match.groups()) if match else None
