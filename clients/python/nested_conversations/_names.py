"""The Temporal names that all sides agree on."""

from __future__ import annotations

import re

WORKFLOW_TYPE = "createNestedConversation"
DEFAULT_TASK_QUEUE = "nested-conversations"

#: Search attributes of a run, keywords, where the namespace has them. Temporal can't encrypt them: nothing secret.
CONVERSATION_ID_ATTRIBUTE = "ConversationId"
USER_ID_ATTRIBUTE = "UserId"

_PREFIX = "conversation-"
_UUID = re.compile(r"([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})", re.ASCII)


def workflow_id_of(sid: str) -> str:
    """The workflow id of a conversation. Temporal runs at most one workflow of an id at a time: that is the lock."""
    return _PREFIX + sid


def sid_of(workflow_id: str) -> str:
    """The conversation of a workflow id; the id itself, where another client chose one of another form."""
    return workflow_id.removeprefix(_PREFIX)


def canonical_sid(sid: str, server: str) -> str:
    """The one spelling of a conversation id: agent-server takes a UUID in many, for the same conversation."""
    return (server == "agent-server" and canonical_uuid(sid)) or sid


def canonical_uuid(text: str) -> str | None:
    """Lower case with dashes; `None` where the text is no UUID in any spelling."""
    bare = text.lower().removeprefix("urn:uuid:")
    if bare.startswith("{") and bare.endswith("}"):
        bare = bare[1:-1]
    match = _UUID.fullmatch(bare)
    return "-".join(match.groups()) if match else None
