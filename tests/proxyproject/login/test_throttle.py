"""How long a login waits after failures, and who is not held up by a stranger's."""

from proxyproject.login.throttle import (
    FORGET_SECONDS,
    FREE_FAILURES,
    LONGEST_WAIT_SECONDS,
    MAX_REMEMBERED,
    Throttle,
)
from relay.admission.client_address import client_address


def failed(times: int, address: str = "a", name: str = "op", throttle: Throttle | None = None) -> Throttle:
    throttle = throttle or Throttle()
    for _ in range(times):
        throttle.failed(address, name, 0)
    return throttle


def test_the_wait_grows_with_each_failure_and_has_a_bound() -> None:
    """Some may mistype; then one second, two, four … and a minute at most, from the last failure on."""
    waits = [failed(times).wait_seconds("a", "op", 0) for times in range(FREE_FAILURES, FREE_FAILURES + 9)]
    assert failed(FREE_FAILURES - 1).wait_seconds("a", "op", 0) == 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert failed(10**4).wait_seconds("a", "op", 0) == LONGEST_WAIT_SECONDS
    assert failed(FREE_FAILURES + 2).wait_seconds("a", "op", 3) == 1
    assert failed(FREE_FAILURES + 2).wait_seconds("a", "op", 4.1) == 0


def test_both_the_address_and_the_account_count() -> None:
    """Many names from one address wait, and one name from many addresses."""
    names, addresses = Throttle(), Throttle()
    for number in range(20):
        names.failed("a", f"name{number}", 0)
        addresses.failed(f"address{number}", "op", 0)
    assert names.wait_seconds("a", "another", 0) > 0
    assert names.wait_seconds("b", "another", 0) == 0
    assert addresses.wait_seconds("another", "OP", 0) > 0
    assert addresses.wait_seconds("another", "else", 0) == 0


def test_an_account_has_one_count_however_its_name_is_written() -> None:
    """Spaces around it, either case, fullwidth letters: the login's form makes one name of them."""
    for written in (" op", "op ", "\top\n", "OP", "\uff4f\uff50", " " * 200 + "op", "\u3000op"):
        throttle = Throttle()
        for number in range(20):
            throttle.failed(f"address{number}", written, 0)
        assert throttle.wait_seconds("another", "op", 0) > 0, written
        throttle.succeeded("home", "op")
        assert throttle.wait_seconds("home", written, 0) == 0, written


def test_who_has_a_network_of_ipv6_is_one_address() -> None:
    """Its first 64 bits count; IPv4 counts as it is, also where it is written as IPv6."""
    throttle = Throttle()
    for number in range(20):
        throttle.failed(f"2001:db8:1:2::{number:x}", f"name{number}", 0)
        throttle.failed("::ffff:203.0.113.9", f"other{number}", 0)
    assert throttle.wait_seconds("2001:db8:1:2:ffff::1", "another", 0) > 0
    assert throttle.wait_seconds("2001:db8:1:3::1", "another", 0) == 0
    assert throttle.wait_seconds("203.0.113.9", "another", 0) > 0
    assert throttle.wait_seconds("203.0.113.8", "another", 0) == 0


def test_who_is_known_there_is_held_up_by_their_own_address_alone() -> None:
    """A stranger who guesses the operator's password does not keep the operator out."""
    throttle = Throttle()
    throttle.succeeded("home", "op")
    failed(50, "elsewhere", "op", throttle)
    assert throttle.wait_seconds("home", "op", 0) == 0
    assert throttle.wait_seconds("new", "op", 0) > 0
    failed(50, "home", "x", throttle)
    assert throttle.wait_seconds("home", "op", 0) > 0
    throttle.succeeded("home", "op")
    assert throttle.wait_seconds("home", "op", 0) == 0


def test_what_is_long_ago_is_forgotten() -> None:
    """After a quarter of an hour without a failure it begins anew."""
    throttle = failed(50)
    assert throttle.wait_seconds("a", "op", FORGET_SECONDS + 1) == 0
    throttle.failed("a", "op", FORGET_SECONDS + 1)
    assert throttle.wait_seconds("a", "op", FORGET_SECONDS + 1) == 0


def test_strangers_cannot_fill_the_memory() -> None:
    """Names and addresses are theirs to choose: the youngest are remembered, each cut to its length."""
    throttle = Throttle()
    for number in range(MAX_REMEMBERED + 100):
        throttle.failed(str(number), f"{number}" + "n" * 1000, 0)
        throttle.succeeded(str(number), str(number))
    sizes = {len(throttle._known), len(throttle._addresses._by_key), len(throttle._accounts._by_key)}
    assert max(sizes) <= MAX_REMEMBERED
    assert max(map(len, throttle._accounts._by_key)) == 150


def test_a_fronts_word_counts_where_there_is_a_front() -> None:
    """The last address that it names; nobody else is believed."""
    told = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9"}
    assert client_address(told, has_front=True) == "203.0.113.9"
    assert client_address(told, has_front=False) == "127.0.0.1"
    assert client_address(told | {"REMOTE_ADDR": "8.8.8.8"}, has_front=True) == "8.8.8.8"
    assert client_address(told | {"HTTP_X_FORWARDED_FOR": "rubbish"}, has_front=True) == "127.0.0.1"
    assert client_address({"REMOTE_ADDR": "10.0.0.2", "HTTP_X_FORWARDED_FOR": "::1"}, has_front=True) == "::1"
    assert client_address({}, has_front=True) == ""
