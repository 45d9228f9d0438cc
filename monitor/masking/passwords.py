"""Passwords, which have no shape of their own: found by the words around them. PURE.

A password may be short, so the words before it are not enough: "password: string" is documentation. Where the
words leave no doubt (a line of netrc, a header, SQL that sets one) whatever stands there is masked; elsewhere
it has a digit or a sign among its letters.
"""

import binascii
from typing import Any

from monitor.masking.edits import Edit
from monitor.masking.linear import compiled
from monitor.masking.shapes import AFTER_ANY, Shape

_WORDS = rb"(?i:password|passwd|passphrase|passwort|pwd|secret)"
_SPACE = rb"(?:\s|\\+[nrt])"
"""Also as JSON writes it."""
_QUOTE = rb"\\*[\"'`]?"
_VALUE = rb"[^\s\"'`\\<>(){}\[\],;&|]"
_NO_SPACE = rb"[^\s\"'\\<>{}\[\]]"

# --- What is none -------------------------------------------------------------------------------------------

# utf8, sha256, argon2id, page2.title, user@example.com; $NAME, %s and ***** stand for one.
_NONE = compiled(
    rb"(?i:(?:utf|sha|md|argon|base|pbkdf|bcrypt|scrypt|aes|rc|ascii|iso|latin|str|int|uint|field|input|step)"
    rb"[-_]?[0-9]{1,4}(?:id|i|d)?)(?:[-_][a-z0-9]{1,12}){0,3}"
    rb"|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+"
    rb"|[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    rb"|[$%*].*|[0-9.:/-]+(?:[a-z]{1,4})?",
    captures=False,
)
_LETTER = compiled(rb"[A-Za-z\x80-\xff]", captures=False)
_DIGIT_OR_SIGN = compiled(rb"[0-9!#$%^*~+?@]", captures=False)
_PUNCTUATION = b".,:;?"


def _password(data: bytes, match: Any) -> Edit | None:
    start, end = match.span(1)
    if data[end : end + 1] in (b"(", b"["):  # a call
        return None
    bare = data[start:end].rstrip(_PUNCTUATION)
    if _NONE.fullmatch(bare) or not (_LETTER.search(bare) and _DIGIT_OR_SIGN.search(bare)):
        return None
    return Edit(start, start + len(bare))


def _user_and_password(data: bytes, match: Any) -> Edit | None:
    """HTTP's basic authentication (RFC 7617): base64 of a name, a colon, and a password.

    Letters that stand right behind it belong to no base64, or make the password's end unreadable.
    """
    value = match[1].rstrip(b"=")
    whole = value[:-1] if len(value) % 4 == 1 else value
    try:
        decoded = binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)).decode("utf-8", "replace")
    except ValueError:
        return None
    name, colon, password = decoded.partition(":")
    is_text = (name + password[:1]).isprintable() and _UNREADABLE not in name + password[:1]
    return Edit(*match.span(1)) if colon and is_text else None


_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_SCHEME_BYTES = 6  # the end of a scheme's value may be the name of the next scheme
_HEADER = rb"(?i:authorization)[\"'\\]{0,4}\s{0,4}[:=]\s{0,4}" + _QUOTE
_SCHEME = rb"[A-Za-z][A-Za-z0-9+.-]*://"

# The first option of a call counts, and then each further one: the nearest, for a line may hold several
# calls. (In JSON a whole script is one line.)
_TO_OPTION = rb"(?:[^\n]*?\s)??"
_MYSQL = rb"mysql(?:dump|admin|sh|import)?\s"
_MYSQL_OPTION = _TO_OPTION + rb"-p" + _QUOTE + rb"(" + _VALUE + rb"{4,256})"
_CURL = rb"(?:curl|wget|http)\s"
_CURL_OPTION = (
    _TO_OPTION
    + rb"(?:-u|-U|-a|--user|--proxy-user|--auth)(?:\s{0,4}|=)"
    + _QUOTE
    + rb"[A-Za-z0-9._%@+-]{1,64}:("
    + _VALUE
    + rb"{3,256})"
)

PASSWORDS: tuple[Shape, ...] = (
    # --- a name and a value: password=…, 'password': '…', pwd: …, my password is …
    Shape(
        "password",
        _WORDS
        + rb"(?:[\"'`\\]{0,4}\s{0,4}(?::|=|=>|:=)\s{0,4}|\s{1,4}is:?\s{1,4})"
        + _QUOTE
        + rb"("
        + _VALUE
        + rb"{4,256})",
        edit=_password,
    ),
    # --- a program's options: --password …, sshpass -p …, mysql -p…, curl -u name:…
    Shape(
        "password option",
        rb"(?:--(?:[a-z]{1,20}-){0,3}(?:password|passwd|passphrase|pass|pwd)(?:\s{1,4}|=)|sshpass\s{1,4}-p\s{0,4})"
        + _QUOTE
        + rb"("
        + _VALUE
        + rb"{4,256})",
        edit=_password,
    ),
    Shape("mysql's option", _MYSQL + _MYSQL_OPTION, edit=_password, further=_MYSQL_OPTION),
    Shape("curl's option", _CURL + _CURL_OPTION, edit=_password, further=_CURL_OPTION),
    # --- netrc (curl's and ftp's)
    Shape(
        "netrc",
        rb"(?:machine"
        + _SPACE
        + rb"+"
        + _NO_SPACE
        + rb"+|default)"
        + _SPACE
        + rb"+login"
        + _SPACE
        + rb"+"
        + _NO_SPACE
        + rb"+"
        + _SPACE
        + rb"+(?:account"
        + _SPACE
        + rb"+"
        + _NO_SPACE
        + rb"+"
        + _SPACE
        + rb"+)?password"
        + _SPACE
        + rb"+("
        + _NO_SPACE
        + rb"+)",
    ),
    # --- SQL and XML
    Shape("SQL", rb"IDENTIFIED\s{1,4}BY\s{1,4}\\*[\"']([^\"'\\\[]+)"),
    Shape(
        "SQL's password",
        rb"(?i:identified\s{1,4}by|(?:with|encrypted|set)\s{1,4}password)(?:\s|=){1,4}\\*[\"']([^\"'\\\[]{4,256})",
        edit=_password,
    ),
    Shape("XML", rb"<" + _WORDS + rb">(" + _VALUE + rb"{4,256})</", edit=_password),
    # --- HTTP's basic authentication
    Shape("Basic header", _HEADER + rb"(?i:basic)(?:\s|%20|\+)+([A-Za-z0-9+/_-]{4,}={0,2})"),
    Shape(
        "Basic",
        rb"(?i:basic)(?:\s|%20)+([A-Za-z0-9+/]{8,}={0,2})",
        edit=_user_and_password,
        again_bytes=_SCHEME_BYTES,
    ),
    Shape(
        "encoded Basic",
        rb"(?i:basic)\++([A-Za-z0-9/]{8,}={0,2})",
        edit=_user_and_password,
        again_bytes=_SCHEME_BYTES,
    ),
    # --- URLs with a name and a password
    Shape(  # an @ may stand in a password, too: the last one before the path counts
        "URL",
        _SCHEME + rb"[^\s/:@\"'\\<>?#\[\]{}]{0,64}:([^\s/\"'\\<>?#\[\]{}]{1,256})@",
        AFTER_ANY,
    ),
    Shape(  # with signs that should be escaped there; behind a port's digits comes a path
        "URL with odd signs",
        _SCHEME + rb"[^\s/:@\"'\\<>?#\[\]{}]{0,64}:([0-9]*[^\s0-9/?#@\"'\\<>\[\]{}][^\s@\"'\\<>\[\]{}]*)@",
        AFTER_ANY,
    ),
)
"""What is looked for as a password."""
