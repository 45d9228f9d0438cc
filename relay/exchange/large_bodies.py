"""Work on a body so large that everybody would wait for it: in a thread beside the event loop.

It is one thread: the interpreter gives the loop its turn every 5 ms while one other computes, and later with
each more. Who sends a large body waits for others that do, and nobody else does.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

LARGE_BYTES: Final = 512 * 1024
"""Reading so much takes 5 to 10 ms."""

MOST_PACKED: Final = 1_000
"""So many times smaller deflate makes a body at most."""

Result = TypeVar("Result")

_worker = ThreadPoolExecutor(1, thread_name_prefix="large-body")


async def beside_the_loop(size_bytes: int, work: Callable[[], Result]) -> Result:
    """What ``work`` gives; in the thread where it is about ``size_bytes`` that are many.

    ``work`` touches nothing that the loop may touch meanwhile. Who is cancelled while it runs has its result
    all the same, and is cancelled where it waits next: what was begun is known, and not half done.
    """
    if size_bytes < LARGE_BYTES:
        return work()
    job = _worker.submit(work)
    result = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(result)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or job.cancel():
            raise  # it had not begun
        await asyncio.wait([result])
        task.uncancel()
        task.cancel()
        return result.result()
    finally:
        # What ``work`` raised knows this frame, and they know it: all that was read of a refused body would
        # stay with them until a garbage collection.
        del job, result


def most_bytes(raw: bytes, encoding: str) -> int:
    """How large ``raw`` may become, unpacked of its Content-Encoding."""
    return len(raw) * MOST_PACKED if encoding else 0
