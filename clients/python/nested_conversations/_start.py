"""Starts a conversation, or attaches to an existing run. The lock is the workflow id, which is unique in Temporal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from ._ask import is_about_search_attributes
from ._described_run import DescribedRun, RunState
from ._names import canonical_sid, workflow_id_of
from ._runs import RunIds, describe_run, find_run
from ._start_request import StartRequest, request_id_after, start_run, was_begun_by
from ._started_input import (
    StartedInput,
    UnreadableInputError,
    delivery_difference,
    read_started_input,
    started_input_of,
)
from .errors import ConversationTakenError, MessageNotSentDetails, MessageNotSentError, StartNotComparableError
from .payload_store import PayloadStore, fit_input, has_large_replay

T = TypeVar("T")


class Ask(Protocol):
    """Makes a call to Temporal, and repeats it if the caller wants that."""

    async def __call__(self, call: Callable[[], Awaitable[T]]) -> T: ...


@dataclass(frozen=True)
class StartedConversation:
    """A run that was started, or that already existed."""

    sid: str
    """The id in its canonical spelling."""
    workflow_id: str
    run_id: str
    attached: bool
    """Whether the run already existed."""
    attached_to: RunState | None = None
    """The existing run's state, `running` or how it had ended. `None` if this call started the run."""


@dataclass
class SearchAttributes:
    """Whether the namespace has the search attributes. Assumed until Temporal reports that it lacks them."""

    are_there: bool
    note_missing: Callable[[], None]


@dataclass(frozen=True)
class Starting:
    """The settings of a start, apart from its input."""

    client: Client
    task_queue: str
    payload_store: PayloadStore | None
    resume: bool
    resume_after: str | None
    """The id of the run to resume after; `None` for the newest run."""
    call_id: str | None
    """The same when the caller repeats its call; `None` for one of this call."""
    search_attributes: SearchAttributes
    ask: Ask


async def start_or_attach(starting: Starting, wire: dict[str, Any]) -> StartedConversation:
    """Starts the conversation, or attaches to the existing run.

    Raises:
        ConversationTakenError, MessageNotSentError, StartNotComparableError: If the existing run has another input.
    """
    client, ask = starting.client, starting.ask
    mine = started_input_of(wire)
    sid = canonical_sid(wire["sid"], mine.server)

    async def newest_run() -> DescribedRun | None:
        return await ask(lambda: find_run(client, sid))

    async def look(noted: str | None) -> StartedConversation | None:
        run = await newest_run()
        return await _attach_to(starting, sid, mine, run, noted) if run else None

    # A resume follows this run and no other.
    newest = await newest_run() if starting.resume else None
    noted = (starting.resume_after or newest.run_id) if newest else None
    if newest:
        run = RunIds(sid, newest.workflow_id, newest.run_id)
        was_repeated = starting.call_id is not None and await ask(lambda: was_begun_by(client, run, starting.call_id))
        followed = noted if newest.close_time and not was_repeated else None
        there = await _attach_to(starting, sid, mine, newest, followed)
        if there:
            return there
    elif has_large_replay(wire):
        # A large replay takes seconds to send, so it is sent only if a run has to be started.
        there = await look(None)
        if there:
            return there
    # The same id for each attempt: if an answer was lost, Temporal gives the next attempt the same answer.
    call_id = starting.call_id or str(uuid4())
    request = StartRequest(
        wire=await fit_input(wire, client.data_converter, starting.payload_store),
        sid=sid,
        user_id=mine.user_id,
        api_url=mine.api_url,
        server=mine.server,
        task_queue=starting.task_queue,
        with_search_attributes=starting.search_attributes.are_there,
        # If there was no run to follow, a run that began in the meantime must not be followed.
        reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE if noted else WorkflowIDReusePolicy.REJECT_DUPLICATE,
        request_id=request_id_after(noted) if noted else call_id,
        call_id=call_id,
    )
    attempts = 0

    async def attempt() -> str | None:
        nonlocal attempts
        attempts += 1
        if noted and attempts > 1:
            # A run that began after the first attempt must not be followed.
            run = await find_run(client, sid)
            if run is None or run.run_id != noted:
                return None
        return await start_run(client, request)

    while True:
        try:
            run_id = await ask(attempt)
            if run_id is not None:
                begun = RunIds(sid, workflow_id_of(sid), run_id)
                if not noted or await ask(lambda: was_begun_by(client, begun, call_id)):  # noqa: B023
                    if starting.call_id is not None:
                        await _check_same(starting, mine, begun)
                    return StartedConversation(sid, begun.workflow_id, run_id, attached=False)
        except RPCError as error:
            if is_about_search_attributes(error) and request.with_search_attributes:
                starting.search_attributes.note_missing()
                request = replace(request, with_search_attributes=False)
                continue
            if error.status != RPCStatusCode.ALREADY_EXISTS:
                raise
        there = await look(noted)
        if there:
            return there
        if not noted:
            request = replace(request, reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY)


async def _check_same(starting: Starting, mine: StartedInput, begun: RunIds) -> None:
    """Temporal compares only the id of a call. A caller may have used it for another start before."""
    run = await starting.ask(lambda: describe_run(starting.client, begun.sid, begun.run_id))
    await _attach_to(replace(starting, resume=True), begun.sid, mine, run, None)


async def _attach_to(
    starting: Starting, sid: str, mine: StartedInput, run: DescribedRun, followed: str | None
) -> StartedConversation | None:
    """Checks whether the caller may attach to the existing run. `None` if a new run may start.

    Args:
        starting: The settings of the start.
        sid: The conversation.
        mine: The caller's input, as far as it is compared.
        run: The existing run.
        followed: The run that a new run may follow, whatever its input was.
    """
    there = RunIds(sid, run.workflow_id, run.run_id)
    state = run.state
    try:
        theirs = await starting.ask(lambda: read_started_input(starting.client, there))
    except UnreadableInputError as error:
        raise StartNotComparableError(str(error), **there.origin) from error
    ended_without = not starting.resume and state not in ("running", "ready")
    is_followed = run.run_id == followed or ended_without
    if not isinstance(theirs.user_id, str):
        # The worker rejects such a run with InvalidInput: it sends nothing, and it belongs to nobody.
        if is_followed:
            return None
        raise StartNotComparableError("its input names no user", **there.origin)
    if theirs.user_id != mine.user_id:
        raise ConversationTakenError("user", sid=sid)
    if is_followed:
        return None
    if (theirs.api_url, theirs.server) != (mine.api_url, mine.server):
        raise ConversationTakenError("server", sid=sid)
    differs = delivery_difference(theirs, mine)
    if differs == "unknown":
        raise StartNotComparableError("its replay is in the payload store, without a digest", **there.origin)
    if differs:
        raise MessageNotSentError(MessageNotSentDetails(differs, state), **there.origin)
    return StartedConversation(sid, run.workflow_id, run.run_id, attached=True, attached_to=state)
