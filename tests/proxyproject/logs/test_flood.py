"""What strangers can cause in the log is limited."""

import logging
import sys

from proxyproject.logs.flood import LINES_A_WINDOW, WINDOW_SECONDS, Flood


def record(name: str, message: str, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, __file__, 1, message, (), None)
    made.__dict__.update(fields)
    return made


def test_a_bad_host_header_is_one_short_line() -> None:
    """A stranger's mistake is no error of ours: no traceback, a warning."""
    try:
        raise ValueError("Invalid HTTP_HOST header")
    except ValueError:
        told = record("django.security.DisallowedHost", "Invalid HTTP_HOST header", status_code=400)
        told.exc_info = sys.exc_info()
    assert Flood().filter(told)
    assert (told.levelname, told.exc_info) == ("WARNING", None)


def test_many_are_counted_and_left_out() -> None:
    """Few lines a minute; the next minute's first says how many were left out."""
    now = 0.0
    flood = Flood(lambda: now)
    limit = LINES_A_WINDOW["django.request"]
    passed = [flood.filter(record("django.request", "Not Found: /x", status_code=404)) for _ in range(500)]
    assert passed == [True] * limit + [False] * (500 - limit)
    assert flood.filter(record("proxyproject.login.gate", "A login failed"))  # each has a count of its own
    now = WINDOW_SECONDS
    told = record("django.request", "Not Found: /y", status_code=404)
    assert flood.filter(told)
    assert told.getMessage() == f"Not Found: /y ({500 - limit} lines like this were left out before it)"
    later = record("django.request", "Not Found: /z", status_code=404)
    assert flood.filter(later)
    assert later.getMessage() == "Not Found: /z"


def test_what_is_ours_is_always_told() -> None:
    """An error of the server, and every line of the relay, is written however many there are."""
    flood = Flood()
    for _ in range(200):
        assert flood.filter(record("django.request", "Internal Server Error: /x", status_code=500))
        assert flood.filter(record("relay.exchange.driver", "Rotating"))
