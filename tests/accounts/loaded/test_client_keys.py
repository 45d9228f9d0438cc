"""Who may ask."""

import hashlib

import msgspec

from accounts.loaded.client_keys import CallerKey, KeyRing
from accounts.snapshot import KeyView


def view_of(number: int, value: str) -> KeyView:
    return KeyView(number, f"name {number}", hashlib.sha256(value.encode()).digest(), number % 2 == 0)


def test_find() -> None:
    """A key names its caller; anything else names nobody."""
    ring = KeyRing()
    ring.load([view_of(1, "sk-one"), view_of(2, "sk-two")])
    assert ring.find("sk-two") == CallerKey(2, "name 2", True)
    for stranger in ("sk-three", "", "two", "SK-two", "sk-two ", "sk-\udcff", "sk-" + "x" * 100_000):
        assert ring.find(stranger) is None


def test_only_what_begins_with_sk_is_a_key() -> None:
    """A key that lacks the prefix is refused even if somebody stored its digest."""
    ring = KeyRing()
    ring.load([view_of(1, "one")])
    assert ring.find("one") is None


def test_a_removed_key_is_refused() -> None:
    """After a reload only the keys that are there now count."""
    ring = KeyRing()
    ring.load([view_of(1, "sk-one")])
    ring.load([])
    assert ring.find("sk-one") is None


def test_last_use_is_noted() -> None:
    """Each use is told with its time, a refused key is not."""
    used: list[tuple[int, float]] = []
    ring = KeyRing(lambda number, at: used.append((number, at)), lambda: 5.0)
    ring.load([view_of(1, "sk-one")])
    ring.find("sk-one")
    ring.find("sk-two")
    assert used == [(1, 5.0)]


def test_a_replaced_value_is_valid_until_its_end() -> None:
    """Both values name the same caller until then; the old one nobody from that moment on."""
    now = [10.0]
    ring = KeyRing(now=lambda: now[0])
    new, old = view_of(1, "sk-new"), view_of(1, "sk-old")
    ring.load([msgspec.structs.replace(new, previous_digest=old.digest, previous_until=20.0)])
    assert ring.find("sk-old") == ring.find("sk-new") == CallerKey(1, "name 1", False)
    now[0] = 20.0
    assert ring.find("sk-old") is None
    assert ring.find("sk-new") is not None


def test_a_key_in_use_outweighs_another_ones_old_value() -> None:
    """Whatever the order in which they are loaded."""
    first = msgspec.structs.replace(
        view_of(1, "sk-new"), previous_digest=view_of(1, "sk-two").digest, previous_until=9e9
    )
    second = view_of(2, "sk-two")
    for keys in ([first, second], [second, first]):
        ring = KeyRing()
        ring.load(keys)
        found = ring.find("sk-two")
        assert found is not None
        assert found.id == 2
