"""A client that shows the bytes as they were on the wire and how the connection ended."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TOOL_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
HEADERS = {
    "anthropic": {"x-api-key": "sim-a", "anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": "sim-a"},
    "chat": {"authorization": "Bearer sim-a"},
    "responses": {"authorization": "Bearer sim-a"},
}
PATHS = {
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
}
DIALECTS = tuple(PATHS)
FAULT_DIALECT = {"anthropic": "anthropic", "gemini": "gemini", "chat": "openai", "responses": "openai"}


@dataclass
class RawAnswer:
    """Head and body bytes; ``end`` is ``eof`` or ``reset``."""

    status: int
    headers: dict[str, str]
    wire: bytes
    end: str

    @property
    def payload(self) -> bytes:
        """The body without its framing, however much of it came."""
        if self.headers.get("transfer-encoding") != "chunked":
            return self.wire
        rest, parts = self.wire, []
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            parts.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return b"".join(parts)

    @property
    def is_complete(self) -> bool:
        """Whether the body said its own end."""
        if self.headers.get("transfer-encoding") == "chunked":
            return self.wire.endswith(b"0\r\n\r\n")
        return len(self.wire) == int(self.headers.get("content-length", -1))

    def json(self) -> Any:
        return json.loads(self.payload)

    def events(self) -> list[Any]:
        """The data of every SSE event, decoded (``[DONE]`` and garbage as text)."""
        text = self.payload.decode().replace("\r\n", "\n").replace("\r", "\n")
        found = []
        for block in text.split("\n\n"):
            lines = [line.removeprefix("data: ") for line in block.split("\n") if line.startswith("data: ")]
            if lines:
                try:
                    found.append(json.loads("\n".join(lines)))
                except ValueError:
                    found.append("\n".join(lines))
        return found


class RawConnection:
    """One connection; ``Connection: close`` is asked for unless ``keep_alive``."""

    def __init__(self, base_url: str) -> None:
        self._address = urlsplit(base_url)

    async def __aenter__(self) -> "RawConnection":
        self.reader, self.writer = await asyncio.open_connection(
            self._address.hostname, self._address.port, limit=2**24
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes, *, keep_alive: bool = False
    ) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if not keep_alive:
            lines.append("Connection: close")
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await self.writer.drain()

    async def read_head(self) -> tuple[int, dict[str, str]]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return int(head[0].split(" ")[1]), headers

    async def read_answer(self) -> RawAnswer:
        status, headers = await self.read_head()
        wire, end = b"", "eof"
        try:
            while data := await self.reader.read(65536):
                wire += data
        except ConnectionResetError:
            end = "reset"
        return RawAnswer(status, headers, wire, end)


async def ask(
    base_url: str,
    path: str,
    body: Any,
    headers: dict[str, str],
    method: str = "POST",
) -> RawAnswer:
    """One request on a connection of its own, read to the end."""
    async with RawConnection(base_url) as connection:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await connection.send(method, path, headers, data)
        return await connection.read_answer()


def body_for(dialect: str, prompt: str, *, stream: bool = True, tools: bool = False) -> dict[str, Any]:
    """A plain request in a dialect; thinking is on wherever it can be shown."""
    body: dict[str, Any]
    match dialect:
        case "anthropic":
            body = {
                "model": "claude-opus-4-6",
                "max_tokens": 4000,
                "stream": stream,
                "thinking": {"type": "adaptive"},
                "messages": [{"role": "user", "content": prompt}],
            }
            if tools:
                body["tools"] = [{"name": "get_weather", "input_schema": TOOL_SCHEMA}]
        case "gemini":
            body = {
                "contents": [{"role": "user", "parts": [{"text": prompt}]}],
                "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
            }
            if tools:
                declared = {"name": "get_weather", "parametersJsonSchema": TOOL_SCHEMA}
                body["tools"] = [{"functionDeclarations": [declared]}]
        case "chat":
            body = {
                "model": "deepseek-sim",
                "stream": stream,
                "messages": [{"role": "user", "content": prompt}],
            }
            if tools:
                function = {"name": "get_weather", "parameters": TOOL_SCHEMA}
                body["tools"] = [{"type": "function", "function": function}]
        case _:
            body = {
                "model": "gpt-6.2-sol",
                "stream": stream,
                "input": prompt,
                "reasoning": {"effort": "high", "summary": "auto"},
            }
            if tools:
                body["tools"] = [{"type": "function", "name": "get_weather", "parameters": TOOL_SCHEMA}]
    return body


async def stream(base_url: str, dialect: str, prompt: str, *, tools: bool = False) -> RawAnswer:
    """A streamed request in a dialect, read to the end."""
    return await ask(base_url, PATHS[dialect], body_for(dialect, prompt, tools=tools), HEADERS[dialect])


async def collect(base_url: str, dialect: str, prompt: str, *, tools: bool = False) -> RawAnswer:
    """A request for one document in a dialect, read to the end."""
    path = PATHS[dialect].replace("streamGenerateContent?alt=sse", "generateContent")
    return await ask(base_url, path, body_for(dialect, prompt, stream=False, tools=tools), HEADERS[dialect])


def text_of(dialect: str, events: list[Any]) -> str:
    """The text that the events of a stream say."""
    said = []
    for event in events:
        if not isinstance(event, dict):
            continue
        match dialect:
            case "anthropic":
                said.append((event.get("delta") or {}).get("text", ""))
            case "gemini":
                parts = ((event.get("candidates") or [{}])[0].get("content") or {}).get("parts") or []
                said += [part.get("text", "") for part in parts if not part.get("thought")]
            case "chat":
                choices = event.get("choices") or [{"delta": {}}]
                said.append(choices[0]["delta"].get("content") or "")
            case _:
                said.append(event["delta"] if event.get("type") == "response.output_text.delta" else "")
    return "".join(said)


def is_finished(dialect: str, events: list[Any]) -> bool:
    """Whether the protocol's own terminal event is there."""
    match dialect:
        case "anthropic":
            return any(isinstance(e, dict) and e.get("type") == "message_stop" for e in events)
        case "gemini":
            return any(isinstance(e, dict) and '"finishReason"' in json.dumps(e) for e in events)
        case "chat":
            return "[DONE]" in events
        case _:
            names = {"response.completed", "response.incomplete"}
            return any(isinstance(e, dict) and e.get("type") in names for e in events)
