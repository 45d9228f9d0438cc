"""A price that the operator sets holds in the running server, without a restart."""

import time
from decimal import Decimal

from tests.served.world import CLAUDE, World

LONGEST_SECONDS = 10.0
"""It takes a second; a busy machine is given more."""


def test_a_new_price_holds_soon(world: World) -> None:
    """The next exchanges are paid by it, those before keep their cost."""
    before = world.row(world.messages("Before."))
    assert before["cost"]
    made = (
        "from decimal import Decimal; from monitor.models import ModelPrice; "
        f"ModelPrice.objects.create(pattern='{CLAUDE[:-1]}*', input_price=0, output_price=Decimal(10**6))"
    )
    world.server.manage("shell", "-v0", "-c", made)
    try:
        ends_at = time.monotonic() + LONGEST_SECONDS
        row = world.row(world.messages("After."))
        while Decimal(str(row["cost"])) != row["tokens_out"]:
            assert time.monotonic() < ends_at, "the price did not reach the server"
            row = world.row(world.messages("After."))
        assert world.row(before["id"])["cost"] == before["cost"]
    finally:
        gone = "from monitor.models import ModelPrice; ModelPrice.objects.all().delete()"
        world.server.manage("shell", "-v0", "-c", gone)
