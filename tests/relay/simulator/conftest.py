"""A simulator in the test's own event loop."""

from collections.abc import AsyncIterator

import pytest_asyncio

from relay.simulator import Simulator


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running
