"""What an operator writes into ``REDIS_URL``, taken apart."""

import pytest
from redis.retry import Retry

from accounts.processes.redis_client import channels_host
from accounts.processes.redis_url import RedisAddress, redis_address


def test_what_is_named_is_taken_apart() -> None:
    """Hosts, ports, master, database, user, options, and the login at the Sentinels."""
    assert redis_address("unix:///run/redis.sock") == RedisAddress("one", "unix:///run/redis.sock")
    found = redis_address("rediss+sentinel://u:p%40@a,[::1]:7/name/2?sentinel_password=s&ssl_ca_certs=/ca")
    assert found == RedisAddress(
        "sentinel",
        "rediss://u:p%40@localhost/2?ssl_ca_certs=%2Fca",
        (("a", 26379), ("::1", 7)),
        "name",
        (("password", "s"),),
    )
    nodes = (("a", 6379), ("b", 1))
    assert redis_address("redis+cluster://a,b:1") == RedisAddress("cluster", "redis://localhost/0", nodes)
    host = channels_host("redis+sentinel://u:p@a/name/2")
    assert isinstance(host, dict)
    assert isinstance(host["sentinel_kwargs"].pop("retry"), Retry)  # one that asks no second time
    assert host == {
        "sentinels": [("a", 26379)], "master_name": "name", "db": 2, "username": "u", "password": "p",
        "sentinel_kwargs": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }  # fmt: skip
    for bad in (
        "redis+sentinel://a", "redis+sentinel://a/name/x", "redis+cluster://a/1", "redis+cluster://",
        "redis+other://a", "redis+cluster://secret:x", "redis+sentinel://secret@a:b/n",
    ):  # fmt: skip
        with pytest.raises(ValueError, match="REDIS_URL") as told:
            redis_address(bad)
        assert "secret" not in str(told.value)
