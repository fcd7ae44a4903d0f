"""Starts a run with our own request ids, for which the SDK has no option."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from temporalio.api.common.v1 import Header, Memo, Payloads, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.converter import PayloadConverter, encode_search_attributes

from ._client_with import client_with
from ._names import CONVERSATION_ID_ATTRIBUTE, USER_ID_ATTRIBUTE, WORKFLOW_TYPE, workflow_id_of
from ._runs import RunIds, read_started_event

#: A header in the first event of a run. Only `was_begun_by` reads it. The TypeScript client uses the same name.
_CALL_HEADER = "nested-conversations-call"

_CONVERSATION_ID = SearchAttributeKey.for_keyword(CONVERSATION_ID_ATTRIBUTE)
_USER_ID = SearchAttributeKey.for_keyword(USER_ID_ATTRIBUTE)


@dataclass(frozen=True)
class StartRequest:
    """The data of a start request."""

    wire: dict[str, Any]
    sid: str
    user_id: str
    api_url: str
    server: str
    task_queue: str
    with_search_attributes: bool
    reuse_policy: WorkflowIDReusePolicy
    request_id: str
    """The id by which Temporal recognizes a repeated request."""
    call_id: str
    """The id by which a caller recognizes its own run."""


async def start_run(client: Client, request: StartRequest) -> str:
    """Starts the run and returns its id. If the same request has already started a run, returns the id of that run.

    Raises:
        RPCError: `ALREADY_EXISTS` if the workflow id is in use.
    """
    attributes = TypedSearchAttributes(
        [SearchAttributePair(_CONVERSATION_ID, request.sid), SearchAttributePair(_USER_ID, request.user_id)]
    )
    # Called last, so that the request contains what the caller's own interceptors add, such as a trace.
    handle = await client_with(client, interceptor=_WithIds(client, request)).start_workflow(
        WORKFLOW_TYPE,
        request.wire,
        id=workflow_id_of(request.sid),
        task_queue=request.task_queue,
        id_reuse_policy=request.reuse_policy,
        memo={"userId": request.user_id, "apiUrl": request.api_url, "server": request.server},
        search_attributes=attributes if request.with_search_attributes else None,
        static_summary=f"{request.server} at {request.api_url}, for {request.user_id}",
    )
    return handle.first_execution_run_id or ""


async def was_begun_by(client: Client, run: RunIds, call_id: str | None) -> bool:
    """Whether this call started the run, and not another call with the same request id."""
    event = await read_started_event(client, run)
    payload = event.header.fields.get(_CALL_HEADER)
    return payload is not None and PayloadConverter.default.from_payloads([payload]) == [call_id]


def request_id_after(run_id: str) -> str:
    """The request id of a resume. All callers that resume the same run use it, so Temporal starts only one run."""
    return f"resume-{sha256(run_id.encode()).hexdigest()[:32]}"


class _WithIds(Interceptor):
    def __init__(self, client: Client, request: StartRequest) -> None:
        self._client = client
        self._request = request

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _WithIdsOutbound(next, self._client, self._request)


class _WithIdsOutbound(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, client: Client, request: StartRequest) -> None:
        super().__init__(next)
        self._client = client
        self._request = request

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        client, converter = self._client, self._client.data_converter
        memo = {name: (await converter.encode([value]))[0] for name, value in (input.memo or {}).items()}
        search_attributes = SearchAttributes()
        if input.search_attributes is not None:
            encode_search_attributes(input.search_attributes, search_attributes)
        [summary] = await converter.encode([input.static_summary])
        [call] = PayloadConverter.default.to_payloads([self._request.call_id])
        request = StartWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_id=input.id,
            workflow_type=WorkflowType(name=input.workflow),
            task_queue=TaskQueue(name=input.task_queue),
            input=Payloads(payloads=await converter.encode(input.args)),
            identity=client.identity,
            request_id=self._request.request_id,
            workflow_id_reuse_policy=cast("WorkflowIdReusePolicy.ValueType", int(input.id_reuse_policy)),
            workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
            memo=Memo(fields=memo),
            search_attributes=search_attributes,
            header=Header(fields={**input.headers, _CALL_HEADER: call}),
            user_metadata=UserMetadata(summary=summary),
        )
        answer = await client.workflow_service.start_workflow_execution(request, retry=True)
        return client.get_workflow_handle(input.id, run_id=answer.run_id, first_execution_run_id=answer.run_id)
