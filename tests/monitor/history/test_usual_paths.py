"""Which paths a list leaves out."""

from monitor.history.usual_paths import is_usual_path

USUAL = (
    "/v1/messages",
    "/v1/messages?beta=true",
    "/v1beta/models/gemini-3-flash:generateContent",
    "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse",
    "/v1/chat/completions",
    "/v1/responses",
)
UNUSUAL = (
    "/v1/messages/count_tokens",
    "/v1/embeddings",
    "/v1beta/models/gemini-embedding:batchEmbedContents",
    "/v1/responses/compact",
    "/v1/x?/messages",
    "",
)


def test_what_is_not_an_answer_is_told() -> None:
    """A row names its path where it is no plain generation."""
    assert [path for path in USUAL if not is_usual_path(path)] == []
    assert [path for path in UNUSUAL if is_usual_path(path)] == []
