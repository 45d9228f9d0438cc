"""Searches whose pages are not known yet: they are filled in when the answer cites them. PURE.

OpenAI tells the pages of a search only where ``include`` asks for them, emulations often never, and some in
the last event alone. What came of a search is told once, and whole: so it waits until the answer is over.
"""

from relay.dialects.openai.responses.server_runs import result_of
from relay.dialects.openai.responses.upstream_answer.wire import objects_at, text_at
from relay.neutral.conversation import Json
from relay.neutral.server_tools import ServerResult, Source


class FoundPages:
    """The searches of one answer that wait, by their ids, and the pages that its texts cite."""

    __slots__ = ("_cited", "_waiting")

    def __init__(self) -> None:
        """Nothing was searched for."""
        self._waiting: list[str] = []
        self._cited: dict[str, Source] = {}

    def wait(self, run: str) -> None:
        """The search ``run`` is over, and did not say what it found."""
        self._waiting.append(run)

    def cited(self, url: str, title: str) -> None:
        """A text cites a page."""
        if url and self._waiting:
            self._cited.setdefault(url, Source(url, title))

    def results(self, response: Json) -> list[tuple[str, ServerResult]]:
        """What came of each, by the whole ``response``.

        Of what is only cited all stands with the first search that did not fail.
        """
        if not self._waiting:
            return []
        items = objects_at(response, "output")
        told = {text_at(item, "id"): result for item in items if (result := result_of(item)) is not None}
        found = [(run, told.get(run) or ServerResult()) for run in self._waiting]
        first = next((at for at, (_, result) in enumerate(found) if not result.error), None)
        if first is not None and not any(result.sources for _, result in found):
            found[first] = (found[first][0], ServerResult(tuple(self._cited.values())))
        return found
