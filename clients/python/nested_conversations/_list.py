"""Lists the conversations' runs, the newest first."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.converter import decode_typed_search_attributes
from temporalio.service import RPCError

from ._ask import is_about_search_attributes
from ._decode import decode_memo
from ._described_run import DescribedRun, RunState
from ._names import USER_ID_ATTRIBUTE, WORKFLOW_TYPE, sid_of
from ._runs import RunIds
from ._started_input import UnreadableInputError, read_started_input
from .errors import SearchAttributesMissingError

_EXECUTION_STATUS: dict[RunState, str] = {
    "running": "Running",
    "ready": "Completed",
    "failed": "Failed",
    "cancelled": "Canceled",
    "terminated": "Terminated",
    "timed-out": "TimedOut",
}

_USER_ID = SearchAttributeKey.for_keyword(USER_ID_ATTRIBUTE)


@dataclass(frozen=True)
class ListedConversation:
    """A run of a conversation. Times are in UTC."""

    sid: str
    workflow_id: str
    run_id: str
    phase: RunState
    """For a run that is `running`, `status` says which step it is at."""
    started_at: datetime
    closed_at: datetime | None
    """`None` while the run is running."""
    user_id: str | None
    """From the memo, like the next two fields; `None` if another client did not set it."""
    api_url: str | None
    server: str | None


async def list_conversations(
    client: Client, *, user_id: str | None, phase: RunState | None, server: str | None
) -> AsyncIterator[ListedConversation]:
    """The matching runs. Temporal's visibility store is updated with a short delay."""
    try:
        async for run in _newest_first(client, user_id, phase):
            memo = await decode_memo(client, run.info.memo)
            if server is not None and server not in (memo.get("server"), memo.get("apiUrl")):
                continue
            if user_id is not None and await _user_of(client, run, memo) != user_id:
                continue
            yield ListedConversation(
                sid=sid_of(run.workflow_id),
                workflow_id=run.workflow_id,
                run_id=run.run_id,
                phase=run.state,
                started_at=run.start_time,
                closed_at=run.close_time,
                user_id=memo.get("userId"),
                api_url=memo.get("apiUrl"),
                server=memo.get("server"),
            )
    except RPCError as error:
        if is_about_search_attributes(error):
            raise SearchAttributesMissingError(client.namespace) from error
        raise


async def _newest_first(client: Client, user_id: str | None, phase: RunState | None) -> AsyncIterator[DescribedRun]:
    """Merges two lists. Temporal lists open runs first, by start time, then closed runs, by close time.

    Each list is read only as far as needed to know which run is next: a run that closed before another one started
    can't have started after it.
    """

    async def runs(which: str) -> AsyncIterator[DescribedRun]:
        request = ListWorkflowExecutionsRequest(namespace=client.namespace, query=_query(user_id, which))
        while True:
            answer = await client.workflow_service.list_workflow_executions(request, retry=True)
            for info in answer.executions:
                yield DescribedRun(info)
            if not answer.next_page_token:
                return
            request.next_page_token = answer.next_page_token

    async def none() -> AsyncIterator[DescribedRun]:
        return
        yield

    # A paused run has a status of its own.
    running = runs("CloseTime IS NULL") if phase in (None, "running") else none()
    is_over = f"ExecutionStatus = '{_EXECUTION_STATUS[phase]}'" if phase else "CloseTime IS NOT NULL"
    ended = none() if phase == "running" else runs(is_over)

    told: set[str] = set()
    waiting: list[DescribedRun] = []
    next_running = await anext(running, None)
    next_ended = await anext(ended, None)
    while True:
        known = [*waiting, *([next_running] if next_running else [])]
        newest = max(known, key=lambda run: run.start_time, default=None)
        if next_ended and not (newest and newest.start_time >= (next_ended.close_time or next_ended.start_time)):
            waiting.append(next_ended)
            next_ended = await anext(ended, None)
            continue
        if newest is None:
            return
        if newest is next_running:
            next_running = await anext(running, None)
        else:
            waiting.remove(newest)
        # A run that ended between the two queries is in both lists.
        if newest.run_id not in told:
            told.add(newest.run_id)
            yield newest


def _query(user_id: str | None, which: str) -> str:
    """Includes runs without the search attribute: other clients started them for any user. See `_user_of`."""
    clauses = [f"WorkflowType = '{WORKFLOW_TYPE}'", which]
    if user_id is not None:
        clauses.append(f"({_of_user(user_id)} OR {USER_ID_ATTRIBUTE} IS NULL)")
    return " AND ".join(clauses)


def _of_user(user_id: str) -> str:
    """A dev server's SQLite can't search for a quote or a backslash, so only the part before it is searched."""
    beginning = re.split(r'["\\]', user_id)[0]
    quoted = "'" + beginning.replace("'", "\\'") + "'"
    if beginning == user_id:
        return f"{USER_ID_ATTRIBUTE} = {quoted}"
    return f"{USER_ID_ATTRIBUTE} STARTS_WITH {quoted}" if beginning else f"{USER_ID_ATTRIBUTE} IS NOT NULL"


async def _user_of(client: Client, run: DescribedRun, memo: dict[str, str]) -> object:
    """From the search attribute, else from the memo, else from the input of the run."""
    attributes = decode_typed_search_attributes(run.info.search_attributes)
    known = attributes.get(_USER_ID) or memo.get("userId")
    if known is not None:
        return known
    try:
        return (await read_started_input(client, RunIds("", run.workflow_id, run.run_id))).user_id
    except UnreadableInputError:
        return None
