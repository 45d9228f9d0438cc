"""An answer, or each event of it, that a gateway wrapped into an object of its own. PURE.

Cline's API answers ``{"success": true, "data": {…}}``, Cloudflare's ``{"result": {…}, "success": true}``,
others ``{"code": 0, "msg": "ok", "data": {…}}``, also with the answer as a text of JSON.
"""

from collections.abc import Callable, Collection

from relay.dialects.reading.half_characters import tolerant_object
from relay.neutral.conversation import Json

_NAMES = ("data", "result", "response", "body", "chunk", "payload", "message")


def inside(told: Json, is_answer: Callable[[Json], bool], beside: Collection[str] = ()) -> Json | None:
    """What ``told`` wraps, where it is none of an answer itself; None without. One envelope comes off.

    The fields ``beside`` it are its own where it has none of them.
    """
    others = {name: value for name, value in told.items() if name in beside and value}
    if is_answer({name: value for name, value in told.items() if name not in others} if others else told):
        return None
    for name in _NAMES:
        held = told.get(name)
        if isinstance(held, str) and held.lstrip()[:1] == "{":
            held = tolerant_object(held.encode("utf-8", "surrogatepass"))
        if isinstance(held, dict) and is_answer(held):
            return held | {name: value for name, value in others.items() if not held.get(name)}
    return None
