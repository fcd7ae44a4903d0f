"""Generated from docs/schema by tools/generate_contract.py: change that, and run `npm run schema`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

#: A `timedelta`, or Temporal's form of it: `"2 seconds"`, `"500ms"`.
Duration = timedelta | str


@dataclass(frozen=True, kw_only=True)
class ConversationSettings:
    """What the conversation is created with. A mapping goes to the server untouched."""

    mcp_config: Mapping[str, Any] | None = None
    """MCP servers, in the server's key names: `{sse_servers, shttp_servers, stdio_servers}`."""
    repository: str | None = None
    """`owner/name`; for `agent-server` an https URL, too."""
    selected_branch: str | None = None
    """A branch of `repository`. Default: the server's choice."""
    git_provider: str | None = None
    """Where `repository` is: `github`, `gitlab`, `bitbucket`, or what else the server knows."""
    provider_tokens: Mapping[str, Any] | None = None
    """What opens `repository`, for `agent-server`, by provider: `{github: {token}}`."""
    conversation_instructions: str | None = None
    """Instructions to the agent beside the message."""
    agent_settings: Mapping[str, Any] | None = None
    """The agent, for `agent-server`, in the server's key names: `{llm: {model, api_key, base_url}}`."""
    workspace: Mapping[str, Any] | None = None
    """The workspace, for `agent-server`, in the server's key names: `{working_dir}`."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What else the server's request takes, in its key names. Default: nothing."""


@dataclass(frozen=True, kw_only=True)
class InitialUserMessage:
    """The first message to the agent."""

    content: str
    """Empty only where there are images."""
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
    """How often, how long and for what to check that the conversation is ready."""

    interval: Duration | None = None
    """A duration such as '1 second', the minimum; the maximum is '1 hour'. Default: `"2 seconds"`."""
    maximum_attempts: int | None = None
    """Readiness checks, the first included. 1 to 10000. Default: `60`."""
    look_timeout: Duration | None = None
    """A duration such as '100 milliseconds', the minimum; the maximum is '1 minute'. Default: `"5 seconds"`."""
    ready_when: Literal["agent-started", "accepting-events"] | None = None
    """`agent-started`: the agent has taken up the message, or waits for one. `accepting-events` is weaker. Default:
    `"agent-started"`.
    """


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """How long preparing `repository` may take, for `agent-server`."""

    checkout_timeout: Duration | None = None
    """A duration such as '1 second', the minimum; the maximum is '1 hour'. Default: `"10 minutes"`."""
    setup_timeout: Duration | None = None
    """A duration such as '1 second', the minimum; the maximum is '1 hour'. Default: `"10 minutes"`."""


@dataclass(frozen=True, kw_only=True)
class ConversationInput:
    """What a conversation is started with. `None` stands for the default."""

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
    """The API that the nested server speaks. Default: `"openhands"`."""
    on_failure: Literal["keep", "stop"] | None = None
    """What to do with the conversation after its start failed or was cancelled. Default: `"keep"`."""


@dataclass(frozen=True, kw_only=True)
class ConversationFailedDetails:
    """What `ConversationFailed` tells a program."""

    reason: str = ""
    """The server's reason, in its words."""


@dataclass(frozen=True, kw_only=True)
class ConversationNotReadyDetails:
    """What `ConversationNotReady` tells a program."""

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
    """What `ConversationRejected` tells a program."""

    method: str | None = None
    url: str | None = None
    """Without secrets."""
    status: int | None = None
    """HTTP status, where there was an answer."""
    msg_id: str | None = None
    """The server's own name for its error."""


@dataclass(frozen=True, kw_only=True)
class InputProblem:
    """One thing wrong with the input, by the field's name in JSON, such as `readiness.maximumAttempts`."""

    field: str = ""
    """Dotted path such as 'readiness.interval'; empty for the input as a whole."""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class InvalidInputDetails:
    """What `InvalidInput` tells a program."""

    problems: tuple[InputProblem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NestedServerUnavailableDetails:
    """What `NestedServerUnavailable` tells a program."""

    method: str | None = None
    url: str | None = None
    """Without secrets."""
    status: int | None = None
    """HTTP status, where there was an answer."""
    msg_id: str | None = None
    """The server's own name for its error."""


@dataclass(frozen=True, kw_only=True)
class UnauthorizedDetails:
    """What `Unauthorized` tells a program."""

    method: str | None = None
    url: str | None = None
    """Without secrets."""
    status: int | None = None
    """HTTP status, where there was an answer."""
    msg_id: str | None = None
    """The server's own name for its error."""
