"""The world that the pages are looked at in."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.running_server import ServerWorld
from tests.served.operators import make_operator
from tests.served.world import World, lasting_world


@contextmanager
def console(server_world: ServerWorld) -> Iterator[World]:
    """A server with an operator, and requests of which some were broken on purpose."""
    with lasting_world(server_world) as world:
        make_operator(world)
        world.messages("A plain question.")
        world.messages("An empty answer first. [fault: empty, ok]")
        world.row(world.messages("Nothing at all. [fault: stop_empty*]"))
        world.clear_marks()
        world.row(world.gemini("<script>window.hacked = 1</script> \u202eturned"))
        yield world
