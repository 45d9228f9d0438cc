"""What every page tells the browser."""

from proxyproject.pages.security_headers import PAGE_HEADERS, POLICY, with_page_headers


def test_no_script_stands_in_a_page_and_none_is_made_of_a_text() -> None:
    """The policy allows scripts of the server's own files alone, and no frame around a page."""
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe-eval" not in POLICY


def test_a_pages_own_header_stands() -> None:
    """What a page says itself is not said twice; all else is added."""
    own = [(b"Content-Type", b"text/plain"), (b"Referrer-Policy", b"no-referrer")]
    told = with_page_headers(own)
    assert told[:2] == own
    assert [name for name, _ in told[2:]] == [name for name, _ in PAGE_HEADERS if name != b"referrer-policy"]
