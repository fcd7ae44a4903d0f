"""The errors of this package: one class for each kind, and a common base class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from ._contract import (
    ConversationFailedDetails,
    ConversationNotReadyDetails,
    ConversationRejectedDetails,
    InputProblem,
    InvalidInputDetails,
    NestedServerUnavailableDetails,
    UnauthorizedDetails,
)
from ._wire import from_wire

if TYPE_CHECKING:
    from ._described_run import RunState
    from .status import ConversationStatus

Details = TypeVar("Details")


class NestedConversationError(Exception):
    """The base class of all errors of this package. `__cause__` is the original error."""

    def __init__(
        self, message: str, *, sid: str | None = None, workflow_id: str | None = None, run_id: str | None = None
    ) -> None:
        super().__init__(message)
        #: One sentence that says what to do. It contains no secrets.
        self.message = message
        #: The conversation; `None` if the error is not about one.
        self.sid = sid
        self.workflow_id = workflow_id
        #: The workflow run, or `None` if the conversation has none.
        self.run_id = run_id


class ConversationError(NestedConversationError, Generic[Details]):
    """A conversation start failed. Made from the failure of the run, or raised by this client's check of the input."""

    #: The failure's type in Temporal.
    type: ClassVar[str]

    def __init__(self, message: str, details: Details, **origin: str | None) -> None:
        super().__init__(message, **origin)
        #: For programs: the details of the failure.
        self.details = details


class InvalidInputError(ConversationError[InvalidInputDetails]):
    """The input is invalid, and nothing was sent. Correct the fields in `details.problems`."""

    type = "InvalidInput"

    @classmethod
    def of(cls, *problems: InputProblem, sid: str | None = None) -> InvalidInputError:
        """The error that names these problems."""
        message = "; ".join(f"{it.field or 'the input'} {it.problem}" for it in problems)
        return cls(message, InvalidInputDetails(problems=problems), sid=sid)


class ConversationRejectedError(ConversationError[ConversationRejectedDetails]):
    """The nested server rejected the conversation. Fix what the message and `details.msg_id` say, then start again."""

    type = "ConversationRejected"


class UnauthorizedError(ConversationError[UnauthorizedDetails]):
    """The nested server refused the session API key. Pass a valid one."""

    type = "Unauthorized"


class NestedServerUnavailableError(ConversationError[NestedServerUnavailableDetails]):
    """The nested server could not be reached in any attempt. It is safe to start again: no message is sent twice."""

    type = "NestedServerUnavailable"


class ConversationNotReadyError(ConversationError[ConversationNotReadyDetails]):
    """The readiness checks ran out; `details.last_observation` says what the last one saw."""

    type = "ConversationNotReady"


class ConversationFailedError(ConversationError[ConversationFailedDetails]):
    """The conversation can no longer become ready. The reason is `details.reason`."""

    type = "ConversationFailed"


_ERRORS: dict[str, tuple[type[ConversationError[Any]], type[Any]]] = {
    error.type: (error, details)
    for error, details in (
        (InvalidInputError, InvalidInputDetails),
        (ConversationRejectedError, ConversationRejectedDetails),
        (UnauthorizedError, UnauthorizedDetails),
        (NestedServerUnavailableError, NestedServerUnavailableDetails),
        (ConversationNotReadyError, ConversationNotReadyDetails),
        (ConversationFailedError, ConversationFailedDetails),
    )
}


def error_of(failure_type: str | None, message: str, details: object, **origin: str | None) -> NestedConversationError:
    """The error for a run's failure of this type."""
    if failure_type not in _ERRORS:
        return UnknownFailureError(message, failure_type, **origin)
    error, details_class = _ERRORS[failure_type]
    return error(message, from_wire(details_class, details), **origin)


class UnknownFailureError(NestedConversationError):
    """The run failed with an unknown type: the worker has a defect or is newer than this package."""

    def __init__(self, message: str, failure_type: str | None, **origin: str | None) -> None:
        super().__init__(message, **origin)
        self.type = failure_type


class ConversationAbortedError(NestedConversationError):
    """The run was cancelled, terminated or timed out (`how`)."""

    def __init__(self, how: Literal["cancelled", "terminated", "timed out"], *, sid: str, **origin: str | None) -> None:
        super().__init__(f"The start of {sid} was {how}", sid=sid, **origin)
        self.how = how


class ConversationTakenError(NestedConversationError):
    """The conversation belongs to another user or is on another server (`differs`). Use another sid.

    `differs` is `workflow` if the workflow id is that of a workflow of another type.
    """

    def __init__(self, differs: Literal["user", "server", "workflow"], *, sid: str) -> None:
        what = {
            "user": "was started for another user",
            "server": "was started on another server",
            "workflow": "has the workflow id of a workflow of another type",
        }[differs]
        super().__init__(f"Conversation {sid} {what}: use another sid", sid=sid)
        self.differs = differs


@dataclass(frozen=True)
class MessageNotSentDetails:
    """The details of a `MessageNotSentError`."""

    differs: Literal["message", "images", "replay"]
    """The part of the caller's input that differs from the existing run's."""
    run: RunState
    """The state of the existing run: `running`, or how it ended, such as `ready`."""


class MessageNotSentError(NestedConversationError):
    """The conversation was started with another message or replay: the caller's was **not** sent.

    If that run has ended, start with `resume=True` to continue the conversation. If it is running, wait first.
    """

    def __init__(self, details: MessageNotSentDetails, *, sid: str, **origin: str | None) -> None:
        what, other = {
            "message": ("message was", "another one"),
            "images": ("images were", "others"),
            "replay": ("replay was", "another one"),
        }[details.differs]
        there = (
            f"it is being started with {other}: wait for that, then start with resume"
            if details.run == "running"
            else f"it was started with {other} ({details.run}): start with resume to continue it"
        )
        super().__init__(f"The {what} not sent to {sid}: {there}", sid=sid, **origin)
        self.details = details


class StartNotComparableError(NestedConversationError):
    """The existing run's input can't be read, so it can't be compared with the caller's input.

    Nothing was sent. Use the encryption keys of that run, or another sid.
    """

    def __init__(self, reason: str, *, sid: str, **origin: str | None) -> None:
        super().__init__(f"Can't tell whether {sid} was started with the same message: {reason}", sid=sid, **origin)
        self.reason = reason


class ConversationNotFoundError(NestedConversationError):
    """There is no run of this conversation. Check the sid, the namespace and its retention."""

    def __init__(self, *, sid: str, **origin: str | None) -> None:
        check = "check the sid, the namespace and its retention"
        super().__init__(f"Temporal has no start of conversation {sid}: {check}", sid=sid, **origin)


class WaitTimeoutError(NestedConversationError, TimeoutError):
    """The timeout passed before the start ended. The start continues: wait again, or cancel it."""

    def __init__(self, seconds: float, status: ConversationStatus | None, *, sid: str) -> None:
        state = "its start continues" if status else "Temporal did not answer, so it may not have been started"
        origin = {"workflow_id": status.workflow_id, "run_id": status.run_id} if status else {}
        super().__init__(f"{sid} was not ready within {seconds:g} s: {state}", sid=sid, **origin)
        #: The last status; `None` if Temporal never answered.
        self.status = status


class SearchAttributesMissingError(NestedConversationError):
    """The namespace lacks the search attributes that `list` needs for its filters."""

    def __init__(self, namespace: str) -> None:
        fix = "register them with npx nested-conversation setup"
        super().__init__(f"Namespace '{namespace}' lacks our search attributes: {fix}")
        self.namespace = namespace
