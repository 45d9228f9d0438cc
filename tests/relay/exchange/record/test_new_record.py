"""The id of an exchange that begins."""

from relay.exchange.record.new_record import new_id


def test_no_two_exchanges_have_one_id() -> None:
    """Also of the same moment, and when the store of random bytes is filled again."""
    ids = [new_id(1_800_000_000.0) for _ in range(2_000)]
    assert len(set(ids)) == len(ids)
