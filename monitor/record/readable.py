"""The record of a stored row with what of it can be read, for who shows and adds up rows, and changes none.

One odd row, of a newer version or a hand in the database, shall keep nobody from the others.
"""

import logging
from typing import Any, Final

import msgspec

from monitor.record.records import RequestRecord, record_of

logger = logging.getLogger(__name__)

_TYPES: Final = {field.name: field.type for field in msgspec.structs.fields(RequestRecord)}


def readable_record_of(values: dict[str, Any]) -> RequestRecord:
    """As ``record_of``; a column that cannot be read is as if nothing were known, and is told in the log.

    Raises what ``record_of`` raises where a column is needed that cannot be read.
    """
    try:
        return record_of(values)
    except msgspec.ValidationError:
        left = {name: value for name, value in values.items() if _is_readable(name, value)}
        logger.error("Of the request %s cannot be read: %s", values["id"], ", ".join(values.keys() - left))
        return record_of(left)


def _is_readable(name: str, value: Any) -> bool:
    if name == "started_at":  # a moment of Django's, not a number
        return True
    try:
        msgspec.convert(value, _TYPES[name])
    except msgspec.ValidationError:
        return False
    return True
