"""Waits for the end of a run with a long poll. The number of long polls of a process is limited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from ._ask import LAST_DELAY, is_passing, is_refused, pause, within
from ._runs import RunReference, ask_for_end, is_end

#: A connection through a proxy often carries only 100 streams at a time, and other calls need some of them.
DEFAULT_LONG_POLLS = 64

#: In seconds. By default, Temporal ends a long poll without a result after 20 s. The configured time can be a minute.
_POLL_WITHIN = 90.0

#: In seconds, the pause after a poll was refused or lost.
_PAUSE = 1.0


@dataclass
class Polling:
    """Tells whether a wait currently polls."""

    is_on: bool = False


async def poll_for_end(client: Client, run: RunReference, limit: int, polling: Polling) -> HistoryEvent:
    """Waits until the run has ended, and returns its last event. A refused or lost poll is repeated.

    Args:
        client: The client that polls.
        run: The run to wait for.
        limit: The number of waits of the process that may poll at a time.
        polling: Called when this wait begins or stops to poll.
    """
    while True:
        await _turns.take(limit)
        polling.is_on = True
        try:
            event = await _poll_while_allowed(client, run)
        finally:
            polling.is_on = False
            _turns.hand_on()
        if event is not None:
            return event
        # The namespace has reached its limit of polls, or the run is paused: leave them to others for a while.
        await pause(LAST_DELAY)


async def _poll_while_allowed(client: Client, run: RunReference) -> HistoryEvent | None:
    """`None` if Temporal accepts no more polls, the run is paused, or the error is permanent.

    A later `describe` finds out why.
    """
    token = b""
    while True:
        try:
            answer = await within(_POLL_WITHIN, lambda: ask_for_end(client, run, wait=True, page_token=token))  # noqa: B023
        except Exception as error:
            if is_refused(error) or not is_passing(error):
                return None
            token = b""
            await pause(_PAUSE)
            continue
        if answer.history.events:
            # While a run is paused, Temporal answers at once, with its newest event.
            return answer.history.events[0] if is_end(answer.history.events[0]) else None
        token = answer.next_page_token


@dataclass(eq=False)
class _Queued:
    limit: int
    grant: Callable[[], None]


class _Turns:
    """The long polls of the process. Event loops of several threads share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_use = 0
        self._queue: list[_Queued] = []

    async def take(self, limit: int) -> None:
        """Returns when this wait may poll."""
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[None] = loop.create_future()

        def grant() -> None:
            if granted.done():
                self.hand_on()
            else:
                granted.set_result(None)

        queued = _Queued(limit, lambda: _call_in(loop, grant, self.hand_on))
        with self._lock:
            if self._in_use < limit:
                self._in_use += 1
                return
            self._queue.append(queued)
        try:
            await granted
        except asyncio.CancelledError:
            with self._lock:
                was_queued = queued in self._queue
                if was_queued:
                    self._queue.remove(queued)
            # The turn was granted, but the wait was cancelled before it could use it.
            if not was_queued and granted.done() and not granted.cancelled():
                self.hand_on()
            raise

    def hand_on(self) -> None:
        """Gives the turn to the wait that has waited longest."""
        with self._lock:
            self._in_use -= 1
            queued = next((it for it in self._queue if self._in_use < it.limit), None)
            if queued is None:
                return
            self._queue.remove(queued)
            self._in_use += 1
        queued.grant()


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], None], otherwise: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:  # The loop is closed.
        otherwise()


_turns = _Turns()
