"""What a client receives where a switch of the mapping is on: more rows of the contract. PURE."""

from msgspec.structs import replace

from proxyproject.faultlab.promises import Contract, Expected, broken, continued, only, retried

_ANTHROPIC = ("anthropic",)
_UNAVAILABLE = ("gemini", "openai")  # an overload is a 503 there, and a 529 at Anthropic

SWITCHED: tuple[Contract, ...] = (
    continued("cut@3", "Another account continues it; after two continuations it is told."),
    continued("reset@3", "Another account continues it; after two continuations it is told."),
    continued("stall@3", "Continued when the idle time is over.", 504),
    continued("cut_inside_event@3", "Whole events only are passed on; then it is continued."),
    continued("cut_inside_character@3", "Whole events only are passed on; then it is continued."),
    continued("end@3", "An orderly end without the protocol's own is a cut, and continued."),
    continued("garbage@3", "What is no JSON object breaks the stream; it is continued."),
    only(
        _ANTHROPIC,
        continued("error_event@3=overloaded_error", "The same account continues it, later.", 529),
    ),
    only(
        _UNAVAILABLE,
        continued("error_event@3=overloaded_error", "The same account continues it, later.", 503),
    ),
    only(
        _ANTHROPIC,
        replace(
            broken("no_finish", "All was said, and closed: nobody is asked for more."),
            switch="continuation",
        ),
    ),
    only(
        _UNAVAILABLE,
        replace(
            broken("no_finish", "Nobody has more to say, and nobody makes up an end."),
            stream_once=Expected("error event", 200, 3, "interrupted"),
            stream_always=Expected("error event", 200, 3, "interrupted"),
            switch="continuation",
        ),
    ),
    only(
        ("anthropic", "openai"),
        replace(
            broken("cut_in_tool", "A tool call is never continued.", asked="tool"), switch="continuation"
        ),
    ),
    only(
        ("gemini",),
        replace(
            continued("cut_in_tool", "A call is one event here: the text before it is continued."),
            asked="tool",
        ),
    ),
    replace(
        retried("cut_in_tool", 502, "Half a call was held back, and nothing sent: another account is asked."),
        asked="tool",
        switch="tool_safe",
    ),
)
