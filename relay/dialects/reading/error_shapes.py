"""Where the error stands in what vendors and the servers that resemble them send, also in a 200. PURE.

OpenAI writes ``{"error": {"message", "type", "param", "code"}}``, Anthropic the same without the last two.
Seen besides: ``{"error": "text"}`` (Ollama), ``{"object": "error", "message": …}`` (vLLM, SGLang),
``{"detail": …}`` (FastAPI), ``{"code", "message"}`` (SiliconFlow), ``{"base_resp": {"status_code": 1002,
"status_msg": …}}`` (MiniMax), ``{"error_code", "error_msg"}`` (Baidu), ``{"success": false, "errors":
[{"code", "message"}]}`` (Cloudflare), ``{"Response": {"Error": {"Code", "Message"}}}`` (Tencent), one in
another's ``error``, any of them in a list, and plain text. OpenRouter's own words say nothing; its provider's
stand in ``metadata.raw``.
"""

from typing import Any

import msgspec

from relay.dialects.reading.half_characters import tolerant_object, without_halves
from relay.dialects.reading.vendor_codes import VendorCode, vendor_code
from relay.neutral.conversation import Json
from relay.neutral.nesting import is_too_deep

_ANSWERS = ("choices", "output", "content", "candidates")
_FAILED = ("error", "failed")
_FINE = (None, 0, 200, "0", "200", "ok", "success", "Success")


def error_of_body(body: bytes) -> tuple[Any, bool]:
    """The error in an error's body, and whether the body is of OpenAI's own shape."""
    told: Any = without_halves(tolerant_object(body))
    if told is None:
        try:
            told = msgspec.json.decode(body)
        except (ValueError, RecursionError):
            told = None
        if told is None or is_too_deep(told, body):
            return body.decode("utf-8", "replace").strip(), False
    if isinstance(told, list) and told:
        return _inner(told[0]), False
    return _inner(told), is_own_shape(told)


def is_own_shape(told: object) -> bool:
    """Is it an error that OpenAI's clients read?"""
    return isinstance(told, dict) and isinstance(told.get("error"), dict) and "message" in told["error"]


def error_in(told: Json) -> Any | None:
    """The error that an object tells where an answer should be; None where it tells none."""
    if told.get("error"):
        return _without_a_wrapping(told["error"])
    if told.get("object") == "error" or (told.get("status") in _FAILED and isinstance(_message(told), str)):
        return _inner(told)
    status = told.get("base_resp")
    if isinstance(status, dict) and status.get("status_code") not in _FINE:
        return _inner(told)
    if any(key in told for key in _ANSWERS):
        return None
    is_told = told.get("success") is False or told.get("code") not in _FINE or told.get("detail")
    return _inner(told) if is_told or told.get("error_code") not in _FINE or told.get("errors") else None


def _message(told: Json) -> Any:
    return told.get("message") or told.get("msg")


def message_in(error: Any) -> Any:
    """What an error says; behind a gateway's words those of the provider that it asked. None: nothing."""
    if not isinstance(error, dict):
        return error
    said = error.get("message")
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    told = error_of_body(raw.encode("utf-8", "replace"))[0] if isinstance(raw, str) else _inner(raw)
    words = told.get("message") if isinstance(told, dict) else told
    if not (isinstance(said, str) and isinstance(words, str)) or not words or words in said:
        return said
    return f"{said}: {words}"


def text_in(error: Any) -> str:
    """What an error of any shape says, as text: JSON where it is none; "" where it says nothing."""
    told = message_in(error)
    if isinstance(told, str):
        return told
    return msgspec.json.encode(told).decode() if told else ""


def vendor_code_of(error: Any) -> VendorCode | None:
    """What a vendor's own number in ``error`` means."""
    if not isinstance(error, dict):
        return None
    if "base_resp" in error:
        return vendor_code("base_resp", error["base_resp"])
    if "error_code" in error:
        return vendor_code("error_code", error["error_code"])
    return vendor_code("error.code", error.get("code"))


def _inner(told: Any) -> Any:
    """The error alone, as an object with ``message`` and ``code`` where it can be one."""
    if not isinstance(told, dict):
        return told
    if isinstance(told.get("Response"), dict) and isinstance(told["Response"].get("Error"), dict):
        error = told["Response"]["Error"]
        return {"message": error.get("Message"), "code": error.get("Code")}
    for key in ("error", "detail"):
        if told.get(key):
            return _without_a_wrapping(told[key])
    errors = told.get("errors")
    if isinstance(errors, list) and errors:
        return errors[0]
    status = told.get("base_resp")
    if isinstance(status, dict):
        return {"message": status.get("status_msg"), "base_resp": status.get("status_code")}
    if "error_code" in told:
        return {"message": told.get("error_msg"), "error_code": told["error_code"]}
    if "message" not in told and isinstance(told.get("msg"), str):
        return {**told, "message": told["msg"]}
    return told


def _without_a_wrapping(error: Any) -> Any:
    """The error that another one holds in the place of its message."""
    if not isinstance(error, dict) or error.get("message"):
        return error
    return next((error[key] for key in ("error", "detail") if error.get(key)), error)
