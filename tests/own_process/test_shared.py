"""What a process of the tests makes once, however many clients it has."""

import importlib.metadata
import ssl
from typing import Any

import httpx
import pytest

from tests.own_process.static_files import ListedOnce


def test_http_clients_share_the_authorities() -> None:
    """They are read once; who asks for anything else, or for nothing, has a context alone."""
    assert httpx.create_ssl_context() is httpx.create_ssl_context()
    assert httpx.create_ssl_context(verify=False) is not httpx.create_ssl_context(verify=False)
    assert ssl.create_default_context() is not ssl.create_default_context()


def test_a_version_is_read_once() -> None:
    """Each test asks for one; who asks for what is not installed is told so each time."""
    assert importlib.metadata.version("twisted") is importlib.metadata.version("twisted")
    for _ in range(2):
        with pytest.raises(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version("nothing-of-this-name")


def test_static_files_are_listed_once() -> None:
    """Each client of the pages loads its own middleware, and all serve the same files."""

    async def nothing(_: Any) -> Any:
        return None

    first, second = ListedOnce(nothing), ListedOnce(nothing)
    assert first.files is second.files
    assert "/static/evenkeel/frame.css" in first.files
