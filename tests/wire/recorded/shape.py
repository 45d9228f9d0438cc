"""One recorded shape: the file that holds it, and what stands in the file.

A shape is a TOML file, ``shapes/SERVER/NAME.toml``, for people to read and to write::

    title = "The usage comes in a chunk of its own, behind the finish reason"
    dialect = "chat"                    # chat, responses, anthropic or gemini: what the server speaks
    sources = ["https://…"]             # where it was seen: documentation, an SDK's fixture, a report
    derived = "…"                       # only where more than words and numbers differ from the source

    [sent]
    words = "one user message"          # what was sent, for people
    tools = ["weather"]                 # what a client must send for this answer to make sense

    [answer]
    body = '''
    data: {"choices": …}

    @pause 0.2
    data: [DONE]

    '''

    [reader]                            # what a reader says is in it
    text = "Hello"
    stop = "end_turn"
    usage = {input = 5, output = 2}

In a body a line ``@pause SECONDS`` is a pause and ``@reset`` a connection that breaks; a line that begins
with ``@`` is never sent. Bytes that are no UTF-8 stand in hexadecimal between double brackets: ``⟪f0 9f⟫``.
Lines end as ``line_end`` says. A body ends where its closing quotes stand.
"""

import re
from pathlib import Path
from typing import Any, Literal

import msgspec

SHAPES = Path(__file__).parent.parent / "shapes"
DialectName = Literal["chat", "responses", "anthropic", "gemini"]

_LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_DIRECTION = re.compile(r"^@(pause|reset)(?: ([0-9.]+))?\n?", re.MULTILINE)
_HEX = re.compile(r"⟪([0-9a-f ]+)⟫")


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not know is a mistake of the file's author."""


class Sent(_Strict, frozen=True, kw_only=True):
    """What was sent: ``words`` for people, the rest for the player.

    ``tools`` are the names of the functions that the client declares, ``search`` asks for the vendor's own
    search, ``results`` puts a tool's result behind the question.
    """

    words: str
    tools: tuple[str, ...] = ()
    search: bool = False
    results: bool = False


class Answer(_Strict, frozen=True, kw_only=True):
    """The answer: status, the headers that matter, and the body as the module's docstring says."""

    body: str
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = {}
    line_end: Literal["lf", "crlf", "cr"] = "lf"


class Call(_Strict, frozen=True, kw_only=True):
    """A call of a function that the client declared.

    ``cut`` is the text of arguments that broke off: as far as it came.
    """

    name: str
    arguments: dict[str, Any] = {}
    cut: str = ""


class Media(_Strict, frozen=True, kw_only=True):
    """A picture, sound or file in the answer; ``data`` is base64."""

    type: str
    data: str


class Tokens(_Strict, frozen=True, kw_only=True):
    """The usage: ``input`` is all of it, cached tokens included; ``output`` includes ``thinking``."""

    input: int | None = None
    output: int | None = None
    thinking: int | None = None
    cache_read: int | None = None


class Trouble(_Strict, frozen=True, kw_only=True):
    """The error that the answer is, or ends in: its HTTP status, and words of its message.

    No words where upstream says none: where it merely stops. ``limit`` says that the request is larger than
    the model, in its context or in the tokens that it asks for: clients of other dialects hear other words.
    """

    status: int
    words: str
    limit: Literal["", "context", "output"] = ""


class Reader(_Strict, frozen=True, kw_only=True):
    """What a reader says is in the answer. ``outcome`` and ``stop`` are in this project's own words.

    ``sources`` are the addresses that the answer cites; ``found`` are more that a search found, and that a
    client may be told.
    """

    text: str = ""
    thinking: str = ""
    calls: tuple[Call, ...] = ()
    media: tuple[Media, ...] = ()
    sources: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    refusal: str = ""
    stop: str = ""
    usage: Tokens = Tokens()
    outcome: str = "ok"
    error: Trouble | None = None


class Shape(_Strict, frozen=True, kw_only=True):
    """A whole file, with ``name`` (``vllm/usage_alone``) from where it stands."""

    name: str = ""
    title: str
    dialect: DialectName
    sources: tuple[str, ...]
    derived: str = ""
    own: str = ""
    """What a client of the same dialect makes of these very bytes, where the vendor's SDK reads less."""
    sent: Sent
    answer: Answer
    reader: Reader

    @property
    def server(self) -> str:
        """The folder that it stands in: a kind of server."""
        return self.name.partition("/")[0]


class Reset:
    """The connection breaks here."""


Frame = bytes | float | Reset


def load(path: Path) -> Shape:
    """The shape in ``path``; raises msgspec.ValidationError with the file's name."""
    name = f"{path.parent.name}/{path.stem}"
    try:
        told = msgspec.toml.decode(path.read_text(), type=Shape)
    except msgspec.MsgspecError as error:
        raise msgspec.ValidationError(f"{name}: {error}") from error
    return msgspec.structs.replace(told, name=name)


def every_shape() -> list[Shape]:
    """All shapes of the corpus, by name."""
    return [load(path) for path in sorted(SHAPES.glob("*/*.toml"))]


def frames(answer: Answer) -> list[Frame]:
    """The body as bytes, pauses in seconds, and breaks, in their order."""
    found: list[Frame] = []
    at = 0
    for direction in _DIRECTION.finditer(answer.body):
        found.append(_encoded(answer, answer.body[at : direction.start()]))
        found.append(Reset() if direction[1] == "reset" else float(direction[2]))
        at = direction.end()
    found.append(_encoded(answer, answer.body[at:]))
    return [frame for frame in found if frame != b""]


def body_bytes(answer: Answer) -> bytes:
    """The whole body, without its pauses."""
    return b"".join(frame for frame in frames(answer) if isinstance(frame, bytes))


def events_of(body: bytes) -> list[bytes]:
    """The body cut behind every event (behind each blank line), whatever ends its lines."""
    pieces = re.split(rb"(?<=\r\n\r\n)|(?<=(?<!\r)\n\n)|(?<=(?<!\n)\r\r)(?!\n)", body)
    return [piece for piece in pieces if piece]


def _encoded(answer: Answer, text: str) -> bytes:
    pieces = _HEX.split(text)
    raw = [bytes.fromhex(piece) if index % 2 else piece.encode() for index, piece in enumerate(pieces)]
    # Only the lines of the text itself: a line feed that is meant as a byte stands in hexadecimal.
    return b"".join(
        piece if index % 2 else piece.replace(b"\n", _LINE_ENDS[answer.line_end])
        for index, piece in enumerate(raw)
    )
