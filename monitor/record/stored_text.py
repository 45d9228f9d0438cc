"""A text as every database takes it. PURE."""


def stored_text(value: str, limit: int | None = None) -> str:
    """The first ``limit`` characters; no database takes a surrogate, and PostgreSQL no NUL."""
    text = value[:limit].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
