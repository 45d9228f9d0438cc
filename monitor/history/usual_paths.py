"""Which paths say nothing that the model's name does not say: those of an answer, in each dialect. PURE."""

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
