"""What upstream's own tools gave, free of any dialect: the sources of a search, the output of a program.

PURE. A run is two blocks: a ``server_call``, named by the tool, whose arguments are told as a tool call's
are, and a ``server_result`` under the same id. The tools that more than one vendor has, and their arguments:
``web_search`` ``{"query": …}`` (or ``{"url": …}``: a page that a search opened), ``web_fetch``
``{"url": …}``, ``code_execution`` ``{"code": …}`` (or a shell's ``{"command": …}``). Other tools keep their
vendor's name.
"""

from collections.abc import Iterable

import msgspec

from relay.neutral.block import OpenBlock

WEB_SEARCH, WEB_FETCH, CODE_EXECUTION = "web_search", "web_fetch", "code_execution"
FILE_SEARCH = "file_search_call"
"""OpenAI's alone, and so under its vendor's name."""

OPENS_PAGE = '{"url":'
"""How the arguments of a search begin that only opened a page."""


class Source(msgspec.Struct, frozen=True, gc=False):
    """A page that was found: its address, title, and how old it is said to be."""

    url: str
    title: str = ""
    age: str = ""


class ServerResult(msgspec.Struct, frozen=True, gc=False):
    """What came of a run: the ``sources`` of a search, or a program's ``output`` and ``return_code``.

    ``error`` is the vendor's word, or a program's own, for what went wrong; "" when nothing did.
    """

    sources: tuple[Source, ...] = ()
    output: str = ""
    error: str = ""
    return_code: int = 0


def runs_of(tool: str, blocks: Iterable[OpenBlock]) -> int:
    """How often ``tool`` ran, by the blocks of an answer.

    A search that opens a page is no further search: OpenAI says so, and charges nothing for it
    (https://developers.openai.com/api/docs/guides/tools-web-search).
    """
    return sum(
        block.kind == "server_call"
        and block.name == tool
        and not (tool == WEB_SEARCH and block.text.startswith(OPENS_PAGE))
        for block in blocks
    )
