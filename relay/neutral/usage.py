"""What an answer used, as upstream counts it, and how later counts join earlier ones. PURE."""

import msgspec

Media = tuple[tuple[str, int], ...]


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Token counts known so far; None = not told. ``output`` includes ``thinking``.

    ``cache_write_1h`` is the part of ``cache_write`` that is kept for an hour; ``searches`` is the part of
    ``server_tools`` that searched the web: both have prices of their own. ``tier`` is how the answer was
    made where that is priced apart (``fast``, ``flex`` …), "" for the usual way; ``geo`` where, likewise
    (``us``). ``media`` are the parts of input and output that are no text, by ``media_part``.
    ``drawn`` are tokens of the image model ``drawn_by``, whom the model had draw: they are in no other count.
    ``cache_miss`` is upstream's own word for why its cache was not read, "" where it says nothing, and
    ``cache_missed`` how many tokens it says that cost. With ``is_cumulative`` a later one replaces the fields
    it tells; otherwise they are added.
    """

    input_uncached: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output: int | None = None
    thinking: int | None = None
    server_tools: int | None = None
    is_cumulative: bool = True
    cache_write_1h: int | None = None
    searches: int | None = None
    tier: str = ""
    geo: str = ""
    media: Media = ()
    cache_miss: str = ""
    cache_missed: int | None = None
    drawn: Media = ()
    drawn_by: str = ""


def media_part(medium: str, part: str) -> str:
    """The name of the tokens of ``medium`` (audio, image, video) in a ``part`` (in, cached, out).

    ``in`` is what came from no cache; prices differ by these (``monitor/pricing/cost.py``).
    """
    return f"{medium}_tokens_{part}"


def merged(old: Usage, new: Usage) -> Usage:
    """``old`` with what ``new`` tells: replaced where ``new`` is cumulative, else added."""
    if not new.is_cumulative:
        return Usage(
            _sum(old.input_uncached, new.input_uncached),
            _sum(old.cache_read, new.cache_read),
            _sum(old.cache_write, new.cache_write),
            _sum(old.output, new.output),
            _sum(old.thinking, new.thinking),
            _sum(old.server_tools, new.server_tools),
            True,
            _sum(old.cache_write_1h, new.cache_write_1h),
            _sum(old.searches, new.searches),
            new.tier or old.tier,
            new.geo or old.geo,
            _sums(old.media, new.media),
            new.cache_miss or old.cache_miss,
            _sum(old.cache_missed, new.cache_missed),
            _sums(old.drawn, new.drawn),
            new.drawn_by or old.drawn_by,
        )
    # Written out, for some upstreams tell their usage with every event.
    return Usage(
        old.input_uncached if new.input_uncached is None else new.input_uncached,
        old.cache_read if new.cache_read is None else new.cache_read,
        old.cache_write if new.cache_write is None else new.cache_write,
        old.output if new.output is None else new.output,
        old.thinking if new.thinking is None else new.thinking,
        old.server_tools if new.server_tools is None else new.server_tools,
        True,
        old.cache_write_1h if new.cache_write_1h is None else new.cache_write_1h,
        old.searches if new.searches is None else new.searches,
        new.tier or old.tier,
        new.geo or old.geo,
        new.media or old.media,
        new.cache_miss or old.cache_miss,
        old.cache_missed if new.cache_missed is None else new.cache_missed,
        new.drawn or old.drawn,
        new.drawn_by or old.drawn_by,
    )


def _sums(
    before: tuple[tuple[str, int], ...], now: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, int], ...]:
    if not before or not now:
        return before or now
    sums = dict(before)
    for name, count in now:
        sums[name] = sums.get(name, 0) + count
    return tuple(sums.items())


def _sum(before: int | None, now: int | None) -> int | None:
    return before if now is None else (before or 0) + now
