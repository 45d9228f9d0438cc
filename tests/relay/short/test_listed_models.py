"""The names in upstreams' model lists, in the forms that servers write."""

import json
from typing import Any

import pytest

from relay.admission.model_name import LONGEST_NAME
from relay.short.listed_models import MOST_NAMES, ModelPage, listed_models

LISTS: dict[str, tuple[Any, list[str]]] = {
    "OpenAI": ({"object": "list", "data": [{"id": "a", "object": "model"}, {"id": "b"}]}, ["a", "b"]),
    "Anthropic": (
        {"data": [{"type": "model", "id": "a", "display_name": "Model A"}], "has_more": False},
        ["a"],
    ),
    "Google": ({"models": [{"name": "models/a", "displayName": "Model A"}], "nextPageToken": "x"}, ["a"]),
    "Google in OpenAI's form": ({"object": "list", "data": [{"id": "models/a"}]}, ["a"]),
    "OpenRouter": (
        {"data": [{"id": "maker/a", "canonical_slug": "maker/a-0", "name": "Maker: A"}]},
        ["maker/a"],
    ),
    "Together": ([{"id": "maker/a", "display_name": "A", "type": "chat"}], ["maker/a"]),
    "GitHub Models": ([{"id": "maker/a", "name": "Maker A", "publisher": "Maker"}], ["maker/a"]),
    "GitHub Models before": ([{"id": "azureml://registries/x/models/a/versions/2", "name": "a"}], ["a"]),
    "llama.cpp": ({"models": [{"name": "a", "model": "a"}], "object": "list", "data": [{"id": "a"}]}, ["a"]),
    "Ollama's own": ({"models": [{"name": "a:latest", "model": "a:latest"}]}, ["a:latest"]),
    "Cohere's own": ({"models": [{"name": "a", "endpoints": ["chat"]}]}, ["a"]),
    "LiteLLM's own": ({"data": [{"model_name": "a", "litellm_params": {}}]}, ["a"]),
    "Codex": ({"models": [{"slug": "a", "display_name": "A"}]}, ["a"]),
    "vLLM with an adapter": (
        {"data": [{"id": "a", "root": "/models/a", "parent": None}, {"id": "b", "parent": "a"}]},
        ["a", "b"],
    ),
    "one list in another": ({"success": True, "data": {"object": "list", "data": [{"id": "a"}]}}, ["a"]),
    "Cloudflare's envelope": ({"success": True, "errors": [], "result": [{"name": "@cf/m/a"}]}, ["@cf/m/a"]),
    "names alone": ({"data": ["a", "b"]}, ["a", "b"]),
    "names in a list": (["a", "b"], ["a", "b"]),
    "an empty list beside a full one": ({"models": [], "data": [{"id": "a"}]}, ["a"]),
    "rows that are none": (
        {"data": [None, 7, {"id": 5}, {"id": ""}, [], {"id": None, "name": "a"}, {"id": "b"}]},
        ["a", "b"],
    ),
    "twice the same": ({"data": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, ["a", "b"]),
    "names that nobody can ask for": (
        {"data": [{"id": "a\nb"}, {"id": "x" * (LONGEST_NAME + 1)}, {"id": "a"}]},
        ["a"],
    ),
    "nothing offered": ({"object": "list", "data": []}, []),
    "nothing offered by Google": ({"models": []}, []),
}  # fmt: skip
RAW: dict[str, tuple[bytes, list[str]]] = {
    "a byte order mark": (b'\xef\xbb\xbf{"data":[{"id":"a"}]}', ["a"]),
    "NaN for a price": (b'{"data":[{"id":"a","pricing":{"prompt":NaN}}]}', ["a"]),
    "half a character": (b'{"data":[{"id":"a","description":"x\\ud83d"}]}', ["a"]),
    "Latin-1": (b'{"data":[{"id":"a","owned_by":"caf\xe9"}]}', ["a"]),
    "NaN in a bare list": (b'[{"id":"a","price":NaN},{"id":"b"}]', ["a", "b"]),
    "a line for each": (b'{"id":"a"}\n{"id":"b"}\n', ["a", "b"]),
}
NO_LISTS: tuple[Any, ...] = (
    {"error": {"message": "no", "code": 1302}},
    {"object": "error", "message": "no"},
    {"detail": "Not Found"},
    {"success": False, "message": "no", "data": None},
    {"data": "a"},
    {"data": {"id": "a"}},
    {},
    None,
    "a",
    7,
)


def test_each_form_of_a_list_is_read() -> None:
    """The name that a request has to say, not the one for people; each once, and none that none can say."""
    forms = {name: (json.dumps(told).encode(), names) for name, (told, names) in LISTS.items()} | RAW
    for name, (content, names) in forms.items():
        page = listed_models(content)
        assert page is not None
        assert page.names == names, name


@pytest.mark.parametrize(
    "content",
    [json.dumps(told).encode() for told in NO_LISTS] + [b"", b"<html>", b'{"data":[', b"[" * 100_000],
)
def test_what_is_no_list_is_none(content: bytes) -> None:
    """An error under 200, a page, half a list: whoever asks is shown the last good one."""
    assert listed_models(content) is None


def test_a_list_is_bounded() -> None:
    """An upstream that lists without end does not fill everybody's."""
    many = [{"id": f"m{number}"} for number in range(MOST_NAMES + 5)]
    page = listed_models(json.dumps(many).encode())
    assert page is not None
    assert len(page.names) == MOST_NAMES


@pytest.mark.parametrize(
    ("beside", "cursor", "is_token"),
    [
        ({"has_more": True, "last_id": "b"}, "b", False),
        ({"has_more": True}, "b", False),
        ({"has_more": False, "last_id": "b"}, "", False),
        ({"last_id": "b"}, "", False),
        ({"has_more": "yes"}, "", False),
        ({"has_more": True, "last_id": 7}, "", False),
        ({"nextPageToken": "t="}, "t=", True),
        ({"nextPageToken": ""}, "", False),
        ({"nextPageToken": None, "next_page_token": "u"}, "u", True),
    ],
)
def test_what_asks_for_the_next_page(beside: dict[str, Any], cursor: str, *, is_token: bool) -> None:
    """Anthropic's and OpenAI's last row, Google's token; nothing where there is no more."""
    page = listed_models(json.dumps({"data": [{"id": "a"}, {"id": "b"}], **beside}).encode())
    assert page == ModelPage(["a", "b"], cursor, is_token)
