"""Generated from docs/schema by tools/generate_contract.py. Edit that, then run `npm run schema`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

#: A `timedelta` or a Temporal duration string: `"2 seconds"`, `"500ms"`.
Duration = timedelta | str


@dataclass(frozen=True, kw_only=True)
class ConversationSettings:
    """The settings of the conversation. Mappings are sent to the server unchanged."""

    mcp_config: Mapping[str, Any] | None = None
    """MCP servers in the format of OpenHands: `{sse_servers, shttp_servers, stdio_servers}`."""
    repository: str | None = None
    """`owner/name`, or for `agent-server` also an https URL."""
    selected_branch: str | None = None
    """A branch of `repository`. Default: the server's choice."""
    git_provider: str | None = None
    """The host of `repository`: `github`, `gitlab`, `bitbucket`, or another supported one."""
    provider_tokens: Mapping[str, Any] | None = None
    """Access tokens for `repository`, for `agent-server`, by provider: `{github: {token}}`."""
    conversation_instructions: str | None = None
    """Instructions for the agent, in addition to the message."""
    agent_settings: Mapping[str, Any] | None = None
    """The agent, for `agent-server`, in the server's key names: `{llm: {model, api_key, base_url}}`."""
    workspace: Mapping[str, Any] | None = None
    """The workspace, for `agent-server`, in the server's key names: `{working_dir}`."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of the server's request, in its key names. Default: none."""


@dataclass(frozen=True, kw_only=True)
class InitialUserMessage:
    """The first message to the agent."""

    content: str
    """May be empty only if there are images."""
    image_urls: Sequence[str] | None = None
    """URLs or data URLs of images, for a model with vision. Default: none."""


@dataclass(frozen=True, kw_only=True)
class NestedClientSettings:
    """How requests to the nested server are made."""

    timeout: Duration | None = None
    """A duration such as '100 milliseconds', the minimum; the maximum is '5 minutes'. Default: `"60 seconds"`."""
    session_api_key: str | None = None
    """Sent as X-Session-API-Key."""


@dataclass(frozen=True, kw_only=True)
class ReadinessSettings:
    """How often and how long to check whether the conversation is ready, and what counts as ready."""

    interval: Duration | None = None
    """A duration such as '1 second', the minimum; the maximum is '1 hour'. Default: `"2 seconds"`."""
    maximum_attempts: int | None = None
    """The maximum number of readiness checks, including the first. 1 to 10000. Default: `60`."""
    look_timeout: Duration | None = None
    """A duration such as '100 milliseconds', the minimum; the maximum is '1 minute'. Default: `"5 seconds"`."""
    ready_when: Literal["agent-started", "accepting-events"] | None = None
    """`agent-started`: the agent works on the message, or waits for one. `accepting-events` is weaker. Default:
    `"agent-started"`.
    """


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """Time limits for preparing `repository`, for `agent-server`."""

    checkout_timeout: Duration | None = None
    """A duration such as '1 second', the minimum; the maximum is '1 hour'. Default: `"10 minutes"`."""
    setup_timeout: Duration | None = None
    """A duration such as '1 second', the minimum; the maximum is '1 hour'. Default: `"10 minutes"`."""


@dataclass(frozen=True, kw_only=True)
class ConversationInput:
    """The input of a conversation start. `None` means the default."""

    api_url: str
    """Base URL of the nested server: http or https, without credentials, query and fragment. At most 2048 characters.
    """
    sid: str
    """The conversation id: no '..', '/', '\\' or control characters; a UUID, in any spelling, for server
    'agent-server'. At most 100 characters.
    """
    user_id: str
    """The authenticated user: no control characters. At most 255 characters."""
    settings: ConversationSettings | None = None
    initial_user_msg: InitialUserMessage | None = None
    """Delivered exactly once. Default: none."""
    replay_json: str | None = None
    """Recorded events as a JSON text that begins with a message; not together with initialUserMsg."""
    client: NestedClientSettings | None = None
    readiness: ReadinessSettings | None = None
    preparation: PreparationSettings | None = None
    server: Literal["openhands", "agent-server"] | None = None
    """The API of the nested server. Default: `"openhands"`."""
    on_failure: Literal["keep", "stop"] | None = None
    """Whether to keep or stop the conversation after its start failed or was cancelled. Default: `"keep"`."""


@dataclass(frozen=True, kw_only=True)
class ConversationFailedDetails:
    """The details of the failure `ConversationFailed`."""

    reason: str = ""
    """The server's reason, in its words."""


@dataclass(frozen=True, kw_only=True)
class ConversationNotReadyDetails:
    """The details of the failure `ConversationNotReady`."""

    attempts: int = 0
    """Looks made, the first included."""
    maximum_attempts: int = 0
    interval: str = ""
    """As in the input, e.g. '2 seconds'."""
    waited_ms: int = 0
    """From the start of the workflow to its failure."""
    last_observation: str = ""
    """What the last look saw, e.g. 'STARTING (agent loading)'."""


@dataclass(frozen=True, kw_only=True)
class ConversationRejectedDetails:
    """The details of the failure `ConversationRejected`."""

    method: str | None = None
    url: str | None = None
    """Without secrets."""
    status: int | None = None
    """HTTP status, where there was an answer."""
    msg_id: str | None = None
    """The server's own name for its error."""


@dataclass(frozen=True, kw_only=True)
class InputProblem:
    """A problem of the input. The field has its name in JSON, such as `readiness.maximumAttempts`."""

    field: str = ""
    """Dotted path such as 'readiness.interval'; empty for the input as a whole."""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class InvalidInputDetails:
    """The details of the failure `InvalidInput`."""

    problems: tuple[InputProblem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NestedServerUnavailableDetails:
    """The details of the failure `NestedServerUnavailable`."""

    method: str | None = None
    url: str | None = None
    """Without secrets."""
    status: int | None = None
    """HTTP status, where there was an answer."""
    msg_id: str | None = None
    """The server's own name for its error."""


@dataclass(frozen=True, kw_only=True)
class UnauthorizedDetails:
    """The details of the failure `Unauthorized`."""

    method: str | None = None
    url: str | None = None
    """Without secrets."""
    status: int | None = None
    """HTTP status, where there was an answer."""
    msg_id: str | None = None
    """The server's own name for its error."""
