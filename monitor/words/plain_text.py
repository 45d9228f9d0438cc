"""Text from models and clients, made safe to look at: control characters are shown, not obeyed. PURE.

Escaping for HTML is the template's work; this is about what escaping lets through: a right-to-left mark
turns the rest of a line round, a backspace or NUL is swallowed.
"""

_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_KEPT = "\n\t"

_SHOWN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in _KEPT},  # ␀ … ␟
    0x7F: "\N{SYMBOL FOR DELETE}",
    **{code: f"\\u{code:04x}" for code in range(0x80, 0xA0)},
    **{ord(control): f"\\u{ord(control):04x}" for control in _BIDI_CONTROLS},
}


def shown(text: str) -> str:
    """``text`` with each control character as a visible sign; line ends and tabs stay (``\\r\\n`` is one)."""
    return text.replace("\r\n", "\n").translate(_SHOWN)
