"""No text from outside meets a regular expression that could backtrack: each is RE2's, or stands here.

A pattern of Python's ``re`` may stay where its time is linear and its result is needed piece by piece, or
where only the operator's own text comes. Each is listed with the reason; a new one has to be thought about.
"""

import ast
from collections.abc import Iterator
from re import _constants as opcodes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from tests.source_trees import trees
from tests.test_house_rules import PACKAGES, ROOT, our_modules

OWN = (
    "relay/simulator", "proxyproject/faultlab", "proxyproject/templatetags", "proxyproject/demo",
    "tests",
)  # fmt: skip
"""Folders that meet no text from outside: the upstream double and what plays with it."""

ONE_CLASS = "repetitions of one class whose neighbours are no members of it: nothing is tried twice"
FIXED = "no repetition without a small bound"
ANCHORED = "matched at one place, one class after another"
OPERATORS = "the operator's own text"

LINEAR: dict[str, str] = {
    # which paths only count
    r"^[^?]*(?:/count_tokens|:countTokens)(?:\?|$)": ANCHORED,
    # where large JSON is cut
    r'["\[\]{},]': FIXED,
    r'(?:[^"\\]++|\\.)*+': "possessive: nothing that was read is given back",
    r"(?:\{[ \t\r\n]*+\}[ \t\r\n]*+)*+": "possessive: nothing that was read is given back",
    # an account's number in a form
    r"[0-9]{1,18}": FIXED,
    # where the stream is cut
    r"\r\n|\n|\r": FIXED,
    r"(?:\r\n|\n)(?:\r\n|\n|\r(?!\n|\Z))|\r(?:\r\n|\r)": FIXED,
    # numbers that upstreams write as text
    r"-?[0-9]{1,18}": FIXED,
    # Gemini
    r'\s*\{\s*"error"\s*:': ANCHORED,
    r"(?<=[a-z0-9])([A-Z])": FIXED,
    r"_([a-z0-9])": FIXED,
    r"\.([^.\[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]": ANCHORED,
    r"\\(.)": FIXED,
    '"(?:finish_reason|': "begins at a quote, and its run of letters holds none: each is read once",
    "_(?:reason|message|": FIXED,
    # quotas
    r"(\d{1,3}[hd])(?:_([a-z0-9]{1,20}))?-utilization": FIXED,
    # waits
    r" ?(\d{1,12}(?:\.\d{1,12})?) ?(ms|": "of 64 characters at most",
    # OpenAI
    r'\\(?:.|\Z)|["{}\[\]]': FIXED,
    r'"sequence_number"\s*:\s*(\d{1,18})': ONE_CLASS,
    # addresses
    r"/v\d+(beta\d*)?(/[a-z-]+)?$": OPERATORS,
    r"^/v\d+(beta\d*)?(?=/)": "our own paths",
    # settings, tables and their forms
    r"\*|https?://[^/\s*]+": OPERATORS,
    r"https?://[^/\s*]+/?": OPERATORS,
    r"[a-z0-9][a-z0-9.-]+": OPERATORS,
    r"(\d+)\s*-\s*(\d+)((?:[\s,]+(?:off|dynamic))*)": OPERATORS,
    r"[\s,]+": OPERATORS,
    r"(\d{4}-\d\d-\d\d)(?:\.(\d{1,9}))?": FIXED,
    # the monitor
    r"(?:\A|[\r\n])data:": FIXED,
    r"(\r\n|\r|\n)": FIXED,
    r"(?:event|id)?(?:: ?[\w.-]{0,64})?\Z": FIXED,
    r"-(?:\d{4}-\d{2}-\d{2}|\d{4}|latest)\Z": FIXED,
    r"[0-9a-f]{1,32}": FIXED,
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}": FIXED,
    r"FOR VALUES FROM \((MINVALUE|'([^']{0,32})')\) TO \((MAXVALUE|'([^']{0,32})')\)": FIXED,
    r"[0-9a-f]{12,32}\Z": FIXED,
    r"req_[0-9A-Za-z]{8,100}\Z|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z": FIXED,
    r"[0-9a-f]{32}\Z": FIXED,
    r"[1-5][0-9]{2}": FIXED,
    r"[a-z0-9]+": ONE_CLASS,
    "f'([{_SPACELESS}]+)|": ONE_CLASS,
    r"(?:^|[-_])(?:authorization|auth|": FIXED,
    "(?:Bearer|Basic|Digest|Negotiate)(?= )": FIXED,
    r"[A-Za-z0-9+/=\s]+\Z": ANCHORED,
    r"data:([\w/+.-]+);base64,": ANCHORED,
    '"(text|thinking|partial_json|': "possessive throughout",
    r'ndex":\s*+(\d{1,9})': "possessive",
}


def test_every_pattern_is_linear_and_says_why() -> None:
    """Patterns of ``re`` in our code are those above, and no others; what begins alike is the same."""
    found = dict(patterns_in_code())
    unlisted = {text: place for text, place in found.items() if not any(map(text.startswith, LINEAR))}
    assert unlisted == {}
    unused = [text for text in LINEAR if not any(key.startswith(text) for key in found)]
    assert unused == []


def test_no_pattern_repeats_a_repetition() -> None:
    """In none of them a repetition without end stands inside another one, where each could begin anew."""
    for text, place in patterns_in_code():
        if text.startswith(("f'", "(\\d+)\\s*-")):
            continue  # no literal; the operator's own
        assert not has_nested_repeat(parser.parse(text), inside=False), (text, place)


def test_the_check_sees_a_nested_repetition() -> None:
    """The check itself: ``(a+)+`` is one, ``(?:a++)+`` and ``(?:a{1,3})+`` are none."""
    assert has_nested_repeat(parser.parse("(a+)+"), inside=False)
    assert has_nested_repeat(parser.parse("(?:x|a*b)*"), inside=False)
    assert not has_nested_repeat(parser.parse("(?:a++)+"), inside=False)
    assert not has_nested_repeat(parser.parse("(?:a{1,3})+"), inside=False)


def patterns_in_code() -> Iterator[tuple[str, str]]:
    """Each pattern that our code gives to ``re``, and its file."""
    for path, tree in trees(our_modules(*PACKAGES), "re."):
        name = str(path.relative_to(ROOT))
        if name.startswith(OWN):
            continue
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if ast.unparse(node.func.value) == "re" and node.func.attr != "escape":
                yield as_text(node.args[0]), name


def as_text(pattern: ast.expr) -> str:
    if isinstance(pattern, ast.Constant):
        value = pattern.value
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return ast.unparse(pattern)


def has_nested_repeat(parsed: Any, *, inside: bool) -> bool:
    """Whether an unbounded repetition that may give back stands inside another one."""
    for operation, argument in parsed:
        if operation in (opcodes.MAX_REPEAT, opcodes.MIN_REPEAT, opcodes.POSSESSIVE_REPEAT):
            _, most, inner = argument
            is_unbounded = most is opcodes.MAXREPEAT
            gives_back = is_unbounded and operation is not opcodes.POSSESSIVE_REPEAT
            if (gives_back and inside) or has_nested_repeat(inner, inside=inside or is_unbounded):
                return True
        elif operation is opcodes.SUBPATTERN:
            if has_nested_repeat(argument[-1], inside=inside):
                return True
        elif operation is opcodes.BRANCH:
            if any(has_nested_repeat(branch, inside=inside) for branch in argument[1]):
                return True
        elif operation is opcodes.ATOMIC_GROUP:
            if has_nested_repeat(argument, inside=False):
                return True
        elif operation in (opcodes.ASSERT, opcodes.ASSERT_NOT) and has_nested_repeat(
            argument[1], inside=inside
        ):
            return True
    return False
