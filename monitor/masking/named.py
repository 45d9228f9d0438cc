"""Tokens and keys that show by the words before them: JSON keys, parameters, assignments, PEM. PURE."""

from typing import Any

from monitor.masking.edits import MASK, Edit
from monitor.masking.linear import compiled
from monitor.masking.shapes import Shape

_MASK = MASK.encode()
_QUOTE, _BACKSLASH = b'"\\'

# Words that secrets stand under; "token" and "key" alone are words of the trade.
_SECRET_WORDS = (
    rb"(?:(?:api|secret|access|private|encryption|signing|master|account|fernet)[-_.]{0,9}key"
    rb"|(?:refresh|access|auth|api|bearer|session|id|private|github|gh|gitlab|npm|bot|deploy|vault)"
    rb"[-_.]{0,9}token"
    rb"|secret|password|passwd|passphrase|authorization|cookie)"
)

_SECRET_PARAMETERS = (
    "key", "api_key", "apikey", "api-key", "x-api-key", "x-goog-api-key", "access_token", "refresh_token",
    "id_token", "auth_token", "token", "client_secret", "secret", "password", "authorization",
    "sig", "signature", "x-amz-signature", "x-amz-security-token", "x-goog-signature",
)  # fmt: skip
SECRET_PARAMETERS = frozenset(_SECRET_PARAMETERS)
"""The names of a URL's parameters, in lower case, whose values are secrets."""
_PARAMETER = (
    rb"(?:[?&;]|\\u0026|%3[fF]|%26)(?i:" + "|".join(sorted(_SECRET_PARAMETERS, reverse=True)).encode() + rb")"
)

# --- JSON ---------------------------------------------------------------------------------------------------


def _string_value(data: bytes, match: Any) -> Edit | None:
    """The value of a JSON key that is named like a secret, if it is a string.

    In JSON within JSON the quotes are escaped, all alike: another one is the end of the string that the key
    stands in.
    """
    (begin, begun), start = match.span(1), match.end()
    depth = begun - begin
    if match.end(2) - match.start(2) != depth or data.startswith(_MASK, start):
        return None
    end = string_end(data, start, depth)
    return Edit(start, end) if end > start else None


def string_end(data: bytes, start: int, depth: int) -> int:
    """Where the string ends that begins at ``start`` behind a quote with ``depth`` backslashes.

    With each level of JSON within JSON the quote's backslashes double and one is added: of n before a
    quote those beyond ``depth`` are escaped backslashes of the string's own, in whole multiples of
    2 (depth + 1); fewer than ``depth`` end a string further out. A line end stops the search: it cannot
    stand in a JSON string, but it ends an SSE event.
    """
    seen = start
    while True:
        quote = data.find(b'"', seen)
        limit = len(data) if quote < 0 else quote
        line_end = data.find(b"\n", seen, limit)
        if line_end >= 0 or quote < 0:
            return limit if line_end < 0 else line_end
        backslashes = 0
        while quote - backslashes > start and data[quote - backslashes - 1] == _BACKSLASH:
            backslashes += 1
        if backslashes < depth or backslashes % (2 * (depth + 1)) == depth:
            return quote - min(backslashes, depth)
        seen = quote + 1


# --- Assignments: NAME_API_KEY=…, api_key: "…" --------------------------------------------------------------

# settings.page2, YOUR_API_KEY, process.env.TOKEN: names and no values.
_NAMES = compiled(
    rb"[-_./:+=~]*(?:(?:[A-Za-z]+[0-9]{0,4}|[0-9]{1,8})[-_./:+=~]+)*(?:[A-Za-z]+[0-9]{0,4}|[0-9]{1,8})?",
    captures=False,
)


def _unless_names(data: bytes, match: Any) -> Edit | None:
    start, end = match.span(1)
    return None if _NAMES.fullmatch(data, start, end) else Edit(start, end)


# --- HTTP's schemes -----------------------------------------------------------------------------------------

# "Bearer authentication" is prose; a token has a digit, a capital inside a word, or is longer than words are.
_TOKEN_LIKE = compiled(rb"[0-9]|[a-z][A-Z]|[A-Za-z]{24}", captures=False)


def _bearer_token(data: bytes, match: Any) -> Edit | None:
    start, end = match.span(1)
    return Edit(start, end) if _TOKEN_LIKE.search(data, start, end) else None


# --- PEM ----------------------------------------------------------------------------------------------------

_PEM_END = b"-----END "
_PEM_LONGEST_BYTES = 16384
_PEM_LINES = compiled(rb"(?:[\r\n]|\\+[nr])(?:[A-Za-z0-9+/=\s]|\\+[nr])*", captures=False)


def _private_key(data: bytes, match: Any) -> Edit | None:
    """The inside of a PEM private key, to its end; of one that is cut off, whatever of its lines is there."""
    start = match.end()
    end = data.find(_PEM_END, start, start + _PEM_LONGEST_BYTES)
    if end < 0:
        lines = _PEM_LINES.match(data, start)
        end = lines.end() if lines else start
    return Edit(start, end) if end > start else None


_SCHEME_BYTES = 6  # the end of a scheme's value may be the name of the next scheme

NAMED: tuple[Shape, ...] = (
    Shape("JSON", rb"(?i:" + _SECRET_WORDS + rb')(\\*)"\s*:\s*(\\*)"', edit=_string_value),
    Shape("parameter", _PARAMETER + rb"=([^&#\s\"'\\<>()\[\]{}]{8,})"),
    # Behind %3D a value ends at the next %26.
    Shape("encoded parameter", _PARAMETER + rb"%3[dD]([^&#%\s\"'\\<>()\[\]{}]{8,})"),
    Shape(
        "Bearer",
        rb"[Bb]earer(?:\s|%20|\+)+([A-Za-z0-9._~+/=-]{12,})",
        edit=_bearer_token,
        again_bytes=_SCHEME_BYTES,
    ),
    Shape(
        "PEM",
        rb"(-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)",
        edit=_private_key,
    ),
    Shape(
        "environment",
        rb"(?:(?:API|ACCESS|SECRET|PRIVATE|ENCRYPTION|SIGNING|MASTER|AUTH)_?KEY|TOKEN|SECRET|PASSWORD|PASSWD"
        rb"|PASSPHRASE|CREDENTIALS)=\\*[\"']?([^\s\"'\\<>$(){}\[\],;&|%]{8,})",
    ),
    Shape(
        "assignment",
        rb"(?i:" + _SECRET_WORDS + rb")[\"'\\]{0,4}\s{0,4}(?::|=|=>|:=)\s{0,4}\\*[\"'`]?"
        rb"([A-Za-z0-9_./+~=-]{16,})",
        edit=_unless_names,
    ),
    Shape(
        "option",
        rb"--(?:[a-z]{1,20}-){0,3}(?:api-?key|token|secret|password|passphrase)(?:\s{1,4}|=)\\*[\"']?"
        rb"([A-Za-z0-9_./+~=-]{16,})",
        edit=_unless_names,
    ),
    Shape(
        "scheme of its own",
        rb"(?i:authorization)[\"'\\]{0,4}\s{0,4}[:=]\s{0,4}\\*[\"'`]?(?i:token|apikey|api-key|key|sso-key)"
        rb"(?:\s|%20){1,4}([A-Za-z0-9._~+/=:-]{12,})",
        edit=_bearer_token,
    ),
)
"""What is looked for by the words before it."""
