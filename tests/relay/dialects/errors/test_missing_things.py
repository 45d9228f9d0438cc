"""Which refusals are about a thing that the request names; the words are upstreams' own."""

import json

import pytest

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.errors.missing_things import names_missing_thing
from relay.dialects.gemini import GEMINI
from relay.dialects.openai import OPENAI_CHAT

THINGS = [
    (403, "You do not have permission to access the File abc-123 or it may not exist."),
    (403, "CachedContent not found (or permission denied)"),
    (404, "Item with id 'rs_0a1' not found. Items are not persisted when `store` is set to false."),
    (404, "File cfile_1 not found on container cntr_2."),
    (404, "No such File object: file-abc"),
    (404, "File not found: file_011CNha8iCJcU1wXNR6q4V8w"),
]
OTHERS = [
    (403, "The caller does not have permission"),
    (403, "Your API key does not have permission to use the specified resource."),
    (404, "model: claude-4-nothing"),
    (404, "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent."),
    (404, "The model `gpt-9` does not exist or you do not have access to it."),
    (404, 'model "llama9" not found, try pulling it first'),
    (404, "Requested entity was not found."),
    (404, "model file not found"),
    (404, ""),
    (400, "File not found: file_1"),
    (None, "File not found: file_1"),
]


@pytest.mark.parametrize(("status", "message"), THINGS)
def test_a_thing_that_is_not_there(status: int, message: str) -> None:
    """Files, cached contents, stored items: not the account's fault."""
    assert names_missing_thing(status, message)


@pytest.mark.parametrize(("status", "message"), OTHERS)
def test_anything_else_is_the_accounts_or_the_models(status: int | None, message: str) -> None:
    """A model that is not there, a permission that the account lacks, and every other status."""
    assert not names_missing_thing(status, message)


def test_a_thread_is_told_by_its_code() -> None:
    """Anthropic's error codes of message threads need no words."""
    assert names_missing_thing(404, "no usable state", "thread_not_found")
    assert not names_missing_thing(404, "no usable state", "not_found_error")


def test_every_dialect_tells_it(subtests: pytest.Subtests) -> None:
    """All three classify it so, whatever else their error bodies say."""
    for dialect in [ANTHROPIC, GEMINI, OPENAI_CHAT]:
        for status, message in THINGS:
            with subtests.test(f"{dialect, status, message!r:.120}"):
                told = {"code": status, "status": "X", "message": message, "type": "not_found_error"}
                body = json.dumps({"type": "error", "error": told}).encode()
                assert dialect.classify(status, {}, body).names_missing_thing
