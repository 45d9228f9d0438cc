"""Images and documents as Anthropic content blocks.

PURE. What Claude cannot read (sound, video, Office files, files that only another vendor stores) is refused.
"""

import base64
import binascii
from urllib.parse import urlsplit

from relay.neutral.conversation import Json, Media
from relay.neutral.failures import BadRequest, CannotCarry

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF = "application/pdf"
# Addresses that only their own vendor can open, with the key of whoever stored the file there.
_VENDOR_STORES = frozenset({"generativelanguage.googleapis.com"})


def media_block(media: Media) -> Json:
    """``media`` as an image or document block; raises CannotCarry, and BadRequest for broken base64."""
    match media.kind:
        case "image":
            return {"type": "image", "source": _image_source(media)}
        case "document":
            block: Json = {"type": "document", "source": _document_source(media)}
            if media.title:
                block["title"] = media.title
            return block
        case _:
            raise CannotCarry(f"{media.media_type}: Claude takes images and documents, no {media.kind}")


def _image_source(media: Media) -> Json:
    if media.url:
        return _url_source(media.url)
    if media.media_type not in _IMAGES:
        raise CannotCarry(f"{media.media_type}: Claude takes images as JPEG, PNG, GIF and WebP")
    return {"type": "base64", "media_type": media.media_type, "data": media.data}


def _document_source(media: Media) -> Json:
    if media.url:
        if media.media_type != _PDF:
            raise CannotCarry(f"{media.media_type} at an address: Claude opens PDF addresses only")
        return _url_source(media.url)
    if media.media_type == _PDF:
        return {"type": "base64", "media_type": _PDF, "data": media.data}
    if not media.media_type.startswith("text/"):
        raise CannotCarry(f"{media.media_type}: Claude takes PDF and plain text documents")
    try:
        text = base64.b64decode(media.data, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"a {media.media_type} document is no base64 of UTF-8 text") from error
    return {"type": "text", "media_type": "text/plain", "data": text}


def _url_source(url: str) -> Json:
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or address.hostname in _VENDOR_STORES:
        raise CannotCarry(
            f"the file at {address.scheme}://{address.hostname} can be opened by its own vendor only"
        )
    return {"type": "url", "url": url}
