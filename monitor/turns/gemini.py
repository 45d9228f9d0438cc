"""Gemini's contents as turns. PURE."""

from typing import Any

from monitor.turns.parts import (
    ShownTurn,
    TurnPart,
    as_dict,
    as_json,
    as_list,
    as_text,
    image,
    image_at,
    raw,
    vectors,
)


def request_turns(body: dict[str, Any]) -> list[ShownTurn]:
    """System instruction, tools and contents."""
    turns = []
    system = body.get("systemInstruction") or body.get("system_instruction")
    if system:
        turns.append(ShownTurn("system", _parts(as_dict(system).get("parts"))))
    names = [
        as_text(as_dict(declared).get("name"))
        for tool in as_list(body.get("tools"))
        for declared in as_list(
            as_dict(tool).get("functionDeclarations") or as_dict(tool).get("function_declarations")
        )
    ]
    if names:
        turns.append(ShownTurn("system", [TurnPart("text", ", ".join(names), "tools")]))
    counted = as_dict(body.get("generateContentRequest"))
    if counted:
        return request_turns(counted)
    embedded = [as_dict(request).get("content") for request in as_list(body.get("requests"))]
    one = [body["content"]] if "content" in body else []
    for content in [*as_list(body.get("contents")), *embedded, *one]:
        turns.append(_turn(as_dict(content)))
    return turns


def response_turns(objects: list[dict[str, Any]]) -> list[ShownTurn]:
    """The answer's candidates, pieces of the same kind joined."""
    parts: dict[int, list[TurnPart]] = {}
    errors = []
    embedded: list[ShownTurn] = []
    for event in objects:
        found = [event["embedding"]] if "embedding" in event else as_list(event.get("embeddings"))
        embedded = embedded or vectors([as_dict(one).get("values") for one in found])
        if "error" in event:
            errors.append(ShownTurn("error", [raw(event["error"])]))
        for candidate in as_list(event.get("candidates")):
            held = as_dict(candidate)
            index = held.get("index")
            into = parts.setdefault(index if isinstance(index, int) else 0, [])
            for part in _parts(as_dict(held.get("content")).get("parts")):
                if into and part.kind == into[-1].kind and part.kind in ("text", "thinking"):
                    into[-1] = TurnPart(part.kind, into[-1].text + part.text, part.title)
                elif part.text or part.image:
                    into.append(part)
    said = [ShownTurn("assistant", found) for found in parts.values() if found]
    return [*embedded, *said, *errors]


def _turn(content: dict[str, Any]) -> ShownTurn:
    role = as_text(content.get("role")) or "user"
    return ShownTurn("assistant" if role == "model" else role, _parts(content.get("parts")))


def _parts(parts: object) -> list[TurnPart]:
    return [_part(as_dict(part)) for part in as_list(parts)]


def _part(part: dict[str, Any]) -> TurnPart:
    names = {name.replace("_", "").lower(): value for name, value in part.items()}
    if "text" in names:
        if names.get("thought") is True:
            return TurnPart("thinking", as_text(names["text"]), "thinking")
        return TurnPart("text", as_text(names["text"]))
    if "functioncall" in names:
        call = as_dict(names["functioncall"])
        return TurnPart("tool", as_json(call.get("args")), f"tool call {as_text(call.get('name'))}")
    if "functionresponse" in names:
        answer = as_dict(names["functionresponse"])
        return TurnPart(
            "result", as_json(answer.get("response")), f"tool result {as_text(answer.get('name'))}"
        )
    if "inlinedata" in names:
        data = as_dict(names["inlinedata"])
        return image(data.get("mimeType") or data.get("mime_type"), data.get("data"))
    if "filedata" in names:
        data = as_dict(names["filedata"])
        return image_at(data.get("fileUri") or data.get("file_uri"))
    return raw(part)
