"""Waits for a run's end, and reports its progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from temporalio.client import Client

from ._ask import FIRST_DELAY, LAST_DELAY, ask_until_answered, longer, pause, within
from ._long_polls import Polling, poll_for_end
from ._runs import RunIds, RunOutcome, describe_run, run_outcome
from .status import ConversationStatus, Retrying, RunPhase, conversation_status, step_of

#: In seconds. The result is already known, so the caller must not wait long for the last progress.
_TELL_END_WITHIN = 2.0

#: The phases of a run in their order, until the conversation is created again.
_ORDER: dict[RunPhase, int] = {
    "queued": 0,
    "preparing repository": 1,
    "running setup script": 2,
    "creating": 3,
    "checking": 4,
    "stopping": 5,
}

_PREPARING: tuple[RunPhase, ...] = ("preparing repository", "running setup script")


class Progress:
    """Reports changes to a caller, and never that a run went back."""

    def __init__(self, on_progress: Callable[[ConversationStatus], None] | None = None) -> None:
        self._on_progress = on_progress
        #: The last status.
        self.latest: ConversationStatus | None = None
        #: The number of the last step that was in progress.
        self._step: int | None = None
        self._told: ConversationStatus | None = None

    @property
    def is_watched(self) -> bool:
        """Whether the caller wants progress."""
        return self._on_progress is not None

    def report(self, status: ConversationStatus, step: int | None) -> None:
        """Reports a status. `step` is the number of the step in progress, or `None` between two steps."""
        if self._is_behind(status, step):
            return
        self.latest = status
        self._step = self._step if step is None else step
        self._tell(status)

    def on_retrying(self, retrying: Retrying) -> None:
        """Reports an outage, with the last status."""
        if self.latest:
            self._tell(replace(self.latest, retrying=retrying))

    def _tell(self, status: ConversationStatus) -> None:
        if status == self._told or self._on_progress is None:
            return
        self._told = status
        self._on_progress(status)

    def _is_behind(self, status: ConversationStatus, step: int | None) -> bool:
        """A step in progress has a number. Between two, the phase is a guess, which counts only if it is later."""
        if self.latest is None or status.closed_at:
            return False
        if self.latest.closed_at:
            return True
        if self._step is None:
            return False
        if step is not None:
            return step < self._step
        # After the preparation comes a create, but the guess would be a check.
        is_preparing = self.latest.phase in _PREPARING
        return is_preparing or _ORDER.get(status.phase, 0) <= _ORDER.get(self.latest.phase, 0)


@dataclass(frozen=True)
class Wait:
    """A wait for a run, and its settings."""

    client: Client
    run: RunIds
    long_polls: int
    """The number of waits of this process that may hold a long poll."""
    progress: Progress


async def wait_for_end(wait: Wait) -> RunOutcome:
    """Waits for the run's end.

    A wait that holds a long poll gets the result at once. Every wait also describes its run about every ten seconds, so
    that a refused or lost poll only delays the result.

    Raises:
        NestedConversationError: If the run failed: the subclass for its failure type.
    """
    client, run, progress = wait.client, wait.run, wait.progress
    polling = Polling()
    poll = asyncio.ensure_future(poll_for_end(client, run, wait.long_polls, polling))
    watch = asyncio.ensure_future(_watch_until_closed(wait, polling))
    try:
        await asyncio.wait({poll, watch}, return_when=asyncio.FIRST_COMPLETED)
        event = poll.result() if poll.done() else None
        if event is None:
            watch.result()
    finally:
        for task in (poll, watch):
            task.cancel()
        await asyncio.gather(poll, watch, return_exceptions=True)
    if progress.is_watched and not (progress.latest and progress.latest.closed_at):
        await _tell_end(wait)
    if event is not None:
        return await run_outcome(client, run, event)
    return await ask_until_answered(lambda: run_outcome(client, run), progress.on_retrying)


async def _watch_until_closed(wait: Wait, polling: Polling) -> None:
    """Reports changes until the run has ended."""
    progress = wait.progress
    delay = FIRST_DELAY
    while True:
        # A wait that reports progress or has no long poll asks more often in the first seconds.
        is_in_no_hurry = polling.is_on and not progress.is_watched
        if is_in_no_hurry:
            await pause(LAST_DELAY)
        await ask_until_answered(lambda: _look(wait), progress.on_retrying)
        if progress.latest and progress.latest.closed_at:
            return
        if not is_in_no_hurry:
            await pause(delay)
        delay = longer(delay)


async def _tell_end(wait: Wait) -> None:
    """Ignores errors: the result is already known, and progress is optional."""
    try:
        await within(_TELL_END_WITHIN, lambda: _look(wait))
    except Exception:
        return


async def _look(wait: Wait) -> None:
    description = await describe_run(wait.client, wait.run.sid, wait.run.run_id)
    status = await conversation_status(wait.client, wait.run.sid, description)
    wait.progress.report(status, step_of(description))
