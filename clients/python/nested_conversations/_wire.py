"""Converts between the dataclasses of the contract and their JSON, where `api_url` is `apiUrl`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    D = TypeVar("D", bound=DataclassInstance)
else:
    D = TypeVar("D")

#: A dataclass's field whose keys are put beside the other fields in JSON, in the server's own names.
EXTRA = "extra"


def camel(name: str) -> str:
    """The name of a field in JSON."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def to_wire(value: Any) -> Any:
    """The value in JSON. Fields that are `None` are left out. A `timedelta` becomes a Temporal duration string."""
    if is_dataclass(value) and not isinstance(value, type):
        wire: dict[str, Any] = dict(getattr(value, EXTRA, {}))
        for item in fields(value):
            inner = getattr(value, item.name)
            if inner is not None and item.name != EXTRA:
                wire[camel(item.name)] = to_wire(inner)
        return wire
    if isinstance(value, timedelta):
        return f"{value / timedelta(milliseconds=1):g} ms"
    if isinstance(value, tuple):
        return list(value)
    return value


def from_wire(cls: type[D], wire: object) -> D:
    """The fields of a dataclass in a JSON object. Unknown keys and values of another type are left out."""
    if not isinstance(wire, Mapping):
        return cls()
    hints = get_type_hints(cls)
    known: dict[str, Any] = {}
    for item in fields(cls):
        value = wire.get(camel(item.name))
        hint = hints[item.name]
        if get_origin(hint) is tuple:
            [of, _] = get_args(hint)
            if isinstance(value, list):
                known[item.name] = tuple(from_wire(of, inner) for inner in value)
        elif isinstance(value, get_args(hint) or hint) and not isinstance(value, bool):
            known[item.name] = value
    return cls(**known)
