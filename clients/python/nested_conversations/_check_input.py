"""Checks an input before it is sent: its schema, and the fields that name the run and are compared.

The workers check everything, including the rules of each server. Both raise the same error. The checks here apply to
all servers, so that a caller gets the error at once, without a worker.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from ._contract import ConversationInput, InputProblem
from ._names import canonical_uuid
from ._wire import to_wire
from .errors import InvalidInputError

#: The input as one of the dataclasses, or as its JSON.
AnyInput = ConversationInput | Mapping[str, Any]

#: Deeper nesting is a mistake. Converting, checking and sending JSON is recursive.
_NESTING_LEVELS = 100
#: The number of problems that one error lists. Nobody reads more.
_PROBLEMS = 20
#: The part of an unknown key that a problem repeats, in characters.
_NAMED_CHARACTERS = 40

#: Prefixes of well-known tokens: of model providers, Git hosts, clouds and chats.
_TOKEN = re.compile(r"(?:sk|pk|sess|glpat|pypi)-|(?:gh[oprsu]|github_pat|gsk|hf|npm)_|xox[a-z]-|AKIA|AIza|ya29|eyJ")

_DURATION = re.compile(
    r"\d*\.?\d+ ?(?:milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)?",
    re.ASCII | re.IGNORECASE,
)


def checked(conversation: AnyInput) -> dict[str, Any]:
    """The input as JSON.

    Raises:
        InvalidInputError: With every invalid field.
    """
    is_input = isinstance(conversation, Mapping) or (is_dataclass(conversation) and not isinstance(conversation, type))
    if not is_input:
        raise InvalidInputError.of(InputProblem(problem="must be a ConversationInput, or a mapping"))
    wire = to_wire(conversation) if isinstance(conversation, ConversationInput) else dict(conversation)
    problems = list(_take(_PROBLEMS, _value_problems(wire, ())))
    if not problems:
        wire = to_wire(_plain(wire))
        problems = list(_take(_PROBLEMS, _problems(wire)))
    if problems:
        sid = wire.get("sid")
        raise InvalidInputError.of(*problems, sid=sid if isinstance(sid, str) else None)
    return wire


def _problems(wire: dict[str, Any]) -> Iterator[InputProblem]:
    seen: set[str] = set()
    for problem in _schema_problems(wire, _schema(), ()):
        seen.add(problem.field)
        yield problem
    for field, found in (
        ("apiUrl", _api_url_problem(wire.get("apiUrl"))),
        ("sid", _sid_problem(wire.get("sid"), wire.get("server"))),
        ("userId", _user_id_problem(wire.get("userId"))),
        ("initialUserMsg.content", _message_problem(wire.get("initialUserMsg"))),
        ("replayJson", _replay_problem(wire)),
    ):
        if found and field not in seen:
            yield InputProblem(field=field, problem=found)


def _take(count: int, problems: Iterator[InputProblem]) -> Iterator[InputProblem]:
    for _, problem in zip(range(count), problems, strict=False):
        yield problem


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((files(__package__) / "input.schema.json").read_text(encoding="utf-8"))
    return schema


def _plain(value: Any) -> Any:
    """Converts mappings and sequences of all kinds to dictionaries and lists."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value


def _value_problems(value: Any, path: tuple[str, ...]) -> Iterator[InputProblem]:
    """The problems of values that JSON can't hold or no server can store."""
    if len(path) > _NESTING_LEVELS:
        yield _problem(path, f"is nested deeper than {_NESTING_LEVELS} levels")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(key, str) and _is_well_formed(key):
                yield from _value_problems(inner, (*path, key))
            else:
                yield _problem(path, "has a name that is not a well-formed text")
    elif isinstance(value, str):
        if not _is_well_formed(value):
            yield _problem(path, "is not well-formed Unicode: it contains half of a surrogate pair")
    elif isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        for index, inner in enumerate(value):
            yield from _value_problems(inner, (*path, str(index)))
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield _problem(path, "is not a finite number")
    elif not (value is None or isinstance(value, (bool, int))):
        yield _problem(path, f"is a {type(value).__name__}, which JSON can't hold")


def _schema_problems(value: Any, schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[InputProblem]:
    """Supports the keywords that docs/schema uses. A problem never repeats a value, since it may be secret."""
    if "anyOf" in schema:
        found = [list(_schema_problems(value, option, path)) for option in schema["anyOf"]]
        if all(found):
            # The problems of an option that has the value's type, if there is one, else of the first option.
            yield from max(found, key=lambda problems: max(len(it.field) for it in problems))
        return
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is_of(value, name) for name in types):
        yield _problem(path, f"must be {_A_TYPE[types[0]]}")
        return
    if value is None:
        return
    if "enum" in schema and value not in schema["enum"]:
        yield _problem(path, f"must be one of {', '.join(repr(it) for it in schema['enum'])}")
    if isinstance(value, str):
        yield from _text_problems(value, schema, path)
    elif isinstance(value, (int, float)):
        if value < schema.get("minimum", value):
            yield _problem(path, f"must be at least {schema['minimum']}")
        if value > schema.get("maximum", value):
            yield _problem(path, f"must be at most {schema['maximum']}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _schema_problems(inner, schema.get("items", {}), (*path, str(index)))
    elif isinstance(value, dict):
        yield from _object_problems(value, schema, path)


def _object_problems(value: dict[str, Any], schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[InputProblem]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            expected = properties[name].get("type", "value")
            yield _problem((*path, name), f"is missing: pass {_A_TYPE.get(expected, 'a value')}")
    for name, inner in value.items():
        if name in properties:
            yield from _schema_problems(inner, properties[name], (*path, name))
        elif schema.get("additionalProperties") is False:
            yield _problem((*path, name), "is unknown: remove it")
        else:
            yield from _schema_problems(inner, schema.get("additionalProperties", {}), (*path, name))


def _text_problems(value: str, schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[InputProblem]:
    if len(value) < schema.get("minLength", 0):
        yield _problem(path, "is empty")
    elif len(value) > schema.get("maxLength", len(value)):
        maximum = schema["maxLength"]
        is_name = len(path) == 1 and path[0] in ("sid", "userId")
        is_too_long = f"is longer than {maximum} characters"
        yield _problem(path, is_too_long if is_name else f"has {len(value)} characters: the maximum is {maximum}")
    elif _is_duration(schema) and not _DURATION.fullmatch(value.strip()):
        yield _problem(path, "must be a duration string: write it like '2 seconds'")
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield _problem(path, "must be printable ASCII without spaces: it is an HTTP header")


def _is_duration(schema: Mapping[str, Any]) -> bool:
    """The bounds of a duration are checked by the workers."""
    return str(schema.get("description", "")).startswith("A duration such as")


_A_TYPE = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


def _is_of(value: Any, name: str) -> bool:
    match name:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (isinstance(value, int) or _is_whole(value))
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    return True


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _problem(path: tuple[str, ...], problem: str) -> InputProblem:
    names = [_printable(name) for name in path[:8]]
    return InputProblem(field=".".join(names if len(path) <= 8 else [*names, "…"]), problem=problem)


def _printable(name: str) -> str:
    """A key as a problem may name it. A key that looks like a token is not repeated: it may be a secret."""
    if _TOKEN.match(name) or sum(map(str.isdigit, name)) > 4:
        return "***"
    shown = "".join("\ufffd" if unicodedata.category(it).startswith("C") else it for it in name[:_NAMED_CHARACTERS])
    return shown if len(name) <= _NAMED_CHARACTERS else f"{shown}…"


def _is_well_formed(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _has_control_character(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def _api_url_problem(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        url = urlsplit(value.strip())
        has_host = bool(url.scheme and url.hostname and (url.port or 0) >= 0)
    except ValueError:
        has_host = False
    if not has_host:
        return "is not a URL: write it like 'http://runtime-conv123:8080'"
    if url.scheme not in ("http", "https"):
        return "must begin with http:// or https://"
    if url.username or url.password:
        return "contains credentials: pass the key as client.sessionApiKey"
    return "must not have a query or a fragment: remove them" if re.search("[?#]", value) else None


def _sid_problem(value: Any, server: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if value == "." or ".." in value or "/" in value or "\\" in value:
        return "must not contain '..', '/' or '\\'"
    if _has_control_character(value):
        return "contains a control character"
    if server == "agent-server" and canonical_uuid(value) is None:
        return "must be a UUID for server 'agent-server'"
    return None


def _user_id_problem(value: Any) -> str | None:
    return "contains a control character" if isinstance(value, str) and _has_control_character(value) else None


def _message_problem(message: Any) -> str | None:
    if isinstance(message, dict) and message.get("content") == "" and not message.get("imageUrls"):
        return "is empty: to start without a message, leave initialUserMsg null"
    return None


def _replay_problem(wire: dict[str, Any]) -> str | None:
    if wire.get("replayJson") and wire.get("initialUserMsg"):
        return "can't be combined with initialUserMsg: a replay begins with its own message"
    return None
