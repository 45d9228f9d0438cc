"""What the row of an attempt tells."""

import pytest

from tests.served.world import World


@pytest.mark.parametrize("fault", ["status=500", "empty"])
def test_a_failed_attempt_names_upstreams_request(world: World, fault: str) -> None:
    """Upstream's own id of the request that it refused or left empty: what its support asks for."""
    first, second = world.attempts(world.messages(f"Hello. [fault: {fault}, ok]"))
    assert first["upstream_request_id"]
    assert second["upstream_request_id"]
    assert first["upstream_request_id"] != second["upstream_request_id"]
