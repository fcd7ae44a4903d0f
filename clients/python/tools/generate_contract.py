"""Generates code from docs/schema: dataclasses of the input and of the details of failures.

python3 tools/generate_contract.py           writes nested_conversations/_contract.py and input.schema.json
python3 tools/generate_contract.py --check   exits with 1 if they are not up to date

`npm run schema` runs it. It needs only Python.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

PACKAGE = Path(__file__).parent.parent / "nested_conversations"
SCHEMAS = Path(__file__).parents[3] / "docs" / "schema"

#: The classes of the input's objects, by field. All other objects are sent to the server unchanged.
CLASSES = {
    "settings": "ConversationSettings",
    "initialUserMsg": "InitialUserMessage",
    "client": "NestedClientSettings",
    "readiness": "ReadinessSettings",
    "preparation": "PreparationSettings",
}

CLASS_DOCS = {
    "ConversationSettings": "The settings of the conversation. Mappings are sent to the server unchanged.",
    "InitialUserMessage": "The first message to the agent.",
    "NestedClientSettings": "How requests to the nested server are made.",
    "PreparationSettings": "Time limits for preparing `repository`, for `agent-server`.",
    "ReadinessSettings": "How often and how long to check whether the conversation is ready, and what counts as ready.",
    "ConversationInput": "The input of a conversation start. `None` means the default.",
    "InputProblem": "A problem of the input. The field has its name in JSON, such as `readiness.maximumAttempts`.",
}

#: Descriptions that the schema does not have.
FIELD_DOCS = {
    "content": "May be empty only if there are images.",
    "imageUrls": "URLs or data URLs of images, for a model with vision. Default: none.",
    "providerTokens": "Access tokens for `repository`, for `agent-server`, by provider: `{github: {token}}`.",
    "mcpConfig": "MCP servers in the format of OpenHands: `{sse_servers, shttp_servers, stdio_servers}`.",
    "repository": "`owner/name`, or for `agent-server` also an https URL.",
    "selectedBranch": "A branch of `repository`. Default: the server's choice.",
    "gitProvider": "The host of `repository`: `github`, `gitlab`, `bitbucket`, or another supported one.",
    "conversationInstructions": "Instructions for the agent, in addition to the message.",
    "agentSettings": "The agent, for `agent-server`, in the server's key names: `{llm: {model, api_key, base_url}}`.",
    "workspace": "The workspace, for `agent-server`, in the server's key names: `{working_dir}`.",
    "initialUserMsg": "Delivered exactly once. Default: none.",
    "maximumAttempts": "The maximum number of readiness checks, including the first.",
    "readyWhen": "`agent-started`: the agent works on the message, or waits for one. `accepting-events` is weaker.",
    "server": "The API of the nested server.",
    "onFailure": "Whether to keep or stop the conversation after its start failed or was cancelled.",
}

HEADER = '''"""Generated from docs/schema by tools/generate_contract.py. Edit that, then run `npm run schema`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

#: A `timedelta` or a Temporal duration string: `"2 seconds"`, `"500ms"`.
Duration = timedelta | str
'''


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def without_null(schema: Schema) -> Schema:
    if "anyOf" in schema:
        [inner] = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return {**inner, **{key: value for key, value in schema.items() if key != "anyOf"}}
    if isinstance(schema.get("type"), list):
        [inner_type] = [name for name in schema["type"] if name != "null"]
        return {**schema, "type": inner_type}
    return schema


def is_duration(schema: Schema) -> bool:
    return "default" in schema and str(schema.get("description", "")).startswith("A duration such as")


def python_type(name: str, schema: Schema) -> str:
    schema = without_null(schema)
    if "enum" in schema:
        return f"Literal[{', '.join(json.dumps(value) for value in schema['enum'])}]"
    if is_duration(schema):
        return "Duration"
    match schema.get("type"):
        case "object":
            return CLASSES.get(name, "Mapping[str, Any]")
        case "array":
            return f"Sequence[{python_type(name, schema['items'])}]"
        case "string":
            return "str"
        case "integer":
            return "int"
        case "number":
            return "float"
        case "boolean":
            return "bool"
    return "Any"


def docstring(text: str, indent: str) -> str:
    quoted = text.replace("\\", "\\\\")
    one_line = f'{indent}"""{quoted}"""'
    if len(one_line) <= 120:
        return one_line
    first, *rest = textwrap.wrap(quoted, 120 - len(indent) - 3, break_on_hyphens=False)
    return "\n".join([f'{indent}"""{first}', *(indent + line for line in rest), f'{indent}"""'])


def field_doc(name: str, schema: Schema) -> str | None:
    default = schema.get("default")
    sentences = [
        FIELD_DOCS.get(name) or (without_null(schema).get("description") or schema.get("description")),
        f"At most {schema['maxLength']} characters" if "maxLength" in schema else None,
        f"{schema['minimum']} to {schema['maximum']}" if schema.get("maximum", 2**53) < 2**53 - 1 else None,
        f"Default: `{json.dumps(default)}`" if default not in (None, {}) else None,
    ]
    text = " ".join(sentence.rstrip(".") + "." for sentence in sentences if sentence)
    return text or None


def input_class(name: str, schema: Schema) -> str:
    lines = ["@dataclass(frozen=True, kw_only=True)", f"class {name}:", docstring(CLASS_DOCS[name], "    "), ""]
    required = schema.get("required", [])
    for wire, inner in schema["properties"].items():
        kind = python_type(wire, inner)
        lines.append(f"    {snake(wire)}: {kind}" if wire in required else f"    {snake(wire)}: {kind} | None = None")
        if doc := field_doc(wire, inner):
            lines.append(docstring(doc, "    "))
    if schema.get("additionalProperties") == {}:
        lines.append("    extra: Mapping[str, Any] = field(default_factory=dict)")
        lines.append(docstring("Other fields of the server's request, in its key names. Default: none.", "    "))
    return "\n".join(lines)


def details_class(name: str, doc: str, schema: Schema) -> str:
    """Every field has a default, so that a failure can be read even if details are missing."""
    lines = ["@dataclass(frozen=True, kw_only=True)", f"class {name}:", docstring(doc, "    "), ""]
    required = schema.get("required", [])
    for wire, inner in schema["properties"].items():
        kind, default = {"integer": ("int", "0"), "string": ("str", '""'), "array": ("tuple[InputProblem, ...]", "()")}[
            inner["type"]
        ]
        lines.append(
            f"    {snake(wire)}: {kind} = {default}" if wire in required else f"    {snake(wire)}: {kind} | None = None"
        )
        if description := inner.get("description"):
            lines.append(docstring(description.rstrip(".") + ".", "    "))
    return "\n".join(lines)


def contract() -> str:
    schema = json.loads((SCHEMAS / "input.json").read_text(encoding="utf-8"))
    parts = [HEADER.strip()]
    for wire, name in CLASSES.items():
        parts.append(input_class(name, without_null(schema["properties"][wire])))
    parts.append(input_class("ConversationInput", schema))
    for path in sorted(SCHEMAS.glob("*.json")):
        if path.stem == "input":
            continue
        details = json.loads(path.read_text(encoding="utf-8"))
        if path.stem == "InvalidInput":
            problem = details["properties"]["problems"]["items"]
            parts.append(details_class("InputProblem", CLASS_DOCS["InputProblem"], problem))
        parts.append(details_class(f"{path.stem}Details", f"The details of the failure `{path.stem}`.", details))
    return "\n\n\n".join(parts) + "\n"


def main() -> int:
    files = {
        PACKAGE / "_contract.py": contract(),
        PACKAGE / "input.schema.json": (SCHEMAS / "input.json").read_text(encoding="utf-8"),
    }
    if "--check" in sys.argv:
        old = [path.name for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
        if old:
            print(f"not up to date: {', '.join(old)} (npm run schema)")
        return 1 if old else 0
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
