"""What was changed in a request, as many words as anybody reads. PURE.

Names of the client's fields stand in them: a body with a hundred thousand fields that nobody knows would fill
the record, and each is compared with those of the request before it.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

MOST_CHANGES: Final = 100
LONGEST_CHANGE: Final = 200
AND_MORE: Final = "and more changes of the kind"


def told_changes(changes: Iterable[str]) -> tuple[str, ...]:
    """Each once and in order, of at most ``LONGEST_CHANGE`` characters; the last says that there are more."""
    once = dict.fromkeys(_shortened(change) for change in changes)
    if len(once) <= MOST_CHANGES:
        return tuple(once)
    return (*islice(once, MOST_CHANGES), AND_MORE)


def _shortened(change: str) -> str:
    return change if len(change) <= LONGEST_CHANGE else change[: LONGEST_CHANGE - 2] + " …"
