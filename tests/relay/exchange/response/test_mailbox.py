"""The mailbox between driver and response."""

import asyncio

from relay.exchange.response.mailbox import Mailbox


async def put(box: Mailbox[str], piece: bytes) -> None:
    """What the driver does with a piece."""
    await box.room()
    box.add(piece)


async def test_what_was_put_together_is_taken_together_and_the_end_comes_last() -> None:
    """Pieces that wait are one send; the end is told only when all of them were taken."""
    box: Mailbox[str] = Mailbox()
    await put(box, b"one ")
    await put(box, b"two")
    box.finish("end")
    assert await box.take(None) == b"one two"
    assert await box.take(None) == "end"
    assert await box.take(None) == "end"


async def test_taking_gives_none_after_silence() -> None:
    """A taker that waits for nothing is told so, and loses nothing that comes later."""
    box: Mailbox[str] = Mailbox()
    assert await box.take(0) is None
    await put(box, b"late")
    assert await box.take(0) == b"late"


async def test_a_full_box_holds_the_driver_back() -> None:
    """A client that does not read stops the reading of upstream."""
    box: Mailbox[str] = Mailbox(limit_bytes=4)
    await put(box, b"four")
    putting = asyncio.create_task(put(box, b"more"))
    await asyncio.sleep(0)
    assert not putting.done()
    assert await box.take(None) == b"four"
    await putting
    assert await box.take(None) == b"more"


async def test_an_abandoned_box_holds_nobody_back() -> None:
    """When the client has gone, the driver must come to its end."""
    box: Mailbox[str] = Mailbox(limit_bytes=1)
    await put(box, b"x")
    putting = asyncio.create_task(put(box, b"y"))
    await asyncio.sleep(0)
    box.abandon()
    await putting
    await put(box, b"z")


async def test_what_nobody_took_is_not_taken() -> None:
    """Neither what lay there when the client went, nor what came behind that."""
    for before, behind in ((b"x", b""), (b"", b"y")):
        box: Mailbox[str] = Mailbox()
        box.add(before)
        assert box.is_all_taken == (not before)
        box.abandon()
        box.add(behind)
        assert not box.is_all_taken


async def test_a_waiting_taker_is_woken_by_a_piece_and_by_the_end() -> None:
    """No polling: what is put is taken at once."""
    box: Mailbox[str] = Mailbox()
    taking = asyncio.create_task(box.take(60))
    await asyncio.sleep(0)
    await put(box, b"now")
    assert await taking == b"now"
    taking = asyncio.create_task(box.take(60))
    await asyncio.sleep(0)
    box.finish("over")
    assert await taking == "over"


async def test_a_taker_without_patience_is_not_woken_by_an_earlier_ones() -> None:
    """Who waits for all that comes has no silence to be told of, though a timer of before still rings."""
    box: Mailbox[str] = Mailbox()
    waiting = asyncio.create_task(box.take(60))
    await asyncio.sleep(0)
    box.add(b"first")
    assert await waiting == b"first"
    assert box._patience._timer is not None
    taking = asyncio.create_task(box.take(None))
    await asyncio.sleep(0)
    box._patience._timer._run()
    await asyncio.sleep(0)
    assert not taking.done()
    box.finish("end")
    assert await taking == "end"


async def test_each_silence_is_told_when_it_is_over() -> None:
    """The timer of an earlier wait is no shorter patience for a later one, and no longer one."""
    box: Mailbox[str] = Mailbox()
    loop = asyncio.get_running_loop()
    for patience in (0.2, 0.05, 0.1):
        taking = asyncio.create_task(box.take(patience))
        await asyncio.sleep(0)
        box.add(b"x")
        assert await taking == b"x"
        before = loop.time()
        assert await box.take(patience) is None
        assert loop.time() - before >= patience - 0.001


async def test_a_box_at_its_end_waits_for_no_timer() -> None:
    """What holds the answer's end is let go of when it is over."""
    box: Mailbox[str] = Mailbox()
    taking = asyncio.create_task(box.take(60))
    await asyncio.sleep(0)
    box.finish("end")
    assert await taking == "end"
    assert box._patience._timer is None
