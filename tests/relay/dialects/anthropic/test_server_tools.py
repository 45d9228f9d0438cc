"""Server tools' results as Anthropic writes them, read."""

from relay.dialects.anthropic.server_tools import read_result, tool_named
from relay.neutral.server_tools import ServerResult, Source

PAGE = {
    "type": "web_search_result",
    "url": "https://a",
    "title": "A",
    "page_age": "1 day",
    "encrypted_content": "E",
}
READ = {
    "pages": ([PAGE, {"title": "no address"}, 7], ServerResult((Source("https://a", "A", "1 day"),))),
    "a search that failed": (
        {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
        ServerResult(error="max_uses_exceeded", return_code=1),
    ),
    "a fetched page": (
        {"type": "web_fetch_result", "url": "https://a", "content": {"type": "document"}},
        ServerResult((Source("https://a"),)),
    ),
    "a program": (
        {"type": "code_execution_result", "stdout": "1", "stderr": "2", "return_code": 3, "content": []},
        ServerResult(output="1", error="2", return_code=3),
    ),
    "bent": ({"stdout": 1, "return_code": "0"}, ServerResult()),
    "nothing": (None, ServerResult()),
}


def test_results_are_read() -> None:
    """Each form of a result block's content, and what breaks none of them."""
    for name, (content, result) in READ.items():
        assert read_result({"content": content}) == result, name


def test_tools_have_one_name() -> None:
    """By the call's name or the result's type; a shell is a run of code, too."""
    assert tool_named("web_search") == tool_named("web_search_tool_result") == "web_search"
    assert tool_named("bash_code_execution") == tool_named("code_execution_tool_result") == "code_execution"
    assert tool_named("tool_search_tool_regex") == "tool_search_tool_regex"
