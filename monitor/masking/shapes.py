"""What a secret looks like: the kind of rule that the finder takes, and the tokens that vendors issue. PURE.

The vendors' prefixes and lengths are facts out of their own documentation and of the lists that secret
scanners keep; they are data here, so a new vendor is a new line.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from monitor.masking.edits import Edit
from monitor.masking.linear import compiled

# What may stand before a credential's first character: nothing, anything but a word's character, or a
# character in the writing of JSON strings and URLs (\n, \u000a, %3D), whose last one looks like a word's.
_ESCAPE = rb"\\[nrtbf/]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}"
AFTER_ANY = rb"(?:\A|[^A-Za-z0-9_-]|" + _ESCAPE + rb")"
AFTER_NO_BASE64 = rb"(?:\A|[^A-Za-z0-9_+/-]|" + _ESCAPE + rb")"
"""Signatures and images are base64: in there a prefix is chance."""


def whole_group(data: bytes, match: Any) -> Edit | None:
    """The edit of a shape whose first group is the secret, always."""
    return Edit(*match.span(1))


class Shape(NamedTuple):
    """One way in which a secret shows.

    ``before`` and ``core`` are RE2 patterns, the second one with one group or more; ``before`` says what may
    stand before. ``edit`` says of a match what is masked, None for nothing; ``data`` is the text. The search
    goes on behind that, or ``again_bytes`` before the end of the first group where nothing was. ``further``
    may follow a match, with a group for one more secret: each is looked for right behind the one before.
    """

    name: str
    core: bytes
    before: bytes = b""
    edit: Callable[[bytes, Any], Edit | None] = whole_group
    again_bytes: int = 0
    further: bytes = b""


# sk-folding-cube, sk-toggleable__label-2: words, not a key. A key has a digit next to a letter, or capitals.
_WORDS = compiled(rb"(?:[a-z]+|[0-9]{1,4})(?:[-_]+(?:[a-z]+|[0-9]{1,4}))*[-_]*", captures=False)


SHORTEST_TELLING = 12
"""Characters of a credential that is looked for in the answers of those who have nothing to do with it."""


def tells_a_secret(secret: str) -> bool:
    """Is it long and odd enough to stand nowhere by chance? ``my-local-key-1`` may be anybody's words."""
    return len(secret) >= SHORTEST_TELLING and _WORDS.fullmatch(secret.encode()) is None


def _unless_words(data: bytes, match: Any) -> Edit | None:
    start, end = match.span(1)
    return None if _WORDS.fullmatch(data, start, end) else Edit(start, end)


# (what it begins with, what follows): the second part is masked, the first says whose it is.
_WITHOUT_SEPARATORS: tuple[tuple[bytes, bytes], ...] = (
    (rb"gh[pousr]_", rb"[A-Za-z0-9]{30,}"),  # GitHub
    (rb"hf_", rb"[A-Za-z0-9]{30,}"),  # Hugging Face
    (rb"npm_", rb"[A-Za-z0-9]{30,}"),
    (rb"gsk_", rb"[A-Za-z0-9]{40,}"),  # Groq
    (rb"r8_", rb"[A-Za-z0-9]{30,}"),  # Replicate
    (rb"xai-", rb"[A-Za-z0-9]{40,}"),
    (rb"pplx-", rb"[A-Za-z0-9]{32,}"),  # Perplexity
    (rb"csk-", rb"[A-Za-z0-9]{32,}"),  # Cerebras
    (rb"tvly-(?:dev-|prod-)?", rb"[A-Za-z0-9]{20,}"),  # Tavily
    (rb"lin_api_", rb"[A-Za-z0-9]{32,}"),  # Linear
    (rb"ntn_", rb"[A-Za-z0-9]{40,}"),  # Notion
    (rb"glsa_", rb"[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),  # Grafana
    (rb"do[opr]_v1_", rb"[a-f0-9]{64}"),  # DigitalOcean
    (rb"dapi", rb"[a-f0-9]{32}(?:-[0-9])?"),  # Databricks
    (rb"shp(?:at|ca|pa|ss)_", rb"[A-Fa-f0-9]{32}"),  # Shopify
    (rb"sntryu_", rb"[a-f0-9]{60,}"),  # Sentry
    (rb"sbp_(?:v0_)?", rb"[a-f0-9]{40,}"),  # Supabase
    (rb"(?:sk|rk)_(?:live|test|prod)_", rb"[A-Za-z0-9]{16,}"),  # Stripe
    (rb"whsec_", rb"[A-Za-z0-9+/]{24,}={0,2}"),
    (rb"SK", rb"[0-9a-f]{32}"),  # Twilio
    (rb"key-", rb"[0-9a-f]{32}"),  # Mailgun
    (rb"PMAK-", rb"[0-9a-f]{24}-[0-9a-f]{34}"),  # Postman
    (rb"NRAK-", rb"[A-Z0-9]{27}"),  # New Relic
    (rb"LTAI", rb"[A-Za-z0-9]{16,24}"),  # Alibaba Cloud
    (rb"AGE-SECRET-KEY-1", rb"[A-Z0-9]{58}"),
)
_WITH_SEPARATORS: tuple[tuple[bytes, bytes], ...] = (
    (rb"github_pat_", rb"[A-Za-z0-9_]{22,}"),
    (rb"gl(?:pat|dt|rt|rtr|ptt|ft|soat|oas|cbt|imt|agent|ffct)-", rb"[A-Za-z0-9_.-]{20,}"),  # GitLab
    (rb"xox[a-z](?:\.xox[a-z])?-", rb"[A-Za-z0-9-]{10,}"),  # Slack
    (rb"xapp-[0-9]-", rb"[A-Za-z0-9-]{20,}"),
    (rb"nvapi-", rb"[A-Za-z0-9_-]{40,}"),  # Nvidia
    (rb"pcsk_", rb"[A-Za-z0-9_]{40,}"),  # Pinecone
    (rb"dckr_[po]at_", rb"[A-Za-z0-9_-]{20,}"),  # Docker
    (rb"pypi-AgE", rb"[A-Za-z0-9_-]{50,}"),
    (rb"ATATT3", rb"[A-Za-z0-9_=-]{50,}"),  # Atlassian
    (rb"figd_", rb"[A-Za-z0-9_-]{30,}"),  # Figma
    (rb"sb_secret_", rb"[A-Za-z0-9_-]{20,}"),  # Supabase
    (rb"sq0(?:atp|csp)-", rb"[A-Za-z0-9_-]{22,}"),  # Square
    (rb"hv[sbr]\.", rb"[A-Za-z0-9_-]{24,}"),  # HashiCorp Vault
    (rb"SG\.", rb"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),  # SendGrid
    (rb"dp\.(?:pt|ct|sa|st|scim|audit)\.", rb"(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,}"),  # Doppler
    (rb"[0-9]{8,10}:AA", rb"[A-Za-z0-9_-]{32,}"),  # Telegram
    (rb"(?:ops|glc|sntrys)_eyJ", rb"[A-Za-z0-9+/=_-]{40,}"),  # 1Password, Grafana, Sentry
    (rb"fm[12][ar]?_", rb"[A-Za-z0-9+/=_,-]{60,}"),  # Fly
    (rb"hooks\.slack\.com/(?:services|workflows|triggers)/", rb"[A-Za-z0-9_/-]{20,}"),
    (rb"discord(?:app)?\.com/api/webhooks/[0-9]{10,25}/", rb"[A-Za-z0-9_-]{40,}"),
)


def _any_of(tokens: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """One pattern for all, with what follows the beginning in a group each; see ``_first_group``."""
    return b"(?:" + b"|".join(begin + b"(" + rest + b")" for begin, rest in tokens) + b")"


def _first_group(data: bytes, match: Any) -> Edit | None:
    group = match.lastindex
    return Edit(*match.span(group)) if group else None


TOKENS: tuple[Shape, ...] = (
    Shape("sk-", rb"sk-([A-Za-z0-9_-]{16,})", AFTER_ANY, _unless_words),
    Shape("AIza", rb"AIza([A-Za-z0-9_-]{30,})", AFTER_NO_BASE64),
    Shape("ya29", rb"ya29\.([A-Za-z0-9_.-]{20,})", AFTER_NO_BASE64),
    Shape("1//", rb"1//([A-Za-z0-9_-]{20,})", AFTER_NO_BASE64),
    Shape("GOCSPX", rb"GOCSPX-([A-Za-z0-9_-]{20,})", AFTER_ANY),
    Shape("AWS key id", rb"(?:AKIA|ASIA|ABIA|ACCA)([A-Z2-7]{16})", AFTER_NO_BASE64),
    Shape(
        "JWT",
        rb"eyJ([A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,2})",
        AFTER_NO_BASE64,
    ),
    Shape("vendor's token", _any_of(_WITHOUT_SEPARATORS), AFTER_ANY, _first_group),
    Shape("vendor's long token", _any_of(_WITH_SEPARATORS), AFTER_ANY, _first_group),
)
