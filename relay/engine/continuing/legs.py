"""The legs of one answer: what the present one says, as a part of the whole.

PURE. The first leg is the answer. A later one follows where upstream handed out a token (Gemini's
CONTINUATION), or continues a broken answer in the middle of what the client has had.
"""

from copy import copy

from relay.engine.continuing.echo import Echo
from relay.engine.continuing.joint import Joint, spoken
from relay.engine.continuing.splice import Splice, total
from relay.neutral.block import OpenBlock
from relay.neutral.events import Chunk, Event, StreamState, Usage

MAX_LEGS = 16
"""Legs of one answer: a context of 1,048,576 tokens in hops of 65,536."""


class Legs:
    """The legs of one attempt. ``heard`` is what the present one has said, or the answer that it ends.

    ``are_spliced``: it stands behind another one, and what it says has to be fitted.
    """

    def __init__(self, answer: StreamState, unseen: int | None) -> None:
        """``unseen``: the attempt continues ``answer``; so many of its last characters are not shown."""
        self.count = 1
        self.are_spliced = unseen is not None
        self.heard = answer
        self._splice: Splice | None = None
        self._past = Usage()  # of this attempt's legs before the present one
        self._is_behind = unseen is not None
        self._first: list[OpenBlock] = []  # of a leg that was joined, before another one followed it
        self._others = 0  # blocks of the answer that this attempt did not say, or that are in ``_first``
        if unseen is not None:
            self.heard = StreamState()
            joint = Joint(Echo(answer.text, unseen), is_open=answer.open_block is not None)
            self._splice = Splice(answer, joint)

    def usage(self, answer: StreamState) -> Usage:
        """What the attempt has cost, as far as upstream told it."""
        return answer.usage if self._splice is None else total(self._past, self._splice.usage)

    @property
    def own(self) -> StreamState:
        """What the attempt has said over its legs, and nothing that stood before it."""
        if not self._others:
            return self.heard
        own = copy(self.heard)
        own.blocks = [*self._first, *self.heard.blocks[self._others :]]
        return own

    def follow(self, answer: StreamState) -> None:
        """Another leg begins, behind ``answer``."""
        self.count += 1
        if self._is_behind:
            self._first, self._others = self.heard.blocks, len(answer.blocks)
        self._past, self.heard = self.usage(answer), answer
        self._splice, self._is_behind = Splice(answer), False
        self.are_spliced = True

    def said(self, events: list[Event]) -> list[Event]:
        """What of the leg's ``events`` the peek looks at: behind a seam, words that are no echo."""
        return spoken(events) if self._is_behind else events

    def fitted(self, chunk: Chunk) -> Chunk:
        """The leg's chunk as one of the whole answer."""
        if self._splice is None:
            return chunk
        if self._is_behind:
            self.heard.fold(chunk.events)
        return Chunk(b"", self._splice.take(chunk.events))
