"""Looking for secrets takes time that is linear in the text and bounded, whatever the text is made of."""

from typing import Any

import pytest
import re2

from monitor.masking.edits import Edit
from monitor.masking.finder import LEFT_OUT, Finder, most_places
from monitor.masking.linear import Phrases, compiled
from monitor.masking.named import NAMED
from monitor.masking.passwords import PASSWORDS
from monitor.masking.shapes import TOKENS
from monitor.record.records import BodyKind, BodyRecord
from monitor.record.redacting import stream_secrets
from monitor.record.redacting.redaction import find_secrets, mask_body, mask_text
from monitor.record.redacting.stream_secrets import find_stream_secrets
from monitor.store.bodies import stored_body

UNITS = (
    b"bearer+", b"Bearer ", b"bearer+1", b"basic+", b"Basic aaaaaaaa ", b"sk-sk-", b"sk-", b"sk-a-",
    b"sk-A1", b"api_key", b"api_key=", b"api_key: a1b2c3d4e5f6g7h8 ", b"TOKEN=", b"TOKEN=aaaaaaaa ",
    b'"secret": "', b'\\"secret\\": \\"\\\\\\" ', b"password\\", b'password"  ', b"secret ", b"-", b"api-",
    b"&key=", b"?key=a", b"%26key%3D", b"eyJaaaaaaaaaa.", b"eyJ.", b"1//", b" 1//aaaaaaaaaaaaaaaaaaaa",
    b"http://a:", b"a://b:c@", b"a+b+c.d-", b"-----BEGIN PRIVATE KEY-----",
    b"-----BEGIN PRIVATE KEY-----\\n", b"AIza", b"ghp_a", b"SG.aa", b"12345678:AA", b'"', b'"\\', b"\\",
    b"a", b" ", b"\n", b"%20", b"\\u0073", b"AKIA", b"xoxb-", b"glpat-.",
    b"curl ", b"curl -u a:b1 ", b"curl -u a:", b" -u a:b1", b"curl -u a:1111 ", b"mysql -p",
    b"mysql -pa1b2c ", b"password=", b"password=a1b2 ",
    b"password is ", b"--password ", b"machine a ", b"machine a login b password c ", b"default login ",
    b"IDENTIFIED BY '", b"set password ", b"<password>", b"basic ", b"basic aaaa", b"Authorization: Basic ",
    b"a://b:1#", b"a://b:", b"sshpass -p ",
)  # fmt: skip


class Counting:
    """A pattern that counts the characters between where a search begins and where its match ends."""

    def __init__(self, pattern: Any) -> None:
        self.pattern = pattern
        self.examined = 0

    def search(self, data: bytes, begin: int = 0) -> Any:
        match = self.pattern.search(data, begin)
        self.examined += (len(data) if match is None else match.end()) - begin
        return match

    def match(self, data: bytes, begin: int) -> Any:
        match = self.pattern.match(data, begin)
        self.examined += (len(data) if match is None else match.end()) - begin
        return match


def examined(unit: bytes, size: int) -> int:
    """How many characters the search of a text of ``size`` bytes looks at in all."""
    finder = Finder((*TOKENS, *NAMED, *PASSWORDS))
    finder._each = [Counting(pattern) for pattern in finder._each]
    further = [None if pattern is None else Counting(pattern) for pattern in finder._further]
    finder._further = further
    finder.find((unit * size)[:size])
    return sum(pattern.examined for pattern in (*finder._each, *filter(None, further)))


@pytest.mark.thorough
def test_twice_the_text_is_twice_the_work(subtests: pytest.Subtests) -> None:
    """Each shape looks at each character of a hostile text a few times at most, however long the text is."""
    for unit in UNITS:
        with subtests.test(f"{unit!r:.120}"):
            passes = len(TOKENS) + len(NAMED) + len(PASSWORDS)
            assert examined(unit, 20_000) <= 2 * passes * 20_000
            assert examined(unit, 40_000) <= 2 * passes * 40_000


def test_the_count_sees_quadratic_work() -> None:
    """The check itself: a search that begins anew inside what it has seen exceeds the bound."""
    pattern = Counting(compiled(rb"bearer[a-z+]*"))
    data = b"bearer+" * 3_000
    for begin in range(0, len(data), 7):
        pattern.search(data, begin)
    assert pattern.examined > 100 * len(data)


def test_every_shape_is_searched_by_the_linear_engine() -> None:
    """No shape, and no phrase, is looked for by an engine that backtracks."""
    finder = Finder((*TOKENS, *NAMED, *PASSWORDS))
    further = filter(None, finder._further)
    for pattern in (*finder._each, *further, Phrases("x")._pattern):
        assert isinstance(pattern, re2._Regexp)
    for patterns in (finder._together, finder._any, finder._look._any):
        assert isinstance(patterns, re2.Set)


def test_a_text_with_too_many_places_is_left_out() -> None:
    """What looks like secrets nearly everywhere is not looked through to its end: all of it goes."""
    few = b" sk-ant-api03-A1b2c3d4e5f6" * 500
    assert mask_body(few).count(b"[masked]") == 500
    many = b'"secret": "' * 20_000
    assert len(many) // 22 > most_places(len(many))
    assert find_secrets(many) == [Edit(0, len(many), LEFT_OUT)]
    assert mask_text(many.decode()) == LEFT_OUT.decode()


def test_a_stream_with_too_many_places_is_left_out() -> None:
    """The same of a response, also where only its texts together show the places."""
    event = b'data: {"delta":{"text":"%s"}}\n\n'
    many = b"".join(event % piece for piece in (b"Basic ", b"aaaaaaaa ") * 20_000)
    assert find_stream_secrets(many) == [Edit(0, len(many), LEFT_OUT)]


def test_a_body_that_is_left_out_counts_as_not_kept_whole() -> None:
    """Its row says the whole size and that it is not all there, so that it is not sent again as it stands."""
    import zstandard

    content = b'"secret": "' * 20_000
    record = BodyRecord(request_id="r", kind=BodyKind.CLIENT_REQUEST, content=content)
    row = stored_body(record, 10**6, zstandard.ZstdCompressor())
    assert (row.is_capped, row.total_bytes, row.kept_bytes) == (True, len(content), len(LEFT_OUT))


def test_pieces_without_line_ends_are_told_apart_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response on one line: for each piece only what is between it and the piece before is looked at."""

    class Counted(bytes):
        looked_at = 0

        def rfind(self, part: bytes, start: int = 0, end: int | None = None, /) -> int:  # type: ignore[override]
            Counted.looked_at += (len(self) if end is None else end) - start
            return super().rfind(part, start, len(self) if end is None else end)

    data = Counted(b'{"index":1,"text":"a"},' * 5_000)
    stream_secrets._texts(data)
    assert Counted.looked_at <= 2 * len(data)


def test_an_index_of_absurd_length_breaks_nothing() -> None:
    """A number of more digits than Python converts is cut like any other."""
    data = b'data: {"index":' + b"1" * 6_000 + b',"text":"sk-ant-api03-A1b2c3d4e5f6"}\n\n'
    assert [data[edit.start : edit.end] for edit in find_stream_secrets(data)] == [b"ant-api03-A1b2c3d4e5f6"]
