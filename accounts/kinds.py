"""PURE. The account kinds: their names and the address each is asked at unless the admin says otherwise.

Addresses: docs/wire.md sections 1, 2, 3 and 4 (vendors' documentation as of November 2026).
"""

from typing import Final, Literal, assert_never, get_args

Kind = Literal["gemini", "vertex", "code_assist", "anthropic", "openai"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)

NEEDS_OWN_OAUTH_CLIENT: Final = "needs your own OAuth client: sign in again"
REFUSED_TWICE: Final = "refused twice in a row by its upstream (401): check the credential"
"""Why an account was put out of service; the pages translate it when they show it."""


def default_base_url(kind: Kind, location: str = "") -> str:
    """The address of ``kind``, without a trailing slash.

    ``location`` matters to Vertex only: blank and ``global`` mean the global host, ``us`` and ``eu``
    the multi-region hosts, anything else is a region such as ``europe-west4``.
    """
    match kind:
        case "gemini":
            return "https://generativelanguage.googleapis.com"
        case "anthropic":
            return "https://api.anthropic.com"
        case "openai":
            return "https://api.openai.com"
        case "code_assist":
            return "https://cloudcode-pa.googleapis.com"
        case "vertex":
            if location in {"", "global"}:
                return "https://aiplatform.googleapis.com"
            if location in {"us", "eu"}:
                return f"https://aiplatform.{location}.rep.googleapis.com"
            return f"https://{location}-aiplatform.googleapis.com"
        case _:  # pragma: no cover
            assert_never(kind)
