"""Paths that a list may leave out: those of ordinary answers, which the model's name tells already. PURE."""

_ENDINGS = (
    "/messages",
    ":generateContent",
    ":streamGenerateContent",
    "/chat/completions",
    "/responses",
)
"""The generation paths: Anthropic Messages, Gemini's two, OpenAI chat completions and responses."""


def is_usual_path(path: str) -> bool:
    """Whether a list may leave the path out; counting, embeddings and everything unknown are told."""
    return path.partition("?")[0].endswith(_ENDINGS)
