"""Headers that the server has written itself go past Django's checks, into Django's own store."""

from django.http import StreamingHttpResponse

from relay.exchange.response.plain_headers import add_plain, told_headers


def test_they_stand_in_the_response_as_any_other() -> None:
    """Whoever reads the response by name, or all of it, finds them; one that stood there is replaced."""
    response = StreamingHttpResponse([], content_type="text/event-stream")
    response["X-Request-Id"] = "one"
    add_plain(response, [("x-ratelimit-limit-tokens", "7"), ("x-request-id", "two")])
    assert response["X-RateLimit-Limit-Tokens"] == "7"
    assert told_headers(response) == tuple(response.items())
    assert told_headers(response) == (
        ("Content-Type", "text/event-stream"),
        ("x-request-id", "two"),
        ("x-ratelimit-limit-tokens", "7"),
    )
