"""Repeats calls to Temporal until one is answered."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import TypeVar

from temporalio.service import RPCError, RPCStatusCode

from ._decode import one_line
from .status import Retrying

T = TypeVar("T")
OnRetrying = Callable[[Retrying], None]
#: Makes a call to Temporal, and repeats it if the caller wants that.
Ask = Callable[[Callable[[], Awaitable[T]]], Awaitable[T]]

#: In seconds, the time between two calls. It is short at first and grows, to limit the load on the server. Even with
#: jitter and the duration of the call, it is below the 12 s within which a waiting caller gets the result.
FIRST_DELAY = 0.25
LAST_DELAY = 9.5
_GROWTH = 1.2
_JITTER = 0.15

#: In seconds. Temporal answers within one second, but it can take longer to send 2 MB.
_ANSWER_WITHIN = 15.0

#: In seconds. How long Temporal may not answer before the caller gets a `Retrying` status.
_TELL_AFTER = 3.0

_PASSING = {
    RPCStatusCode.CANCELLED,
    RPCStatusCode.UNKNOWN,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.OUT_OF_RANGE,
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DATA_LOSS,
}


class NoAnswerError(Exception):
    """Temporal did not answer a call in time."""


async def once(call: Callable[[], Awaitable[T]]) -> T:
    """Makes the call once. Errors are raised to the caller."""
    return await call()


async def ask_until_answered(call: Callable[[], Awaitable[T]], on_retrying: OnRetrying) -> T:
    """Repeats the call until Temporal answers. Calls `on_retrying` once per outage."""
    since = datetime.now(timezone.utc)
    told = False

    def tell(reason: str) -> None:
        nonlocal told
        if not told:
            told = True
            on_retrying(Retrying(since, reason))

    late = asyncio.get_running_loop().call_later(_TELL_AFTER, tell, "no answer yet")
    try:
        delay = FIRST_DELAY
        while True:
            try:
                return await within(_ANSWER_WITHIN, call)
            except Exception as error:
                if not is_passing(error):
                    raise
                tell(one_line(error))
            await pause(delay)
            delay = longer(delay)
    finally:
        late.cancel()


async def within(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """Makes the call, and cancels it after this time.

    Before Python 3.12, `asyncio.wait_for` loses a cancellation that arrives together with the answer.

    Raises:
        NoAnswerError: If the time has passed.
    """
    task = asyncio.ensure_future(call())
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise NoAnswerError(f"no answer within {seconds:g} s")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


def longer(delay: float) -> float:
    """The next delay after this one."""
    return min(delay * _GROWTH, LAST_DELAY)


async def pause(seconds: float) -> None:
    """Waits, with jitter, so that thousands of waiting callers don't ask at the same moment."""
    await asyncio.sleep(seconds * random.uniform(1 - _JITTER, 1 + _JITTER))


def is_passing(error: BaseException) -> bool:
    """Whether Temporal may answer the same call a little later."""
    if isinstance(error, RPCError):
        # INTERNAL has many causes. Only errors of the connection are temporary.
        is_of_connection = error.status == RPCStatusCode.INTERNAL and re.search("h2|stream|transport", error.message)
        return error.status in _PASSING or bool(is_of_connection)
    # The error of a client that was created with `lazy=True` and has not connected yet.
    is_unconnected = isinstance(error, RuntimeError) and "client connect" in str(error)
    return is_unconnected or isinstance(error, NoAnswerError)


def is_refused(error: BaseException) -> bool:
    """Whether Temporal refused the call because a limit was reached."""
    return isinstance(error, RPCError) and error.status == RPCStatusCode.RESOURCE_EXHAUSTED


def is_not_found(error: BaseException) -> bool:
    """Whether Temporal has no such run, or the run has already ended."""
    return isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND


def is_about_search_attributes(error: BaseException) -> bool:
    """Whether Temporal refused a call because the namespace does not have the search attributes."""
    if not isinstance(error, RPCError) or error.status != RPCStatusCode.INVALID_ARGUMENT:
        return False
    return "search attribute" in error.message.lower()
