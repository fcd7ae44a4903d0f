"""Waits for the end of a run by a long poll, of which a process has so many."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from ._ask import LAST_DELAY, is_passing, is_refused, pause, within
from ._runs import RunReference, ask_for_end

#: A connection through a proxy carries some 100 streams at a time, and other calls need some of them.
DEFAULT_LONG_POLLS = 64

#: In seconds. Temporal answers a long poll with nothing after 20 s, or as it is configured, up to a minute.
_POLL_WITHIN = 90.0

#: In seconds, after a poll was refused or lost.
_PAUSE = 1.0


@dataclass
class Polling:
    """Says whether a wait polls now."""

    is_on: bool = False


async def poll_for_end(client: Client, run: RunReference, limit: int, polling: Polling) -> HistoryEvent:
    """Returns when the run has ended, with its last event. A refused or lost poll is made again.

    Args:
        client: Asks Temporal.
        run: The run that is waited for.
        limit: How many waits of the process may poll.
        polling: Is told whether this one polls now.
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
        # The namespace has as many polls as it takes: others may have more use for them.
        await pause(LAST_DELAY)


async def _poll_while_allowed(client: Client, run: RunReference) -> HistoryEvent | None:
    """`None` where Temporal takes no more polls, or what is wrong will not pass: a description will tell."""
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
            return answer.history.events[0]
        token = answer.next_page_token


@dataclass(eq=False)
class _Queued:
    limit: int
    grant: Callable[[], None]


class _Turns:
    """The process's long polls, for the event loops of all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_use = 0
        self._queue: list[_Queued] = []

    async def take(self, limit: int) -> None:
        """Returns when it is one's turn."""
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
            # It was granted, and its waiter is cancelled before it could go on.
            if not was_queued and granted.done() and not granted.cancelled():
                self.hand_on()
            raise

    def hand_on(self) -> None:
        """Gives the turn to whoever has waited longest."""
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
