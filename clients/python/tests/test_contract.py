"""Tests that need no Temporal: the input check, progress, and that the generated code is up to date."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from nested_conversations import (
    ConversationInput,
    ConversationSettings,
    ConversationStatus,
    InvalidInputError,
    NestedClientSettings,
    Retrying,
    RunPhase,
)
from nested_conversations._check_input import checked
from nested_conversations._started_input import base_url_of
from nested_conversations._wait import Progress

MINIMAL = {"apiUrl": "http://h:1", "sid": "conv", "userId": "ada"}
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_generated_code_is_up_to_date() -> None:
    generate = Path(__file__).parent.parent / "tools" / "generate_contract.py"
    made = subprocess.run([sys.executable, generate, "--check"], capture_output=True, text=True, check=False)
    assert made.stdout == ""


def test_settings_get_wire_names_and_their_values_stay_unchanged() -> None:
    conversation = ConversationInput(
        api_url="http://h:1",
        sid="a1b2c3d4-0000-4000-8000-000000000000",
        user_id="ada",
        server="agent-server",
        settings=ConversationSettings(
            agent_settings={"llm": {"api_key": "k", "base_url": None}},
            workspace={"working_dir": "/w"},
            extra={"max_iterations": 5, "tags": ("a", "b")},
        ),
        client=NestedClientSettings(session_api_key="key"),
    )
    assert checked(conversation)["settings"] == {
        "agentSettings": {"llm": {"api_key": "k", "base_url": None}},
        "workspace": {"working_dir": "/w"},
        "max_iterations": 5,
        "tags": ["a", "b"],
    }
    assert checked(conversation)["client"] == {"sessionApiKey": "key"}


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"sid": None}, "sid", "must be a string"),
        ({"sid": ""}, "sid", "is empty"),
        ({"sid": "s" * 101}, "sid", "is longer than 100 characters"),
        ({"sid": "../x"}, "sid", "must not contain '..', '/' or '\\'"),
        ({"userId": "a\nb"}, "userId", "contains a control character"),
        ({"apiUrl": "runtime:80x"}, "apiUrl", "is not a URL: write it like 'http://runtime-conv123:8080'"),
        ({"apiUrl": "ftp://h"}, "apiUrl", "must begin with http:// or https://"),
        ({"apiUrl": "http://u:p@h"}, "apiUrl", "contains credentials: pass the key as client.sessionApiKey"),
        ({"apiUrl": "http://h?x"}, "apiUrl", "must not have a query or a fragment: remove them"),
        ({"timeout": 3}, "timeout", "is unknown: remove it"),
        ({"readiness": {"retries": 3}}, "readiness.retries", "is unknown: remove it"),
        ({"readiness": {"interval": 2}}, "readiness.interval", "must be a string"),
        ({"readiness": {"interval": "soon"}}, "readiness.interval", "must be a duration string: write it like '2 seconds'"),
        ({"readiness": {"maximumAttempts": True}}, "readiness.maximumAttempts", "must be a whole number"),
        ({"readiness": {"maximumAttempts": 10_001}}, "readiness.maximumAttempts", "must be at most 10000"),
        ({"sk-live-abc": 3}, "***", "is unknown: remove it"),
        ({"initialUserMsg": {"content": ""}}, "initialUserMsg.content", "is empty: to start without a message, leave initialUserMsg null"),
        ({"settings": {"providerTokens": {"github": {"token": 3}}}}, "settings.providerTokens.github.token", "must be a string"),
        ({"preparation": {"setupTimeout": "soon"}}, "preparation.setupTimeout", "must be a duration string: write it like '2 seconds'"),
        ({"server": "v2"}, "server", "must be one of 'openhands', 'agent-server'"),
        ({"initialUserMsg": {}}, "initialUserMsg.content", "is missing: pass a string"),
        ({"initialUserMsg": {"content": "\ud800"}}, "initialUserMsg.content", "is not well-formed Unicode: it contains half of a surrogate pair"),
        ({"settings": {"mcpConfig": {"x": float("nan")}}}, "settings.mcpConfig.x", "is not a finite number"),
        ({"settings": {"mcpConfig": {"x": b"y"}}}, "settings.mcpConfig.x", "is a bytes, which JSON can't hold"),
        ({"client": {"sessionApiKey": "a b"}}, "client.sessionApiKey", "must be printable ASCII without spaces: it is an HTTP header"),
        ({"initialUserMsg": {"content": "x"}, "replayJson": "[]"}, "replayJson", "can't be combined with initialUserMsg: a replay begins with its own message"),
    ],
)  # fmt: skip
def test_a_problem_names_its_field(change: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked({**MINIMAL, **change})
    assert [(it.field, it.problem) for it in caught.value.details.problems] == [(field, problem)]
    assert str(caught.value) == f"{field} {problem}"


def test_all_problems_are_reported_together_without_secrets() -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked({"sid": "..", "client": {"sessionApiKey": "se cret"}})
    assert {it.field for it in caught.value.details.problems} == {"apiUrl", "userId", "sid", "client.sessionApiKey"}
    assert "se cret" not in str(caught.value)


def test_a_recursive_input_is_rejected() -> None:
    endless: dict[str, Any] = dict(MINIMAL)
    endless["settings"] = {"mcpConfig": endless}
    with pytest.raises(InvalidInputError, match="is nested deeper than 100 levels"):
        checked(endless)


@pytest.mark.parametrize("odd", [None, "conv", 3, [MINIMAL]])
def test_a_value_that_is_not_an_input_is_rejected(odd: Any) -> None:
    with pytest.raises(InvalidInputError, match="the input must be a ConversationInput, or a mapping"):
        checked(odd)


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("http://h", "http://h"),
        ("HTTP://H:80//", "http://h"),
        ("https://h:443/a/../b/./c/", "https://h/b/c"),
        ("https://h:8443/a b", "https://h:8443/a%20b"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
        ("no url", "no url"),
        (None, None),
    ],
)
def test_a_url_is_normalized_like_in_the_workers(written: Any, base: Any) -> None:
    assert base_url_of(written) == base


def reported(*seen: tuple[RunPhase, int | None]) -> list[str]:
    lines: list[str] = []
    progress = Progress(lambda status: lines.append(status.phase))
    for phase, step in seen:
        closed_at = NOW if phase in ("ready", "failed") else None
        status = ConversationStatus(
            sid="c", workflow_id="w", run_id="r", phase=phase, started_at=NOW, closed_at=closed_at
        )
        progress.report(status, step)
    return lines


def test_progress_goes_back_only_for_a_repeated_create() -> None:
    assert reported(("queued", None), ("queued", None), ("creating", 1), ("checking", 2), ("ready", None)) == [
        "queued",
        "creating",
        "checking",
        "ready",
    ]
    assert reported(("checking", 2), ("stopping", 3), ("checking", None), ("failed", None)) == [
        "checking",
        "stopping",
        "failed",
    ]
    assert reported(("creating", 1), ("checking", 2), ("creating", 3), ("checking", 2)) == [
        "creating",
        "checking",
        "creating",
    ]
    assert reported(("ready", None), ("checking", 2)) == ["ready"]
    assert reported(("preparing repository", 1), ("running setup script", 1), ("checking", None), ("creating", 2)) == [
        "preparing repository",
        "running setup script",
        "creating",
    ]


def test_progress_reports_an_outage_with_the_last_known_status() -> None:
    seen: list[ConversationStatus] = []
    progress = Progress(seen.append)
    progress.on_retrying(Retrying(NOW, "first"))
    progress.report(ConversationStatus(sid="c", workflow_id="w", run_id="r", phase="queued", started_at=NOW), None)
    progress.on_retrying(Retrying(NOW, "second"))
    assert [it.retrying and it.retrying.reason for it in seen] == [None, "second"]
