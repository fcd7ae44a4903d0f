"""Starts conversations in OpenHands servers through durable Temporal workflows, and confirms that they are ready.

conversations = NestedConversations(await Client.connect("localhost:7233"))
ready = await conversations.ensure_ready(
    ConversationInput(
        api_url="http://localhost:3000",
        sid="conv123",
        user_id="ada",
        initial_user_msg=InitialUserMessage(content="Fix the build"),
    )
)
"""

from ._contract import (
    ConversationFailedDetails,
    ConversationInput,
    ConversationNotReadyDetails,
    ConversationRejectedDetails,
    ConversationSettings,
    Duration,
    InitialUserMessage,
    InputProblem,
    InvalidInputDetails,
    NestedClientSettings,
    NestedServerUnavailableDetails,
    PreparationSettings,
    ReadinessSettings,
    UnauthorizedDetails,
)
from ._conversations import CancelledConversation, EnsuredConversation, NestedConversations, ReadyConversation
from ._described_run import RunState
from ._list import ListedConversation
from ._start import StartedConversation
from .errors import (
    ConversationAbortedError,
    ConversationError,
    ConversationFailedError,
    ConversationNotFoundError,
    ConversationNotReadyError,
    ConversationRejectedError,
    ConversationTakenError,
    InvalidInputError,
    MessageNotSentDetails,
    MessageNotSentError,
    NestedConversationError,
    NestedServerUnavailableError,
    SearchAttributesMissingError,
    StartNotComparableError,
    UnauthorizedError,
    UnknownFailureError,
    WaitTimeoutError,
)
from .payload_store import FolderStore, PayloadStore
from .status import ConversationStatus, OverdueStep, Paused, Retrying, RunPhase

__all__ = [
    "CancelledConversation",
    "ConversationAbortedError",
    "ConversationError",
    "ConversationFailedDetails",
    "ConversationFailedError",
    "ConversationInput",
    "ConversationNotFoundError",
    "ConversationNotReadyDetails",
    "ConversationNotReadyError",
    "ConversationRejectedDetails",
    "ConversationRejectedError",
    "ConversationSettings",
    "ConversationStatus",
    "ConversationTakenError",
    "Duration",
    "EnsuredConversation",
    "FolderStore",
    "InitialUserMessage",
    "InputProblem",
    "InvalidInputDetails",
    "InvalidInputError",
    "ListedConversation",
    "MessageNotSentDetails",
    "MessageNotSentError",
    "NestedClientSettings",
    "NestedConversationError",
    "NestedConversations",
    "NestedServerUnavailableDetails",
    "NestedServerUnavailableError",
    "OverdueStep",
    "Paused",
    "PayloadStore",
    "PreparationSettings",
    "ReadinessSettings",
    "ReadyConversation",
    "Retrying",
    "RunPhase",
    "RunState",
    "SearchAttributesMissingError",
    "StartNotComparableError",
    "StartedConversation",
    "UnauthorizedDetails",
    "UnauthorizedError",
    "UnknownFailureError",
    "WaitTimeoutError",
]
