"""An answer, or each event of it, that a gateway wrapped into an object of its own. PURE.

Cline's API answers ``{"success": true, "data": {…}}``, Cloudflare's ``{"result": {…}, "success": true}``,
others ``{"code": 0, "msg": "ok", "data": {…}}``, also with the answer as a text of JSON.
"""

from collections.abc import Callable

from relay.dialects.reading.half_characters import tolerant_object
from relay.neutral.conversation import Json

_NAMES = ("data", "result", "response", "body", "chunk", "payload", "message")


def inside(told: Json, is_answer: Callable[[Json], bool]) -> Json | None:
    """What ``told`` wraps, where it is none of an answer itself; None without. One envelope comes off."""
    if is_answer(told):
        return None
    for name in _NAMES:
        held = told.get(name)
        if isinstance(held, str) and held.lstrip()[:1] == "{":
            held = tolerant_object(held.encode("utf-8", "surrogatepass"))
        if isinstance(held, dict) and is_answer(held):
            return held
    return None
