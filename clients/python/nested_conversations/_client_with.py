"""A Temporal client that is like another one but for something."""

from __future__ import annotations

from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter


def client_with(
    client: Client, *, data_converter: DataConverter | None = None, interceptor: Interceptor | None = None
) -> Client:
    """On the same connection.

    Args:
        client: The other one.
        data_converter: In place of the client's. Default: the same.
        interceptor: Within those of the client. Default: none.
    """
    config = client.config(active_config=True)
    # What they configure is in there already.
    config["plugins"] = []
    if data_converter is not None:
        config["data_converter"] = data_converter
    if interceptor is not None:
        config["interceptors"] = [*config["interceptors"], interceptor]
    return Client(**config)
