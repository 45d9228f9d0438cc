"""Which addresses an account may be asked at."""

import pytest

from accounts.addresses import is_loopback, is_refused, origin

REFUSED = (
    "169.254.169.254", "169.254.0.1", "fe80::1", "[fe80::1%25eth0]", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "::ffff:a9fe:a9fe", "2002:a9fe:a9fe::1", "2852039166", "0xa9fea9fe",
    "0251.0376.0251.0376", "169.254.43518", "169.16689662", "0xA9.254.0251.254", "metadata.google.internal",
    "METADATA.google.internal.", "metadata.goog", "metadata", "instance-data", "100.100.100.200",
    "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "64:ff9b:1::a9fe:a9fe",
    "::169.254.169.254", "\uff11\uff16\uff19.254.169.254", "\u2460\u2465\u2468.254.169.254",
    "169\u3002254\u3002169\uff61254", "\uff4d\uff45tadata.google\uff0einternal",
)  # fmt: skip
TAKEN = (
    "127.0.0.1", "localhost", "::1", "10.0.0.7", "192.168.1.2", "fd12::1", "api.anthropic.com", "8.8.8.8",
    "vllm", "169.253.0.1", "metadata.example.com", "1.2.3", "0x7f.1", "256.1.1.1", "1.2.3.4.5", "09.1.1.1",
    "", "a..b",
)  # fmt: skip


@pytest.mark.parametrize("host", REFUSED)
def test_metadata_services_and_link_local_addresses_are_refused(host: str) -> None:
    """In every notation that a resolver takes."""
    assert is_refused(host)


@pytest.mark.parametrize("host", TAKEN)
def test_every_other_host_is_taken(host: str) -> None:
    """Private networks too: models are served there."""
    assert not is_refused(host)


@pytest.mark.parametrize(
    ("host", "stays"),
    [
        ("localhost", True), ("a.localhost", True), ("127.8.0.1", True), ("::1", True), ("2130706433", True),
        ("::ffff:127.0.0.1", True), ("10.0.0.1", False), ("localhost.example", False), ("vllm", False),
    ],
)  # fmt: skip
def test_what_stays_on_this_machine(host: str, stays: bool) -> None:
    """There plain http is read by nobody else."""
    assert is_loopback(host) is stays


def test_an_origin_is_scheme_host_and_port() -> None:
    """However it is written; nothing else tells where a credential goes."""
    same = ("https://a.example", "https://A.example:443/v1", "https://a.example./")
    assert {origin(url) for url in same} == {("https", "a.example", 443)}
    assert origin("http://a.example") == ("http", "a.example", 80)
    assert origin("https://a.example:8443/x") == ("https", "a.example", 8443)
