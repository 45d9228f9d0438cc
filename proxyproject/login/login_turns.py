"""Taking turns: so many at once, so many that wait, in order, and the rest is sent away."""

import asyncio


class TooMany(Exception):
    """As many wait already as may."""


class LoginTurn:
    """Somebody's turn; ``leave`` ends it, once."""

    def __init__(self, door: asyncio.Semaphore) -> None:
        self._door: asyncio.Semaphore | None = door

    def leave(self) -> None:
        """Let the next one in."""
        door, self._door = self._door, None
        if door is not None:
            door.release()


class LoginTurns:
    """``at_once`` inside, ``may_wait`` before the door."""

    def __init__(self, at_once: int, may_wait: int) -> None:
        self._door = asyncio.Semaphore(at_once)
        self._may_wait = may_wait
        self._waiting = 0

    async def take(self) -> LoginTurn:
        """Wait for a turn; raises TooMany."""
        if self._door.locked():
            if self._waiting >= self._may_wait:
                raise TooMany
            self._waiting += 1
            try:
                await self._door.acquire()
            finally:
                self._waiting -= 1
        else:
            await self._door.acquire()
        return LoginTurn(self._door)
