"""An answer that broke off goes by itself, with its connection: no garbage collection has to find it."""

import asyncio
import gc
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock
from weakref import ref

import aiohttp
import httpx
import pytest
from aiohttp.base_protocol import BaseProtocol

from relay.upstream.connection.transport import AnswerBytes


@pytest.mark.parametrize("error", [aiohttp.ClientPayloadError("cut"), ValueError("odd")])
@pytest.mark.parametrize("is_waiting", [True, False])
async def test_whatever_broke_it(error: Exception, is_waiting: bool) -> None:
    """While somebody waited for more of it, or before."""
    loop = asyncio.get_running_loop()
    content = aiohttp.StreamReader(cast(BaseProtocol, Mock()), 2**16, loop=loop)
    answer = AnswerBytes(cast(Any, SimpleNamespace(content=content)))
    (loop.call_soon if is_waiting else lambda act, told: act(told))(content.set_exception, error)
    gc.disable()
    try:
        with pytest.raises((httpx.HTTPError, ValueError)) as raised:
            await answer.read()
        assert raised.value.__traceback__ is not None
        left = ref(answer)
        del raised, answer, content
        assert left() is None
    finally:
        gc.enable()
