"""A file's media type by the end of its URL: Gemini needs one, and other dialects do not send it. PURE."""

from urllib.parse import urlsplit

_BY_SUFFIX = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "heic": "image/heic", "heif": "image/heif", "bmp": "image/bmp", "pdf": "application/pdf",
    "txt": "text/plain", "md": "text/markdown", "csv": "text/csv", "html": "text/html", "xml": "text/xml",
    "json": "application/json", "mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg",
    "flac": "audio/flac", "m4a": "audio/mp4", "mp4": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm", "mpeg": "video/mpeg",
}  # fmt: skip


def media_type_of(url: str, otherwise: str = "image/jpeg") -> str:
    """The media type that the path of ``url`` tells by its suffix; ``otherwise`` when it tells none."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return otherwise
    return _BY_SUFFIX.get(path.rpartition(".")[2].lower(), otherwise)
