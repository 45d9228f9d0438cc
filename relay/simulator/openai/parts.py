"""Content parts of both OpenAI APIs: texts, images and files."""

import hashlib
from typing import Any

from relay.simulator.model.asks import AskedMedia
from relay.simulator.model.signatures import NotBase64Error, decode
from relay.simulator.openai.errors import bad_request

Json = dict[str, Any]

_TEXTS = ("text", "input_text", "output_text", "refusal", "summary_text")
MEDIA_TOKENS = 255


def read_parts(content: Any, param: str) -> tuple[list[str], list[AskedMedia]]:
    """The texts and media of a message's content (a string, a list of parts, or nothing).

    Raises Refused for parts that do not exist and data that is no base64.
    """
    if content is None:
        return [], []
    if isinstance(content, str):
        return [content], []
    if not isinstance(content, list):
        raise bad_request(
            f"Invalid type for '{param}': expected a string or an array.", param, "invalid_type"
        )
    texts, media = list[str](), list[AskedMedia]()
    for position, part in enumerate(content):
        place = f"{param}[{position}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _TEXTS:
            text = part.get("text", part.get("refusal"))
            if not isinstance(text, str):
                raise bad_request(f"Missing required parameter: '{place}.text'.", f"{place}.text")
            texts.append(text)
        elif kind in ("image_url", "input_image"):
            address = part.get("image_url")
            media.append(
                _from_url(address.get("url") if isinstance(address, dict) else address, "image", place)
            )
        elif kind in ("file", "input_file"):
            file = part.get("file") or part
            media.append(
                _from_url(file.get("file_data") or file.get("file_url") or file.get("file_id"), "file", place)
            )
        elif kind == "input_audio":
            data = _decoded((part.get("input_audio") or {}).get("data"), place)
            media.append(AskedMedia("audio", len(data), hashlib.sha256(data).hexdigest()))
        else:
            raise bad_request(
                f"Invalid value: '{kind}'. Supported values are: 'text', 'image_url'…", f"{place}.type"
            )
    return texts, media


def _from_url(url: Any, kind: str, place: str) -> AskedMedia:
    if not isinstance(url, str) or not url:
        raise bad_request(f"Missing required parameter: '{place}.{kind}'.", place)
    if not url.startswith("data:"):
        return AskedMedia(kind, url=url)
    head, _, encoded = url.partition(",")
    data = _decoded(encoded, place)
    return AskedMedia(
        head.removeprefix("data:").partition(";")[0], len(data), hashlib.sha256(data).hexdigest()
    )


def _decoded(encoded: Any, place: str) -> bytes:
    try:
        return decode(str(encoded))
    except NotBase64Error as error:
        raise bad_request(f"Invalid base64 in '{place}'.", place, "invalid_base64") from error
