"""What a process of the tests makes once, however many clients it has."""

import ssl
from typing import Any

import httpx

from tests.own_process.static_files import ListedOnce


def test_http_clients_share_the_authorities() -> None:
    """They are read once; who asks for anything else, or for nothing, has a context alone."""
    assert httpx.create_ssl_context() is httpx.create_ssl_context()
    assert httpx.create_ssl_context(verify=False) is not httpx.create_ssl_context(verify=False)
    assert ssl.create_default_context() is not ssl.create_default_context()


def test_static_files_are_listed_once() -> None:
    """Each client of the pages loads its own middleware, and all serve the same files."""

    async def nothing(_: Any) -> Any:
        return None

    first, second = ListedOnce(nothing), ListedOnce(nothing)
    assert first.files is second.files
    assert "/static/evenkeel/frame.css" in first.files
