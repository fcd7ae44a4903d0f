"""The client."""

from __future__ import annotations

import asyncio
import dataclasses
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import Client
from temporalio.service import RPCError

from ._ask import NoAnswerError, ask_until_answered, is_not_found, once, within
from ._check_input import AnyInput, checked
from ._client_with import client_with
from ._contract import InputProblem
from ._described_run import RunState
from ._list import ListedConversation, list_conversations
from ._long_polls import DEFAULT_LONG_POLLS
from ._names import DEFAULT_TASK_QUEUE
from ._runs import RunIds, describe_run, run_outcome
from ._start import Ask, SearchAttributes, StartedConversation, Starting, start_or_attach
from ._wait import Progress, Wait, wait_for_end
from ._zlib_codec import SMALLEST_THAT_NEEDS_IT, ZlibCodec
from .errors import InvalidInputError, NestedConversationError, SearchAttributesMissingError, WaitTimeoutError
from .payload_store import PayloadStore
from .status import ConversationStatus, conversation_status

T = TypeVar("T")
OnProgress = Callable[[ConversationStatus], None]


@dataclass(frozen=True, kw_only=True)
class ReadyConversation:
    """A conversation that is ready, and the run that started it."""

    conversation_id: str
    status: str
    """The conversation's last status in the server's own words, e.g. `RUNNING`."""
    attempts: int
    """Readiness checks made, including the first."""
    workflow_id: str
    run_id: str


@dataclass(frozen=True, kw_only=True)
class EnsuredConversation(ReadyConversation):
    """A conversation that is ready, and whether this call started its run."""

    attached: bool
    """Whether the run already existed."""
    attached_to: RunState | None
    """The state of the existing run when the call attached to it; `None` if this call started the run."""


@dataclass(frozen=True, kw_only=True)
class CancelledConversation:
    """The result of `cancel`."""

    sid: str
    workflow_id: str
    run_id: str
    cancel_requested: bool
    """Whether cancellation was requested; `False` if the run had already ended."""
    state: RunState
    """The run's state before the call: `running`, or how it had ended."""


class NestedConversations:
    """Starts conversations in OpenHands servers through durable workflows, and reports their progress.

    Cancelling a task that waits does not cancel the start. Call again to continue waiting, or `cancel` to cancel it.

    Args:
        client: A Temporal client. If the workers encrypt, it needs the same keys: see `encryption.data_converter`.
        task_queue: The task queue that the workers poll.
        payload_store: The store through which a replay that is too large for Temporal reaches the workers. Default:
            none, and such a replay is rejected.
        long_polls: How many waits of this **process** may hold a long poll at a time. They get the result at once, the
            others within 12 seconds. More than about 90 need a connection to Temporal without a proxy that limits
            streams. Long polls count against the pollers that the namespace allows.
        on_hint: Called once if the namespace lacks the search attributes. Only `list` needs them. Default: a warning.
    """

    def __init__(
        self,
        client: Client,
        *,
        task_queue: str = DEFAULT_TASK_QUEUE,
        payload_store: PayloadStore | None = None,
        long_polls: int = DEFAULT_LONG_POLLS,
        on_hint: Callable[[str], None] | None = None,
    ) -> None:
        if long_polls < 0:
            raise InvalidInputError.of(InputProblem(field="long_polls", problem="must be a whole number of at least 0"))
        self._client = _with_compression(client)
        self._task_queue = task_queue
        self._payload_store = payload_store
        self._long_polls = long_polls
        self._on_hint = on_hint or (lambda hint: warnings.warn(hint, stacklevel=2))
        self._search_attributes = SearchAttributes(are_there=True, note_missing=self._note_missing)

    async def start(
        self,
        conversation: AnyInput,
        *,
        resume: bool = False,
        resume_after: str | None = None,
        call_id: str | None = None,
    ) -> StartedConversation:
        """Starts the conversation, or attaches to the existing run if it has the same input.

        A conversation whose run failed, was cancelled or terminated is started again.

        Args:
            conversation: A `ConversationInput`, or its JSON.
            resume: Continue a conversation whose run has completed, with a new message. Without it, that run's result
                is returned, so that a caller that crashed and calls again does not send the message twice.
            resume_after: Resume after the run with this id, and no later one. A caller that stores the id and calls
                again after a crash attaches to the run that its first attempt started.
            call_id: A unique id of this call, the same when it is repeated after a crash, such as in an activity. If an
                earlier call with this id started the newest run, the run's outcome is that of this call, even if it
                has failed or was cancelled. Otherwise, such a run is started again.

        Raises:
            InvalidInputError: If the input is invalid. Nothing was started.
            ConversationTakenError: If the run belongs to another user or another server, or is another workflow.
            MessageNotSentError: If the run was started with another message or replay.
            StartNotComparableError: If the run's input can't be read.
        """
        return await self._start(checked(conversation), resume, resume_after, call_id, once)

    async def ensure_ready(
        self,
        conversation: AnyInput,
        *,
        resume: bool = False,
        resume_after: str | None = None,
        call_id: str | None = None,
        timeout: timedelta | None = None,
        on_progress: OnProgress | None = None,
    ) -> EnsuredConversation:
        """Starts the conversation, or attaches as `start` does, and waits until it is ready.

        If Temporal can't be reached or is busy, it waits longer. It is safe to call again after a crash.

        Args:
            conversation: See `start`.
            resume: See `start`.
            resume_after: See `start`.
            call_id: See `start`.
            timeout: Limits the wait, but does not cancel the start. Default: none.
            on_progress: Called with the status whenever it has changed. See also `progress`.

        Raises:
            ConversationError: If the run failed: the subclass for its failure type. Also the errors of `start`.
            ConversationAbortedError: If the run was cancelled, terminated or timed out.
            WaitTimeoutError: If the timeout has passed.
        """
        wire = checked(conversation)
        progress = Progress(on_progress)

        async def work() -> EnsuredConversation:
            async def ask(call: Callable[[], Awaitable[T]]) -> T:
                return await ask_until_answered(call, progress.on_retrying)

            started = await self._start(wire, resume, resume_after, call_id, ask)
            ready = await self._wait_for(RunIds(started.sid, started.workflow_id, started.run_id), progress)
            return EnsuredConversation(**vars(ready), attached=started.attached, attached_to=started.attached_to)

        return await _limited(work, timeout, wire["sid"], progress)

    async def wait(
        self,
        sid: str,
        *,
        run_id: str | None = None,
        timeout: timedelta | None = None,
        on_progress: OnProgress | None = None,
    ) -> ReadyConversation:
        """Waits until the newest run of the conversation, or the given run, is ready. Any client may have started it.

        Raises:
            ConversationNotFoundError: If there is no run. Also the errors of `ensure_ready`.
        """
        progress = Progress(on_progress)

        async def work() -> ReadyConversation:
            return await self._wait_for(await self._find(sid, run_id, progress), progress)

        return await _limited(work, timeout, sid, progress)

    async def progress(self, sid: str, *, run_id: str | None = None) -> AsyncIterator[ConversationStatus]:
        """Yields the status of the conversation's newest run, or of the given run, until the run has ended.

        Yields whenever the status has changed. Phases never go back, unless the conversation has to be created again.
        The last phase is the outcome of the run. `wait` returns the result.

        Raises:
            ConversationNotFoundError: If there is no run.
            ConversationTakenError: If it is another workflow.
        """
        changes: asyncio.Queue[ConversationStatus | None] = asyncio.Queue()
        progress = Progress(changes.put_nowait)

        async def watch() -> None:
            try:
                run = await self._find(sid, run_id, progress)
                try:
                    await self._wait_for(run, progress)
                except NestedConversationError:
                    if not (progress.latest and progress.latest.closed_at):
                        raise
            finally:
                changes.put_nowait(None)

        watching = asyncio.ensure_future(watch())
        try:
            while (status := await changes.get()) is not None:
                yield status
            await watching
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def status(self, sid: str) -> ConversationStatus:
        """The status of the conversation's newest run.

        Raises:
            ConversationNotFoundError: If there is no run.
            ConversationTakenError: If it is another workflow.
        """
        return await conversation_status(self._client, sid, await describe_run(self._client, sid))

    async def result(self, sid: str) -> ReadyConversation:
        """The result of the conversation's newest run, which must have ended.

        Raises:
            ConversationNotFoundError: If there is no run. Also the errors of `ensure_ready`.
        """
        described = await describe_run(self._client, sid)
        run = RunIds(sid, described.workflow_id, described.run_id)
        outcome = await run_outcome(self._client, run)
        return ReadyConversation(**vars(outcome), workflow_id=run.workflow_id, run_id=run.run_id)

    async def cancel(self, sid: str) -> CancelledConversation:
        """Requests cancellation of the conversation's run. Before it ends, it does what `on_failure` says.

        A run that has ended does not change.

        Raises:
            ConversationNotFoundError: If there is no run.
            ConversationTakenError: If it is another workflow.
        """
        run = await describe_run(self._client, sid)
        requested = run.state == "running" and await self._request_cancel(run.workflow_id, run.run_id)
        return CancelledConversation(
            sid=sid, workflow_id=run.workflow_id, run_id=run.run_id, cancel_requested=requested, state=run.state
        )

    def list(
        self, *, user_id: str | None = None, phase: RunState | None = None, server: str | None = None
    ) -> AsyncIterator[ListedConversation]:
        """Lists the runs, newest first. Temporal's visibility store is updated with a short delay.

        Args:
            user_id: Only those of this user. Default: all.
            phase: Only those in this state. Default: all.
            server: Only those of this kind of server, or of the server with this base URL. Default: all.

        Raises:
            SearchAttributesMissingError: If the namespace lacks a search attribute that a filter needs.
        """
        return list_conversations(self._client, user_id=user_id, phase=phase, server=server)

    async def _start(
        self, wire: dict[str, Any], resume: bool, resume_after: str | None, call_id: str | None, ask: Ask
    ) -> StartedConversation:
        starting = Starting(
            client=self._client,
            task_queue=self._task_queue,
            payload_store=self._payload_store,
            resume=resume or resume_after is not None,
            resume_after=resume_after,
            call_id=call_id,
            search_attributes=self._search_attributes,
            ask=ask,
        )
        return await start_or_attach(starting, wire)

    async def _find(self, sid: str, run_id: str | None, progress: Progress) -> RunIds:
        run = await ask_until_answered(lambda: describe_run(self._client, sid, run_id), progress.on_retrying)
        return RunIds(sid, run.workflow_id, run.run_id)

    async def _wait_for(self, run: RunIds, progress: Progress) -> ReadyConversation:
        outcome = await wait_for_end(Wait(self._client, run, self._long_polls, progress))
        return ReadyConversation(**vars(outcome), workflow_id=run.workflow_id, run_id=run.run_id)

    async def _request_cancel(self, workflow_id: str, run_id: str) -> bool:
        try:
            await self._client.get_workflow_handle(workflow_id, run_id=run_id).cancel()
        except RPCError as error:
            # The run has ended since it was described.
            if is_not_found(error):
                return False
            raise
        return True

    def _note_missing(self) -> None:
        """Calls the hint only once, even if several concurrent starts find that the attributes are missing."""
        if self._search_attributes.are_there:
            self._search_attributes.are_there = False
            self._on_hint(SearchAttributesMissingError(self._client.namespace).message)


def _with_compression(client: Client) -> Client:
    """Adds the decompression of payloads, because the workers and other clients compress large ones.

    A payload that would not fit otherwise is compressed here, too. Workers can read it, unless they have other codecs.
    """
    converter = client.data_converter
    if isinstance(converter.payload_codec, ZlibCodec):
        return client
    codec = ZlibCodec(converter.payload_codec, SMALLEST_THAT_NEEDS_IT)
    return client_with(client, data_converter=dataclasses.replace(converter, payload_codec=codec))


async def _limited(work: Callable[[], Awaitable[T]], timeout: timedelta | None, sid: str, progress: Progress) -> T:
    """Does the work, and raises an error after the timeout."""
    if timeout is None:
        return await work()
    seconds = timeout.total_seconds()
    try:
        return await within(seconds, work)
    except NoAnswerError:
        raise WaitTimeoutError(seconds, progress.latest, sid=sid) from None
