"""Behaviour 9: three layers, time-to-live on read, least recently used goes first, nothing too short."""

import pytest

from relay.engine.healing.signatures import (
    MIN_SIGNATURE_LENGTH,
    RENEWED_AFTER,
    SIGNATURE_TTL,
    TURNS_PER_SESSION,
    Remembered,
    SignatureCache,
    handle_for,
    is_handle,
)

NOW = 1_000_000.0


def signed(letter: str = "a", at: float = NOW, family: str = "gemini-3") -> Remembered:
    """A signature of the least length that is one."""
    return Remembered(letter * MIN_SIGNATURE_LENGTH, family, at)


TOO_SHORT = Remembered("a" * (MIN_SIGNATURE_LENGTH - 1), "gemini-3", NOW)


def test_the_tool_layer_knows_a_call_by_session_and_id() -> None:
    """What upstream gave for a call is found by that call's id, in its own session only."""
    cache = SignatureCache()
    assert cache.cache_tool_signature("s1", "call_1", signed())
    assert cache.tool_signature("s1", "call_1", NOW) == signed()
    assert cache.tool_signature("s1", "call_2", NOW) is None
    assert cache.tool_signature("s2", "call_1", NOW) is None


def test_a_call_without_an_id_has_no_place() -> None:
    """Calls without ids would all be one."""
    cache = SignatureCache()
    assert not cache.cache_tool_signature("s1", "", signed())
    assert cache.tool_signature("s1", "", NOW) is None


def test_the_family_layer_knows_who_can_read_a_signature() -> None:
    """By the signature itself, whatever the session; an unknown one has no family."""
    cache = SignatureCache()
    assert cache.cache_family(signed("a", family="claude"))
    assert cache.cache_family(signed("b", family="gemini-2.5"))
    assert cache.family_of("a" * MIN_SIGNATURE_LENGTH, NOW) == "claude"
    assert cache.family_of("b" * MIN_SIGNATURE_LENGTH, NOW) == "gemini-2.5"
    assert cache.family_of("c" * MIN_SIGNATURE_LENGTH, NOW) == ""


def test_the_session_layer_knows_a_block_of_a_turn() -> None:
    """By session, the assistant turn's hash, and the kind of block that the signature stood in."""
    cache = SignatureCache()
    assert cache.cache_session_signature("s1", "turn", "thinking", signed("a"))
    assert cache.cache_session_signature("s1", "turn", "text", signed("b"))
    assert cache.session_signature("s1", "turn", "thinking", NOW) == signed("a")
    assert cache.session_signature("s1", "turn", "text", NOW) == signed("b")
    assert cache.session_signature("s1", "turn", "tool_call", NOW) is None
    assert cache.session_signature("s1", "other turn", "thinking", NOW) is None
    assert cache.session_signature("s2", "turn", "thinking", NOW) is None


def test_anything_shorter_than_50_characters_is_never_stored() -> None:
    """MIN_SIGNATURE_LENGTH holds for each layer."""
    cache = SignatureCache()
    assert not cache.cache_tool_signature("s1", "call_1", TOO_SHORT)
    assert not cache.cache_family(TOO_SHORT)
    assert not cache.cache_session_signature("s1", "turn", "thinking", TOO_SHORT)
    assert cache.tool_signature("s1", "call_1", NOW) is None
    assert cache.family_of(TOO_SHORT.value, NOW) == ""
    assert cache.session_signature("s1", "turn", "thinking", NOW) is None


def test_time_to_live_is_checked_on_read() -> None:
    """Two hours after the writing a signature is gone, read in between or not."""
    cache = SignatureCache()
    cache.cache_tool_signature("s1", "call_1", signed())
    cache.cache_family(signed())
    cache.cache_session_signature("s1", "turn", "thinking", signed())
    last = NOW + SIGNATURE_TTL
    assert cache.tool_signature("s1", "call_1", last + 0.1) is None
    assert cache.family_of(signed().value, last + 0.1) == ""
    assert cache.session_signature("s1", "turn", "thinking", last + 0.1) is None
    assert cache.tool_signature("s1", "call_1", NOW) is None, "what is too old was thrown away"


def test_what_a_conversation_uses_is_kept() -> None:
    """However long it goes on: its early turns keep their bytes, and upstream its cache; told for others."""
    cache = SignatureCache()
    cache.cache_tool_signature("s1", "call_1", signed())
    cache.cache_family(signed())
    cache.cache_session_signature("s1", "turn", "thinking", signed())
    assert cache.tool_signature("s1", "call_1", NOW + RENEWED_AFTER) == signed()
    assert not cache.renewed
    for hours in range(1, 9):
        now = NOW + 3601 * hours
        assert cache.tool_signature("s1", "call_1", now) == signed(at=now)
        assert cache.family_of(signed().value, now)
        assert cache.session_signature("s1", "turn", "thinking", now) == signed(at=now)
        assert [looked_for.layer for looked_for, _ in cache.renewed] == ["tool", "family", "session"]
        cache.renewed.clear()
    assert cache.tool_signature("s1", "call_1", now + SIGNATURE_TTL + 0.1) is None


def test_writing_again_renews() -> None:
    """The time runs from the last writing, and the newest signature is the one that counts."""
    cache = SignatureCache()
    cache.cache_tool_signature("s1", "call_1", signed("a", at=NOW))
    cache.cache_tool_signature("s1", "call_1", signed("b", at=NOW + 100))
    last = NOW + 100 + SIGNATURE_TTL
    assert cache.tool_signature("s1", "call_1", last) == signed("b", at=last)


@pytest.mark.parametrize("layer", ["tool", "family"])
def test_the_least_recently_used_goes_first(layer: str) -> None:
    """Reading is using: of three in a layer for two, the one that nobody asked for is gone."""
    cache = SignatureCache(tool_limit=2, family_limit=2)

    def put(letter: str) -> None:
        if layer == "tool":
            cache.cache_tool_signature("s1", letter, signed(letter))
        else:
            cache.cache_family(signed(letter))

    def has(letter: str) -> bool:
        if layer == "tool":
            return cache.tool_signature("s1", letter, NOW) is not None
        return cache.family_of(letter * MIN_SIGNATURE_LENGTH, NOW) != ""

    put("a")
    put("b")
    assert has("a")
    put("c")
    assert (has("a"), has("b"), has("c")) == (True, False, True)


def test_the_least_recently_used_session_goes_first() -> None:
    """The limit of the session layer counts sessions."""
    cache = SignatureCache(session_limit=2)
    for session in ("s1", "s2"):
        cache.cache_session_signature(session, "turn", "thinking", signed())
    assert cache.session_signature("s1", "turn", "thinking", NOW)
    cache.cache_session_signature("s3", "turn", "thinking", signed())
    known = [bool(cache.session_signature(f"s{n}", "turn", "thinking", NOW)) for n in (1, 2, 3)]
    assert known == [True, False, True]


def test_the_defaults_are_500_calls_200_families_1000_sessions() -> None:
    """Behaviour's table of limits."""
    cache = SignatureCache()
    for number in range(1001):
        entry = Remembered(f"{number:050d}", "claude", NOW)
        cache.cache_tool_signature("s", str(number), entry)
        cache.cache_family(entry)
        cache.cache_session_signature(str(number), "turn", "thinking", entry)
    values = [f"{number:050d}" for number in range(1001)]
    assert sum(cache.tool_signature("s", str(n), NOW) is not None for n in range(1001)) == 500
    assert sum(cache.family_of(value, NOW) != "" for value in values) == 200
    known = [cache.session_signature(str(n), "turn", "thinking", NOW) is not None for n in range(1001)]
    assert sum(known) == 1000


def test_one_session_cannot_grow_for_ever() -> None:
    """A conversation of more turns than that forgets its oldest."""
    cache = SignatureCache()
    for turn in range(TURNS_PER_SESSION + 1):
        cache.cache_session_signature("s1", str(turn), "thinking", signed())
    assert cache.session_signature("s1", "0", "thinking", NOW) is None
    assert cache.session_signature("s1", "1", "thinking", NOW)


def test_what_upstream_refused_is_forgotten() -> None:
    """Nothing puts a refused signature back, neither by call nor by turn; others stay."""
    cache = SignatureCache()
    cache.cache_tool_signature("s1", "call_1", signed("a"))
    cache.cache_tool_signature("s1", "call_2", signed("b"))
    cache.cache_session_signature("s1", "turn_1", "thinking", signed("a"))
    cache.cache_session_signature("s1", "turn_2", "thinking", signed("b"))
    cache.forget("s1", signed("a").value)
    cache.forget("unknown session", signed("a").value)
    assert cache.tool_signature("s1", "call_1", NOW) is None
    assert cache.session_signature("s1", "turn_1", "thinking", NOW) is None
    assert cache.tool_signature("s1", "call_2", NOW)
    assert cache.session_signature("s1", "turn_2", "thinking", NOW)


@pytest.mark.parametrize("index", [0, 7, 12345])
def test_a_handle_is_recognisable_and_long_enough(index: int) -> None:
    """Our stand-in towards clients: at least 50 characters, one per block, and no signature of anybody."""
    handle = handle_for("0" * 32, index)
    assert len(handle) >= MIN_SIGNATURE_LENGTH
    assert is_handle(handle)
    assert not is_handle(signed().value)
    assert handle != handle_for("0" * 32, index + 1)
    assert handle != handle_for("1" * 32, index)
    assert handle == handle_for("0" * 32, index)


def filled() -> SignatureCache:
    """Two sessions, with signatures of all layers, some of them old."""
    cache = SignatureCache(tool_limit=4, family_limit=4, session_limit=2)
    for session in "s1", "s2":
        cache.cache_tool_signature(session, "old", signed("a", NOW - RENEWED_AFTER - 1))
        cache.cache_tool_signature(session, "new", signed("b"))
        cache.cache_session_signature(session, "turn", "thinking", signed("c", NOW - RENEWED_AFTER - 1))
    cache.cache_family(signed("d", family="claude"))
    cache.cache_family(signed("e"))
    return cache


def looked_through(cache: SignatureCache) -> list[object]:
    """What a request of the first session finds."""
    return [
        cache.tool_signature("s1", "old", NOW),
        cache.tool_signature("s1", "never", NOW),
        cache.session_signature("s1", "turn", "thinking", NOW),
        cache.session_signature("s1", "turn", "text", NOW),
        cache.family_of("d" * MIN_SIGNATURE_LENGTH, NOW),
        cache.family_of("f" * MIN_SIGNATURE_LENGTH, NOW),
    ]


def forgotten_first(cache: SignatureCache) -> list[object]:
    """What is left when as much comes as there is room for; and what is to be kept, or read elsewhere."""
    left = []
    for number in range(4):
        cache.cache_tool_signature("s3", f"{number}", signed("x"))
        cache.cache_family(signed("ghij"[number]))
        kept = [cache._tools.get((session, name), NOW) for session in ("s1", "s2") for name in ("old", "new")]
        left += [*kept, list(cache._families._entries), list(cache._sessions)]
    cache.cache_session_signature("s3", "turn", "text", signed("y"))
    return [*left, list(cache._sessions), list(cache.missed), list(cache.renewed)]


def test_a_look_into_a_copy_comes_to_the_same_as_one_into_the_cache() -> None:
    """The same is found; and, looked for again, the same is missed, renewed, and forgotten last."""
    direct, aside = filled(), filled()
    copy = aside.of_session("s1")
    assert looked_through(copy) == looked_through(direct)
    assert not aside.missed
    assert not aside.renewed
    aside.look_again(copy.looks, NOW)
    assert forgotten_first(aside) == forgotten_first(direct)


def test_a_copy_holds_nothing_of_another_session_and_hears_of_nothing_new() -> None:
    """Another thread reads it while the cache goes on."""
    cache = filled()
    copy = cache.of_session("s1")
    assert copy.tool_signature("s2", "new", NOW) is None
    assert copy.session_signature("s2", "turn", "thinking", NOW) is None
    cache.forget("s1", "b" * MIN_SIGNATURE_LENGTH)
    cache.cache_tool_signature("s1", "newer", signed("z"))
    assert copy.tool_signature("s1", "new", NOW) == signed("b")
    assert copy.tool_signature("s1", "newer", NOW) is None
