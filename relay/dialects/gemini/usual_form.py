"""A Gemini body whose lists of one stand without brackets, as in Google's own samples: with lists. PURE.

The API reads JSON as protocol buffers do, and takes one value where a field is a list; every rule of ours
wants the list.
"""

from relay.dialects.gemini.fields import field, with_field
from relay.neutral.conversation import Json


def usual_form(body: Json) -> Json:
    """``body`` with a list wherever one belongs; the very same where it has them already."""
    wrapped = field(body, "generateContentRequest")
    if not isinstance(wrapped, dict):
        return _request(body)
    request = _request(wrapped)
    return body if request is wrapped else with_field(body, "generateContentRequest", request)


def _request(told: Json) -> Json:
    request = _each(_listed(told, "contents"), "contents", "parts")
    request = _each(_listed(request, "tools"), "tools", "functionDeclarations")
    system = field(request, "systemInstruction")
    if not isinstance(system, dict):
        return request
    listed = _listed(system, "parts")
    return request if listed is system else with_field(request, "systemInstruction", listed)


def _each(told: Json, name: str, inside: str) -> Json:
    """``told``, in whose list ``name`` each object has a list at ``inside``."""
    entries = field(told, name)
    if not isinstance(entries, list):
        return told
    listed = [_listed(one, inside) if isinstance(one, dict) else one for one in entries]
    is_same = all(new is old for new, old in zip(listed, entries, strict=True))
    return told if is_same else with_field(told, name, listed)


def _listed(told: Json, name: str) -> Json:
    value = field(told, name)
    return with_field(told, name, [value]) if isinstance(value, dict) else told
