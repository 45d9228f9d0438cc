"""Steps over what upstream said, which end in a failure where that makes no sense.

PURE. Whatever upstream sends is data: events that do not fit together are a broken answer.
"""

from collections.abc import Generator

from relay.engine.commands import Command, Interrupted, Reply
from relay.neutral.failures import Failure, stumbled

Steps = Generator[Command, Reply, Failure | None]


def understood(steps: Steps) -> Steps:
    """What ``steps`` comes to; an exception in them is a failure. The exchange's own end passes through."""
    try:
        return (yield from steps)
    except Interrupted:
        raise
    except Exception as error:
        return stumbled("understood", error)
