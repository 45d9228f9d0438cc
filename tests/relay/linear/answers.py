"""Answers of ``n`` things, in every dialect's words: of a long day of work, and of a hostile upstream.

Numbers are of one width, so that the work for each thing is the same to the operation.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from relay.dialects import stream_decoder
from relay.dialects.interface import DecoderOptions, Dialect, EncoderOptions
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.server_tools import WEB_SEARCH, ServerResult, Source
from relay.neutral.sse import SseParser

Json = dict[str, Any]
OPTIONS = EncoderOptions("0" * 32, "m", 1, lambda index: f"handle-{index}", request={"thinking": {}})


def works(dialects: dict[str, Dialect], n: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each answer, read and told on to a client of each dialect, as a stream and as one document."""
    for name, dialect in dialects.items():
        for shape, stream in streams(name, dialect, n):
            for client, other in dialects.items():
                if shape.endswith("at once") and other is not dialect:
                    continue  # the same events as one by one
                yield (
                    f"stream of {name} for {client}: {shape}",
                    lambda dialect=dialect, other=other, stream=stream: told_on(dialect, other, stream),  # type: ignore[misc]
                )


def read_in_pieces(dialects: dict[str, Dialect], n: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Many events in one read, and one event in many reads."""
    words = b'data: {"candidates":[{"content":{"parts":[{"text":"word "}]}}]}'
    for end in (b"\n\n", b"\r\n\r\n"):
        together = (words + end) * (n * 10)
        yield f"gemini read in one go: {end!r}", partial(_read_at_once, dialects["gemini"], together)
    for name, dialect in dialects.items():
        for end in (b"\n\n", b"\r\n\r\n", b"\r\r"):
            large = b"data: " + b"x" * (n * 100) + end
            yield f"{name} read in small reads: {end!r}", partial(_read, dialect, large, 100)


def _read_at_once(dialect: Dialect, stream: bytes) -> None:
    """Elsewhere here each event counts as a long one, which is read by itself."""
    before, stream_decoder._LONG = stream_decoder._LONG, 4_000
    try:
        _read(dialect, stream, len(stream))
    finally:
        stream_decoder._LONG = before


def _read(dialect: Dialect, stream: bytes, read_bytes: int) -> None:
    decoder = dialect.decoder(DecoderOptions("claude", "seed"))
    for at in range(0, len(stream), read_bytes):
        decoder.feed(stream[at : at + read_bytes])
    decoder.finish()


def told_on(upstream: Dialect, client: Dialect, stream: bytes) -> None:
    """Event by event, as they come."""
    decoder = upstream.decoder(DecoderOptions("claude", "seed", choices=2))
    encoder = client.encoder(OPTIONS)
    parser = SseParser(len(stream) + 1)
    reads = [event.raw for event in (*parser.feed(stream), *parser.finish())]
    out: list[bytes] = []
    for chunk in (*map(decoder.feed, reads), decoder.finish()):
        out.append(encoder.forward(chunk) if client is upstream else encoder.encode(chunk.events))
    if encoder.state.terminal:
        client.collect(b"".join(out))


def streams(name: str, dialect: Dialect, n: int) -> Iterator[tuple[str, bytes]]:
    """The answers of one dialect."""
    for shape, said in contents(n):
        events = [
            MessageStart("id", "m"),
            Usage(input_uncached=1),
            *said,
            Stop("end_turn", "STOP"),
            Terminal(),
        ]
        yield shape, dialect.encoder(OPTIONS).encode(events)
    for shape, told in OWN[name](n):
        yield shape, b"".join(framed(one) for one in told)


def framed(told: Json | str) -> bytes:
    """An event with the name that its type is."""
    if isinstance(told, str):
        return f"data: {told}\n\n".encode()
    head = f"event: {told['type']}\n" if "type" in told else ""
    return f"{head}data: {json.dumps(told)}\n\n".encode()


def contents(n: int) -> Iterator[tuple[str, list[Event]]]:
    """What every dialect can say."""
    numbers = range(n)
    whole = [BlockStop(0)]
    yield "pieces of text", [BlockStart(0, "text"), *(TextDelta(0, "word ") for _ in numbers), *whole]
    thoughts = [ThinkingDelta(0, "word ") for _ in numbers]
    signed = [Signature(0, "c2ln", "claude"), *whole]
    yield "pieces of thinking", [BlockStart(0, "thinking"), *thoughts, *signed]
    call, pieces = BlockStart(0, "tool_call", "c", "f"), [ArgumentsDelta(0, '"k":{},') for _ in numbers]
    ends = [ArgumentsDelta(0, '"k":{}}'), *whole]
    yield "pieces of arguments", [call, ArgumentsDelta(0, "{"), *pieces, *ends]
    cited = [Citation(0, b'{"type":"x","url":"u%d"}' % i, f"https://u{i + 1000}", "t", "w") for i in numbers]
    yield "citations", [BlockStart(0, "text"), TextDelta(0, "word " * (100 + n)), *cited, *whole]
    for shape, block in BLOCKS.items():
        yield shape, [event for i in numbers for event in block(i)]


def _text(i: int) -> list[Event]:
    return [BlockStart(i, "text"), TextDelta(i, "word"), BlockStop(i)]


def _thought(i: int) -> list[Event]:
    signature = Signature(i, f"c2l{i + 1000}", "claude")
    return [BlockStart(i, "thinking"), ThinkingDelta(i, "word"), signature, BlockStop(i)]


def _redacted(i: int) -> list[Event]:
    return [BlockStart(i, "redacted", payload=b'{"data":"QQ=="}'), BlockStop(i)]


def _call(i: int) -> list[Event]:
    return [BlockStart(i, "tool_call", f"c{i + 1000}", "f"), ArgumentsDelta(i, '{"a":1}'), BlockStop(i)]


def _search(i: int) -> list[Event]:
    at, identity = 2 * i, f"s{i + 1000}"
    found = ServerResult((Source(f"https://u{i + 1000}", "t"),))
    return [
        BlockStart(at, "server_call", identity, WEB_SEARCH, b"{}"),
        ArgumentsDelta(at, f'{{"query":"q{i + 1000}"}}'),
        BlockStop(at),
        BlockStart(at + 1, "server_result", identity, WEB_SEARCH, b"{}", found),
        BlockStop(at + 1),
    ]


def _picture(i: int) -> list[Event]:
    payload = b'{"media_type":"image/png","data":"iVBORw0KGgo="}'
    return [BlockStart(i, "media", payload=payload), BlockStop(i)]


def _film(i: int) -> list[Event]:
    payload = b'{"media_type":"video/mp4","data":"AAAA"}'
    return [BlockStart(i, "media", payload=payload), BlockStop(i)]


BLOCKS = {
    "texts": _text, "thoughts": _thought, "redacted thoughts": _redacted, "calls": _call, "searches": _search,
    "pictures": _picture, "films": _film,
    "texts and calls": lambda i: _call(i) if i % 2 else _text(i),
}  # fmt: skip
"""One block by its index, or several."""


def _gemini(n: int) -> Iterator[tuple[str, list[Json | str]]]:
    numbers = range(1000, 1000 + n)

    def chunk(*parts: Json, **more: Any) -> Json:
        return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **more}]}

    def whole(*chunks: Json) -> list[Json | str]:
        return [*chunks, chunk({"text": "end"}, finishReason="STOP")]

    yield "unknown parts of one chunk", whole(chunk(*({f"new{i}": 1} for i in numbers)))
    yield "unknown parts", whole(*(chunk({f"new{i}": 1}) for i in numbers))
    web = [{"web": {"uri": f"https://u{i}", "title": "t"}} for i in numbers]
    supports = [{"segment": {"text": "w"}, "groundingChunkIndices": [i]} for i in numbers]
    yield (
        "supports",
        whole(
            chunk({"text": "w"}, groundingMetadata={"groundingChunks": web, "groundingSupports": supports})
        ),
    )
    yield (
        "sources",
        whole(
            *(
                chunk({"text": "w"}, groundingMetadata={"groundingChunks": [one], "webSearchQueries": ["q"]})
                for one in web
            )
        ),
    )
    yield (
        "old citations",
        whole(*(chunk({"text": "w"}, citationMetadata={"citations": [{"uri": f"u{i}"}]}) for i in numbers)),
    )
    yield (
        "log probabilities",
        whole(
            *(chunk({"text": "w"}, logprobsResult={"chosenCandidates": [{"token": "w"}]}) for _ in numbers)
        ),
    )
    yield "finish reasons", whole(*(chunk({"text": "w"}, finishReason="STOP") for _ in numbers))
    yield (
        "candidates",
        whole(
            *(
                {"candidates": [{"index": i, "content": {"parts": [{"text": "w"}]}, "finishReason": "STOP"}]}
                for i in numbers
            )
        ),
    )
    yield (
        "late signatures",
        whole(*(chunk({"text": "w"}, {"text": "", "thoughtSignature": f"c2l{i}"}) for i in numbers)),
    )
    yield (
        "code",
        whole(
            *(
                chunk({"executableCode": {"code": "1"}}, {"codeExecutionResult": {"output": "1"}})
                for _ in numbers
            )
        ),
    )
    same = [{"functionCall": {"name": "f", "id": "same", "args": {}}} for _ in numbers]
    yield "calls of one id", whole(*map(chunk, same))
    begun = chunk({"functionCall": {"name": "f", "willContinue": True}})
    ended = chunk({"functionCall": {"partialArgs": [{"jsonPath": "$.end", "numberValue": 1}]}})
    for shape, pieces in (
        ("a text in partial arguments", [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}] * n),
        ("lists in partial arguments", [{"jsonPath": f"$.l[{i}].a", "numberValue": 1} for i in numbers]),
        ("keys in partial arguments", [{"jsonPath": f"$.a.k{i}", "stringValue": "x"} for i in numbers]),
    ):
        told = (chunk({"functionCall": {"partialArgs": [one], "willContinue": True}}) for one in pieces)
        yield shape, whole(begun, *told, ended)


def _anthropic(n: int) -> Iterator[tuple[str, list[Json | str]]]:
    numbers = range(1000, 1000 + n)
    start: Json = {"type": "message_start", "message": {"id": "i", "model": "m", "content": [], "usage": {}}}
    end: list[Json] = [
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]

    def block(index: int, **content: Any) -> Json:
        return {"type": "content_block_start", "index": index, "content_block": content}

    def delta(index: int, **told: Any) -> Json:
        return {"type": "content_block_delta", "index": index, "delta": told}

    text = {"type": "text", "text": ""}
    cited = [delta(0, type="citations_delta", citation={"url": f"u{i}"}) for i in numbers]
    yield (
        "citations of its own",
        [start, block(0, **text), *cited, {"type": "content_block_stop", "index": 0}, *end],
    )
    yield "blocks that nobody closes", [start, *(block(i, **text) for i in numbers), *end]
    yield "blocks of one number", [start, *(block(0, **text) for _ in numbers), *end]
    counts = [{"type": "message_delta", "delta": {}, "usage": {"output_tokens": i}} for i in numbers]
    yield "blocks and counts", [start, *(block(i, **text) for i in numbers), *counts, *end]
    stops = [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}} for _ in numbers]
    yield "blocks and stops", [start, *(block(i, **text) for i in numbers), *stops, *end]
    yield "unknown blocks", [start, *(block(i, type="new", x=i) for i in numbers), *end]
    unknown = [delta(0, type="new_delta", x=f"t{i}") for i in numbers]
    yield "unknown deltas", [start, block(0, type="new", x=""), *unknown, *end]
    yield "pings", [start, *({"type": "ping"} for _ in numbers), *end]


def _chat(n: int) -> Iterator[tuple[str, list[Json | str]]]:
    numbers = range(1000, 1000 + n)

    def chunk(finish: str | None = None, index: int = 0, **delta: Any) -> Json:
        return {
            "id": "i",
            "model": "m",
            "choices": [{"index": index, "delta": delta, "finish_reason": finish}],
        }

    def whole(*chunks: Json, finish: str = "stop") -> list[Json | str]:
        return [*chunks, chunk(finish), "[DONE]"]

    def call(index: int | None, arguments: str, call_id: str = "", name: str = "") -> Json:
        fragment: Json = {"function": {"arguments": arguments} | ({"name": name} if name else {})}
        told = {
            **fragment,
            **({"id": call_id} if call_id else {}),
            **({} if index is None else {"index": index}),
        }
        return chunk(tool_calls=[told])

    begun = [call(0, '{"a":', "a", "f"), call(1, "{}", "b", "f")]
    yield (
        "closing brackets",
        whole(*begun, *(call(0, '{"x":{}') for _ in numbers), *(call(0, "}") for _ in numbers), call(0, "}")),
    )
    yield "brackets in a text", whole(*begun, call(0, '"'), *(call(0, "}") for _ in numbers), call(0, '"}'))
    yield "calls that wait", whole(*begun, *(call(i + 2, "{}", f"c{i}", "f") for i in numbers), call(0, "1}"))
    yield (
        "calls that wait for a name",
        whole(
            *(call(i, "{}", f"c{i}") for i in numbers),
            *(chunk("stop") for _ in numbers),
            *(call(i, " ", "", "f") for i in numbers),
        ),
    )
    yield (
        "calls without numbers",
        whole(
            *(call(None, "{", f"c{i}", "f") for i in numbers), *(call(None, "}", f"c{i}") for i in numbers)
        ),
    )
    yield "calls of one number", whole(*(call(0, "{}", f"c{i}", "f") for i in numbers))
    yield "calls of one id", whole(*(call(i, "{}", "same", "f") for i in numbers))
    yield "names again", whole(*(call(0, "{" if i else '{"a":', "a", "f") for i in numbers))
    long = f'{{"a":1{" " * len(numbers) * 20}}}'
    yield "a long call again", whole(call(0, long, "a", "f"), *(call(0, '{"a":1}') for _ in numbers))
    yield "choices", whole(*(chunk("stop", i, content="x") for i in numbers))
    yield "finish reasons", whole(*(chunk("stop", content="x") for _ in numbers))
    yield (
        "pictures by number",
        whole(
            *(
                chunk(images=[{"index": i, "image_url": {"url": "data:image/png;base64,AA=="}}])
                for i in numbers
            )
        ),
    )
    yield (
        "annotations",
        whole(
            chunk(content="x"),
            *(
                chunk(
                    annotations=[
                        {"type": "url_citation", "url_citation": {"url": f"https://u{i}", "title": "t"}}
                    ]
                )
                for i in numbers
            ),
        ),
    )
    yield (
        "details of reasoning",
        whole(
            *(chunk(reasoning_details=[{"index": i, "type": "reasoning.text", "text": "t"}]) for i in numbers)
        ),
    )
    yield (
        "details of one number",
        whole(
            *(chunk(reasoning_details=[{"index": 0, "type": "reasoning.text", "text": "t"}]) for _ in numbers)
        ),
    )
    yield (
        "sources beside the text",
        whole(*({**chunk(content="x"), "citations": [f"https://u{i}"]} for i in numbers)),
    )
    yield "unknown texts", whole(*(chunk(content="x", whisper="y") for _ in numbers))
    probabilities = [chunk(content="x") for _ in numbers]
    for one in probabilities:
        one["choices"][0]["logprobs"] = {"content": [{"token": "x", "logprob": -1}]}
    yield "log probabilities", whole(*probabilities)


def _responses(n: int) -> Iterator[tuple[str, list[Json | str]]]:
    numbers = range(1000, 1000 + n)

    def event(name: str, at: int, **more: Any) -> Json:
        return {"type": f"response.{name}", "output_index": at, **more}

    start: Json = {"type": "response.created", "response": {"id": "r", "model": "m"}}
    end: Json = {"type": "response.completed", "response": {"id": "r", "model": "m", "output": []}}

    def message(text: str) -> Json:
        part = {"type": "output_text", "text": text, "annotations": []}
        return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}

    call = {"type": "function_call", "id": "f", "call_id": "c", "name": "f", "arguments": ""}
    yield "finished items", [start, *(event("output_item.done", i, item=message("t")) for i in numbers), end]
    yield (
        "items that nobody closes",
        [start, *(event("output_text.delta", i, delta="t") for i in numbers), end],
    )
    parts = [event("output_text.delta", 0, content_index=i, delta="t") for i in numbers]
    yield "parts", [start, *parts, event("output_item.done", 0, item=message("t")), end]
    pieces = [event("function_call_arguments.delta", 0, delta='{"x":') for _ in numbers]
    done = [event("function_call_arguments.done", 0, arguments="") for _ in numbers]
    begun = event("output_item.added", 0, item=call)
    yield "arguments that end again and again", [start, begun, *pieces, *done, end]
    nameless = [event("output_item.added", i, item={**call, "name": ""}) for i in numbers]
    named = [event("output_item.done", i, item={**call, "arguments": "{}"}) for i in numbers]
    placeless = [
        {
            "type": f"response.output_item.{name}",
            "item": {**call, "id": f"f{i}", "call_id": "", "arguments": "{}"},
        }
        for name in ("added", "done")
        for i in numbers
    ]
    yield "items without places", [start, *placeless, end]
    unnamed = [{**one, "item": {**one["item"], "id": ""}} for one in placeless]
    yield "items without places or ids", [start, *unnamed, end]
    yield "calls that wait for a name", [start, *nameless, *named, end]
    cited = [
        event("output_text.annotation.added", 0, annotation={"type": "url_citation", "url": f"u{i}"})
        for i in numbers
    ]
    yield "annotations", [start, event("output_text.delta", 0, delta="t"), *cited, end]
    thinks = event("output_item.added", 0, item={"type": "reasoning", "id": "r", "summary": []})
    summary = [
        one
        for i in numbers
        for one in (
            event(
                "reasoning_summary_part.added", 0, summary_index=i, part={"type": "summary_text", "text": ""}
            ),
            event("reasoning_summary_text.delta", 0, summary_index=i, delta="t"),
        )
    ]
    yield "summaries", [start, thinks, *summary, end]
    yield "unknown events", [start, *(event("new.thing", 0, x=i) for i in numbers), end]
    full = {**end, "response": {**end["response"], "output": [message("t") for _ in numbers]}}
    yield "an end that holds it all", [start, event("output_text.delta", 0, delta="t"), full]


OWN = {"gemini": _gemini, "anthropic": _anthropic, "chat": _chat, "responses": _responses}
"""What each dialect alone can say."""
