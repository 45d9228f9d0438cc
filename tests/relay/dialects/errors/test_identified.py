"""Our request id in an error, beside upstream's."""

from relay.dialects.errors.identified import identified


def test_ours_is_the_id_and_upstreams_stands_beside_it() -> None:
    """Upstream's of the body counts before that of the header; what is no id is none."""
    table = [
        ({}, "", {"request_id": "r"}),
        ({}, "up", {"request_id": "r", "upstream_request_id": "up"}),
        ({"request_id": "own"}, "up", {"request_id": "r", "upstream_request_id": "own"}),
        ({"request_id": ""}, "up", {"request_id": "r", "upstream_request_id": "up"}),
        ({"request_id": None}, "", {"request_id": "r"}),
        ({"request_id": 7, "code": 7}, "", {"request_id": "r", "code": 7}),
    ]
    for told, upstreams_id, expected in table:
        assert identified(told, "r", upstreams_id) == expected, told
