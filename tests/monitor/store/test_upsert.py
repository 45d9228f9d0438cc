"""What is stored of a value that its column does not take as it is."""

import msgspec
import pytest
from django.db import connection, models

from monitor.models import RequestLog
from monitor.record.records import RequestRecord
from monitor.record.stored_text import stored_text
from monitor.store.upsert import LARGEST, _plan
from tests.monitor.shelf import ENDED, NewRecord

NAMES = [field.name for field in msgspec.structs.fields(RequestRecord)]
TEXTS = [
    name
    for name in NAMES
    if isinstance(RequestLog._meta.get_field(name), models.CharField | models.TextField)
    and name not in ("outcome", "ended_by", "ended_in")
]
NUMBERS = [name for name in NAMES if isinstance(RequestLog._meta.get_field(name), models.BigIntegerField)]


def parameters(row: RequestRecord) -> dict[str, object]:
    """What the database is given for each column."""
    return dict(zip(NAMES, _plan(RequestRecord, connection.vendor)[1](row), strict=True))


@pytest.mark.parametrize("text", ["x" * 5_000, "a\0b", "\ud800", "é" * 5_000, "日本\0語"])
def test_one_text_that_does_not_fit_is_changed_and_no_other(text: str, request_record: NewRecord) -> None:
    """Whichever column it is: cut, without NUL or half a character; all else is as in a row that fits."""
    assert len(TEXTS) > 10
    row = request_record(**ENDED)
    plain = parameters(row)
    for name in TEXTS:
        limit = getattr(RequestLog._meta.get_field(name), "max_length", None)
        changed = parameters(msgspec.structs.replace(row, **{name: text}))
        assert changed == plain | {name: stored_text(text, limit)}


@pytest.mark.parametrize("sign", [1, -1])
def test_one_number_that_does_not_fit_is_changed_and_no_other(sign: int, request_record: NewRecord) -> None:
    """Whichever column it is: the largest or least that every database takes."""
    assert len(NUMBERS) > 10
    row = request_record(**ENDED)
    plain = parameters(row)
    for name in NUMBERS:
        assert parameters(msgspec.structs.replace(row, **{name: sign * 2**64})) == plain | {
            name: sign * LARGEST
        }


def test_names_of_enumerations_are_plain_texts(request_record: NewRecord) -> None:
    """Drivers would look for what to do with their types."""
    stored = parameters(request_record(**ENDED))
    assert [type(stored[name]) for name in ("outcome", "ended_by", "ended_in")] == [str] * 3
