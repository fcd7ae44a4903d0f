"""How a start can end otherwise: a class for each way, and one for all of them."""

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
    from .status import ConversationStatus, RunState

Details = TypeVar("Details")


class NestedConversationError(Exception):
    """The base class of every error that this package raises on purpose. `__cause__` is what led to it."""

    def __init__(
        self, message: str, *, sid: str | None = None, workflow_id: str | None = None, run_id: str | None = None
    ) -> None:
        super().__init__(message)
        #: One sentence that a person can act on, without secrets.
        self.message = message
        #: The conversation; `None` where the error is about none.
        self.sid = sid
        self.workflow_id = workflow_id
        #: The run of the workflow; `None` where there is none.
        self.run_id = run_id


class ConversationError(NestedConversationError, Generic[Details]):
    """A start that failed: what the run's failure said, or, for an input, what this client found first."""

    #: The failure's type in Temporal.
    type: ClassVar[str]

    def __init__(self, message: str, details: Details, **origin: str | None) -> None:
        super().__init__(message, **origin)
        #: What a program may act on.
        self.details = details


class InvalidInputError(ConversationError[InvalidInputDetails]):
    """The input breaks the contract: nothing was sent. Correct the fields of `details.problems`."""

    type = "InvalidInput"

    @classmethod
    def of(cls, *problems: InputProblem, sid: str | None = None) -> InvalidInputError:
        """The error that names these problems."""
        message = "; ".join(f"{it.field or 'the input'} {it.problem}" for it in problems)
        return cls(message, InvalidInputDetails(problems=problems), sid=sid)


class ConversationRejectedError(ConversationError[ConversationRejectedDetails]):
    """The nested server said no. Change what the message and `details.msg_id` say, then start again."""

    type = "ConversationRejected"


class UnauthorizedError(ConversationError[UnauthorizedDetails]):
    """The nested server refused the session API key. Pass a valid one."""

    type = "Unauthorized"


class NestedServerUnavailableError(ConversationError[NestedServerUnavailableDetails]):
    """The nested server could not be reached for as long as was tried. Start again: no message is sent twice."""

    type = "NestedServerUnavailable"


class ConversationNotReadyError(ConversationError[ConversationNotReadyDetails]):
    """The readiness checks ran out; `details.last_observation` says what the last one saw."""

    type = "ConversationNotReady"


class ConversationFailedError(ConversationError[ConversationFailedDetails]):
    """The conversation can't become ready any more, for `details.reason`."""

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
    """The error of a run's failure, by its type."""
    if failure_type not in _ERRORS:
        return UnknownFailureError(message, failure_type, **origin)
    error, details_class = _ERRORS[failure_type]
    return error(message, from_wire(details_class, details), **origin)


class UnknownFailureError(NestedConversationError):
    """The run failed with a type that is not in the contract: a defect of the worker, or a newer version of it."""

    def __init__(self, message: str, failure_type: str | None, **origin: str | None) -> None:
        super().__init__(message, **origin)
        self.type = failure_type


class ConversationAbortedError(NestedConversationError):
    """The run was cancelled, terminated or timed out (`how`): it has no outcome."""

    def __init__(self, how: Literal["cancelled", "terminated", "timed out"], *, sid: str, **origin: str | None) -> None:
        super().__init__(f"The start of {sid} was {how}", sid=sid, **origin)
        self.how = how


class ConversationTakenError(NestedConversationError):
    """The id belongs to a start of another user, or on another server (`differs`). Use another sid."""

    def __init__(self, differs: Literal["user", "server"], *, sid: str) -> None:
        whose = "for another user" if differs == "user" else "on another server"
        super().__init__(f"Conversation {sid} was started {whose}: use another sid", sid=sid)
        self.differs = differs


@dataclass(frozen=True)
class MessageNotSentDetails:
    """What `MessageNotSentError` tells a program."""

    differs: Literal["message", "images", "replay"]
    """What differs between the caller's input and that of the run that is there."""
    run: RunState
    """The state of the run that is there: `running`, or how it ended, such as `ready`."""


class MessageNotSentError(NestedConversationError):
    """The conversation was started with another message or replay: the caller's was **not** sent.

    Where that run has ended, start with `resume=True` to continue it with the message; where it runs, wait first.
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
    """The input of the run that is there can't be read, so that nobody can tell whether it is the same.

    Nothing was sent. Use the encryption keys that it was started with, or another sid.
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
    """The caller's time limit ended before the start did. The start goes on: wait again, or cancel it."""

    def __init__(self, seconds: float, status: ConversationStatus | None, *, sid: str) -> None:
        state = "its start continues" if status else "Temporal did not answer, so it may not have been started"
        origin = {"workflow_id": status.workflow_id, "run_id": status.run_id} if status else {}
        super().__init__(f"{sid} was not ready within {seconds:g} s: {state}", sid=sid, **origin)
        #: What was last seen; `None` where Temporal never answered.
        self.status = status


class SearchAttributesMissingError(NestedConversationError):
    """The namespace lacks the search attributes, which `list` needs to filter by user."""

    def __init__(self, namespace: str) -> None:
        fix = "register them with npx nested-conversation setup"
        super().__init__(f"Namespace '{namespace}' lacks our search attributes: {fix}")
        self.namespace = namespace
