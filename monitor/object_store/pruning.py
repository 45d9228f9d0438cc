"""A day's contents go when all of its bodies are gone from the database."""

import logging
from collections.abc import Iterator

from monitor.object_store.keys import days_before
from monitor.object_store.store import StoreAway, configured

logger = logging.getLogger(__name__)


def forget_days(before: str) -> Iterator[int]:
    """Remove the days that ended before that id's began; yields 0 now and then, for rows are what is counted.

    Which days there are the store says: what it did not remove today it is asked for the next time.
    """
    store = configured()
    if store is None or not before:
        return
    try:
        for day in days_before(store.days(), before):
            for _ in store.delete_day(day):
                yield 0
    except StoreAway as error:
        logger.warning("Old bodies stay in their store until the next hour: %s", error)
