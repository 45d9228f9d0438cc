"""Requests of ``n`` things, in every dialect's words: what a hostile client sends, and a long day of work."""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Parts = list[tuple[str, Any]]
"""Kind and value: ``text``, ``thought``, ``call`` and ``result`` (id, name), ``image``, ``odd``."""

Turns = list[tuple[str, Parts]]
PIXEL = "iVBORw0KGgo="
ASKED = ("user", [("text", "hi")])


def histories(n: int) -> Iterator[tuple[str, Turns]]:
    """Shapes of a history with ``n`` of something."""
    numbers = range(n)
    yield "user's turns", [("user", [("text", f"t{i}")]) for i in numbers]
    yield "the same turn again", [("user", [("text", "go on")]), ("model", [("text", "ok")])] * n
    yield "the model's turns", [ASKED, *(("model", [("text", f"t{i}")]) for i in numbers), ASKED]
    yield "the model's thoughts", [ASKED, *(("model", [("thought", f"t{i}")]) for i in numbers), ASKED]
    yield "turns by turns", [(("user", "model")[i % 2], [("text", f"t{i}")]) for i in numbers] + [ASKED]
    yield "system turns", [ASKED, *(("system", [("text", f"t{i}")]) for i in numbers), ASKED]
    yield "parts of the user's", [("user", [("text", f"t{i}") for i in numbers])]
    yield "parts of the model's", [ASKED, ("model", [("text", f"t{i}") for i in numbers]), ASKED]
    yield "thoughts in one turn", [ASKED, ("model", [("thought", f"t{i}") for i in numbers]), ASKED]
    yield "images", [("user", [("image", PIXEL) for _ in numbers])]
    yield "odd parts", [("user", [("odd", f"odd_{i}") for i in numbers])]
    calls: Parts = [("call", (f"id{i}", f"f{i}")) for i in numbers]
    results: Parts = [("result", (f"id{i}", f"f{i}")) for i in numbers]
    one_by_one = [turn for i in numbers for turn in (("model", [calls[i]]), ("user", [results[i]]))]
    yield "calls one by one", [ASKED, *one_by_one]
    yield "calls at once", [ASKED, ("model", calls), ("user", results)]
    yield "results backwards", [ASKED, ("model", calls), ("user", results[::-1])]
    yield "calls without results", [ASKED, ("model", calls), ASKED]
    yield "results without calls", [ASKED, ("user", results)]
    yield "results far away", [ASKED, *(("model", [call]) for call in calls), ASKED, ("user", results)]
    strays = [turn for i in numbers for turn in (("model", [calls[i]]), ASKED, ASKED, ("user", [results[i]]))]
    yield "strayed results", [ASKED, *strays]
    turns_of_calls = [turn for call in calls for turn in (("model", [call]), ASKED)]
    yield "results at the end", [ASKED, *turns_of_calls, ("user", results)]
    yield "results at the end, backwards", [ASKED, *turns_of_calls, ("user", results[::-1])]
    same = [("model", [("call", ("id", "f"))]), ("user", [("result", ("id", "f"))])]
    yield "one id for all calls", [ASKED, *(same * n)]
    yield "one id for calls at once", [ASKED, ("model", [same[0][1][0]] * n), ("user", [same[1][1][0]] * n)]
    odd_names = [
        turn
        for i in numbers
        for turn in (
            ("model", [("call", (f"f.{i}:0", f"f {i}"))]),
            ("user", [("result", (f"f.{i}:0", f"f {i}"))]),
        )
    ]
    yield "names that nobody takes", [ASKED, *odd_names]
    pairs = [("user", [("result", ("id", "f"))]), ("model", [("call", ("id", "f"))])]
    made = [("call", (f"id_{n + i}", "f")) for i in numbers]
    yield "ids that others are made of", [ASKED, ("model", made), *(pairs * n)]
    yield "media of many types", [ASKED, ("model", [("media", f"image/x{i}") for i in numbers]), ASKED]
    yield "a long text", [("user", [("text", "word " * n * 20)])]
    yield "a long thought", [ASKED, ("model", [("thought", "word " * n * 20), ("text", "x")]), ASKED]


def schemas(n: int) -> Iterator[tuple[str, Json]]:
    """Shapes of a tool's schema."""
    fields = {f"p{i}": {"type": "string", "description": f"d{i}"} for i in range(n)}
    yield "properties", _object(fields, required=[*fields])
    yield "odd names of properties", _object({f"p {i}": {"type": "string"} for i in range(n)})
    yield "a union", _object({"x": {"anyOf": [{"type": "string", "title": f"t{i}"} for i in range(n)]}})
    yield "a union of the same", _object({"x": {"anyOf": [{"type": "string"} for _ in range(n)]}})
    yield "a union at the root", {"anyOf": [_object({f"p{i}": {"type": "string"}}) for i in range(n)]}
    yield "oneOf", _object({"x": {"oneOf": [{"const": f"c{i}"} for i in range(n)]}})
    yield "allOf", {"allOf": [_object({f"p{i}": {"type": "string"}}, required=[f"p{i}"]) for i in range(n)]}
    yield (
        "allOf inside",
        _object({"x": {"allOf": [_object({f"p{i}": {}}, required=[f"p{i}"]) for i in range(n)]}}),
    )
    yield "an enum", _object({"x": {"enum": [f"v{i}" for i in range(n)]}})
    yield "types", _object({"x": {"type": [f"odd{i}" for i in range(n)]}})
    yield "required alone", {"type": "object", "required": [f"p{i}" for i in range(n)]}
    yield "odd keywords", _object({"x": {f"keyword{i}": 1 for i in range(n)}})
    to_two = {f"d{i}": _object({"a": _ref(i + 1), "b": _ref(i + 2)}) for i in range(n)}
    yield (
        "definitions that lead to two",
        {
            **_object({"x": _ref(0)}),
            "$defs": {**to_two, f"d{n}": {"type": "string"}, f"d{n + 1}": {"type": "string"}},
        },
    )
    for piece in ("(", "[", "\\", "(?=", "a{", "a{1,9}", "(?<n>a)", "[^", "|", "$", "\\p{L}", "(a|", "x*"):
        yield f"a pattern of {piece}", _object({"x": {"type": "string", "pattern": piece * n}})
    yield "patterns", _object({f"p{i}": {"type": "string", "pattern": f"^(?!x)a{i}$"} for i in range(n)})
    yield "a long pattern", _object({"x": {"type": "string", "pattern": "(?:a|b)[c-e]" * n}})
    yield "a long description", _object({"x": {"type": "string", "description": "word " * n * 20}})
    yield (
        "definitions",
        {
            **_object({f"p{i}": {"$ref": f"#/$defs/d{i}"} for i in range(n)}),
            "$defs": {f"d{i}": {"type": "string"} for i in range(n)},
        },
    )
    chain = {f"d{i}": _object({"next": {"$ref": f"#/$defs/d{i + 1}"}}) for i in range(n)}
    yield (
        "a chain of definitions",
        {
            **_object({"x": {"$ref": "#/$defs/d0"}}),
            "$defs": {**chain, f"d{n}": {"type": "string"}},
        },
    )
    yield (
        "one definition for all",
        {
            **_object({f"p{i}": {"$ref": "#/$defs/d"} for i in range(n)}),
            "$defs": {"d": _object({"a": {"type": "string"}})},
        },
    )
    yield "items", _object({"x": {"type": "array", "prefixItems": [{"type": "string"} for _ in range(n)]}})


def _ref(number: int) -> Json:
    return {"$ref": f"#/$defs/d{number}"}


def _object(properties: Json, **more: Any) -> Json:
    return {"type": "object", "properties": properties, **more}


def body(dialect: str, turns: Turns, tools: list[tuple[str, Json]] | None = None, **fields: Any) -> Json:
    """The request of a client of ``dialect``."""
    return {**_BODIES[dialect](turns, tools or []), **fields}


def _anthropic(turns: Turns, tools: list[tuple[str, Json]]) -> Json:
    role = {"model": "assistant"}
    told: Json = {
        "model": "m",
        "max_tokens": 5000,
        "messages": [
            {"role": role.get(who, who), "content": [_block(kind, value) for kind, value in parts]}
            for who, parts in turns
        ],
    }
    if tools:
        told["tools"] = [{"name": name, "input_schema": schema} for name, schema in tools]
    return told


def _block(kind: str, value: Any) -> Json:
    match kind:
        case "text":
            return {"type": "text", "text": value}
        case "thought":
            return {"type": "thinking", "thinking": value, "signature": "s" * 60}
        case "call":
            return {"type": "tool_use", "id": value[0], "name": value[1], "input": {"a": 1}}
        case "result":
            return {"type": "tool_result", "tool_use_id": value[0], "content": "ok"}
        case "image":
            return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": value}}
        case "media":
            return {"type": "image", "source": {"type": "base64", "media_type": value, "data": PIXEL}}
    return {"type": value}


def _gemini(turns: Turns, tools: list[tuple[str, Json]]) -> Json:
    told: Json = {
        "contents": [{"role": who, "parts": [_part(*part) for part in parts]} for who, parts in turns]
    }
    if tools:
        declared = [{"name": name, "parametersJsonSchema": schema} for name, schema in tools]
        told["tools"] = [{"functionDeclarations": declared}]
    return told


def _part(kind: str, value: Any) -> Json:
    match kind:
        case "text":
            return {"text": value}
        case "thought":
            return {"text": value, "thought": True, "thoughtSignature": "c2ln" * 20}
        case "call":
            return {"functionCall": {"id": value[0], "name": value[1], "args": {"a": 1}}}
        case "result":
            return {"functionResponse": {"id": value[0], "name": value[1], "response": {"output": "ok"}}}
        case "image":
            return {"inlineData": {"mimeType": "image/png", "data": value}}
        case "media":
            return {"inlineData": {"mimeType": value, "data": PIXEL}}
    return {value: {}}


def _chat(turns: Turns, tools: list[tuple[str, Json]]) -> Json:
    told: Json = {
        "model": "m",
        "messages": [message for who, parts in turns for message in _messages(who, parts)],
    }
    if tools:
        told["tools"] = [
            {"type": "function", "function": {"name": name, "parameters": schema}} for name, schema in tools
        ]
    return told


def _messages(who: str, parts: Parts) -> Iterator[Json]:
    results = [value for kind, value in parts if kind == "result"]
    yield from ({"role": "tool", "tool_call_id": call_id, "content": "ok"} for call_id, _ in results)
    content: list[Json] = []
    for kind, value in parts:
        match kind:
            case "text":
                content.append({"type": "text", "text": value})
            case "image":
                content.append({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{value}"}})
            case "media":
                content.append({"type": "image_url", "image_url": {"url": f"data:{value};base64,{PIXEL}"}})
            case "odd":
                content.append({"type": value})
    thoughts = "".join(value for kind, value in parts if kind == "thought")
    calls = [_call(*value) for kind, value in parts if kind == "call"]
    if content or thoughts or calls:
        message: Json = {"role": "assistant" if who == "model" else who, "content": content or None}
        if thoughts:
            message["reasoning_content"] = thoughts
        if calls:
            message["tool_calls"] = calls
        yield message


def _call(call_id: str, name: str) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": '{"a":1}'}}


def _responses(turns: Turns, tools: list[tuple[str, Json]]) -> Json:
    told: Json = {"model": "m", "input": [_item(who, *part) for who, parts in turns for part in parts]}
    if tools:
        told["tools"] = [
            {"type": "function", "name": name, "parameters": schema, "strict": False}
            for name, schema in tools
        ]
    return told


def _item(who: str, kind: str, value: Any) -> Json:
    role = "assistant" if who == "model" else who
    match kind:
        case "text":
            part = {"type": "output_text" if who == "model" else "input_text", "text": value}
            return {"type": "message", "role": role, "content": [part]}
        case "thought":
            summary = [{"type": "summary_text", "text": value}]
            return {"type": "reasoning", "summary": summary, "encrypted_content": "s" * 60}
        case "call":
            return {"type": "function_call", "call_id": value[0], "name": value[1], "arguments": '{"a":1}'}
        case "result":
            return {"type": "function_call_output", "call_id": value[0], "output": "ok"}
        case "image":
            part = {"type": "input_image", "image_url": f"data:image/png;base64,{value}"}
            return {"type": "message", "role": role, "content": [part]}
        case "media":
            part = {"type": "input_image", "image_url": f"data:{value};base64,{PIXEL}"}
            return {"type": "message", "role": role, "content": [part]}
    return {"type": value}


_BODIES: dict[str, Callable[[Turns, list[tuple[str, Json]]], Json]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "chat": _chat,
    "responses": _responses,
}
DIALECTS = tuple(_BODIES)


def requests(dialect: str, n: int) -> Iterator[tuple[str, Json]]:
    """Every shape in one dialect."""
    for name, turns in histories(n):
        yield name, body(dialect, turns)
    for name, schema in schemas(n):
        yield name, body(dialect, [ASKED], [("f", schema)])
        if "definitions" not in name or "chain" in name:
            yield f"an answer of {name}", body(dialect, [ASKED], **_answer(dialect, schema))
    plain = _object({"a": {"type": "string"}})
    yield "tools", body(dialect, [ASKED], [(f"f{i}", plain) for i in range(n)])
    yield "tools that nobody takes", body(dialect, [ASKED], [(f"f {i}", plain) for i in range(n)])
    names = [f"f{i}" for i in range(n)]
    offered = [(name, plain) for name in names]
    yield "a choice among tools", body(dialect, [ASKED], offered, **_choice(dialect, names))
    yield "the same tool again", body(dialect, [ASKED], [("f", plain)] * n)
    yield "fields that nobody knows", body(dialect, [ASKED], **{f"odd_{i}": 1 for i in range(n)})
    stops = [f"stop{i}" for i in range(n)]
    field = {"anthropic": "stop_sequences", "chat": "stop"}.get(dialect)
    if field:
        yield "stops", body(dialect, [ASKED], **{field: stops})
    elif dialect == "gemini":
        yield "stops", body(dialect, [ASKED], generationConfig={"stopSequences": stops})


def _answer(dialect: str, schema: Json) -> Json:
    match dialect:
        case "anthropic":
            return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
        case "gemini":
            config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
            return {"generationConfig": config}
        case "chat":
            told = {"name": "a", "schema": schema, "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": told}}
    return {"text": {"format": {"type": "json_schema", "name": "a", "schema": schema, "strict": True}}}


def _choice(dialect: str, names: list[str]) -> Json:
    match dialect:
        case "gemini":
            return {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": names}}}
        case "chat":
            tools = [{"type": "function", "function": {"name": name}} for name in names]
            allowed = {"mode": "auto", "tools": tools}
            return {"tool_choice": {"type": "allowed_tools", "allowed_tools": allowed}}
        case "responses":
            tools = [{"type": "function", "name": name} for name in names]
            return {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": tools}}
    return {"tool_choice": {"type": "tool", "name": names[-1]}}
