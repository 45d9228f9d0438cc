"""Images, files and sounds as OpenAI writes them, and as the neutral conversation holds them. PURE."""

import base64
import binascii

from relay.dialects.request_fields import text_in
from relay.neutral.conversation import Json, Media, Text, media_kind
from relay.neutral.failures import BadRequest, CannotCarry

# input_audio names formats where everybody else names media types.
_MEDIA_TYPE_OF_FORMAT = {"mp3": "audio/mpeg"}
_FORMAT_OF_MEDIA_TYPE = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}
_MEDIA_TYPE_OF_SUFFIX = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
}


def from_url(url: str, where: str, media_type: str, title: str = "") -> Media:
    """A ``data:`` URL or an address as media; ``media_type`` is what an address is taken for."""
    if not url.startswith("data:"):
        if not url.startswith(("http://", "https://", "gs://")):
            raise BadRequest(f"{where} must be an http(s) or data: URL")
        return Media(media_kind(media_type), media_type, url=url, title=title)
    head, comma, data = url.partition(",")
    told, *attributes = head[len("data:") :].split(";")
    if not comma or "base64" not in attributes:
        raise BadRequest(f"{where} is a data: URL without base64 data")
    media_type = told or media_type
    return Media(media_kind(media_type), media_type, data=data, title=title)


def from_image_part(part: Json, where: str) -> Media:
    """A chat ``image_url`` part (an object, or a bare string as some clients write it)."""
    image = part.get("image_url")
    url = image if isinstance(image, str) else text_in(image, "url", where) if isinstance(image, dict) else ""
    if not url:
        raise BadRequest(f"{where}.image_url.url is missing")
    return from_url(url, f"{where}.image_url.url", "image/*")


def from_audio_part(part: Json, where: str) -> Media:
    """An ``input_audio`` part."""
    audio = part.get("input_audio")
    if not isinstance(audio, dict):
        raise BadRequest(f"{where}.input_audio must be an object")
    told = text_in(audio, "format", where) or "wav"
    data = text_in(audio, "data", where)
    return Media("audio", _MEDIA_TYPE_OF_FORMAT.get(told, f"audio/{told}"), data=data)


def from_file(file: Json, where: str) -> Media:
    """A file, out of a chat ``file`` part's object or a Responses ``input_file`` part."""
    if text_in(file, "file_id", where):
        raise CannotCarry(f"{where}: a file id means nothing to another upstream; send the file itself")
    title = text_in(file, "filename", where)
    guessed = _MEDIA_TYPE_OF_SUFFIX.get(title.rpartition(".")[2].lower(), "application/pdf")
    if url := text_in(file, "file_url", where):
        return from_url(url, f"{where}.file_url", guessed, title)
    data = text_in(file, "file_data", where)
    if not data:
        raise BadRequest(f"{where} has neither file_data nor file_url")
    if data.startswith(("data:", "http://", "https://")):
        return from_url(data, f"{where}.file_data", guessed, title)
    return Media(media_kind(guessed), guessed, data=data, title=title)


def url_of(media: Media) -> str:
    """The address of ``media``, or its bytes as a ``data:`` URL."""
    return media.url or f"data:{media.media_type};base64,{media.data}"


def audio_part(media: Media) -> Json:
    """``media`` as an ``input_audio`` part; raises CannotCarry for what OpenAI does not take."""
    told = _FORMAT_OF_MEDIA_TYPE.get(media.media_type)
    if told is None or media.url:
        what = "an audio URL" if media.url else media.media_type
        raise CannotCarry(f"{what} cannot be sent to an OpenAI upstream; it takes wav and mp3 data")
    return {"type": "input_audio", "input_audio": {"data": media.data, "format": told}}


def file_name(media: Media) -> str:
    """The name that a file part needs: its own, or one after its type."""
    suffixes = {media_type: suffix for suffix, media_type in _MEDIA_TYPE_OF_SUFFIX.items()}
    return media.title or f"document.{suffixes.get(media.media_type, 'bin')}"


def as_plain_text(media: Media) -> Text | None:
    """A plain text document as text, under its title; None when it is something else."""
    if not media.data or not media.media_type.startswith("text/"):
        return None
    try:
        text = base64.b64decode(media.data).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return Text(f"{media.title}:\n{text}" if media.title else text)
