"""Copies a Temporal client with another setting."""

from __future__ import annotations

from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter


def client_with(
    client: Client, *, data_converter: DataConverter | None = None, interceptor: Interceptor | None = None
) -> Client:
    """A copy of the client on the same connection.

    Args:
        client: The client to copy.
        data_converter: Replaces the client's. Default: the client's.
        interceptor: Called after the client's own interceptors. Default: none.
    """
    config = client.config(active_config=True)
    # The configuration already includes what plugins have set.
    config["plugins"] = []
    if data_converter is not None:
        config["data_converter"] = data_converter
    if interceptor is not None:
        config["interceptors"] = [*config["interceptors"], interceptor]
    return Client(**config)
