"""What an account of each kind wants as its credential, and where one makes it."""

from typing import Any

from django.utils.translation import gettext as _

_KEYS_AT = {
    "gemini": "https://aistudio.google.com/apikey",
    "vertex": "https://console.cloud.google.com/iam-admin/serviceaccounts",
    "code_assist": "https://console.cloud.google.com/apis/credentials",
    "anthropic": "https://platform.claude.com/settings/keys",
    "openai": "https://platform.openai.com/api-keys",
}
"""The vendors' pages (November 2026)."""

FIELDS_OF = {"vertex": ("project", "location"), "code_assist": ("project",)}
"""The form's fields that some kinds alone have a use for."""


def hints() -> dict[str, Any]:
    """By kind: the words, the page where a credential is made, and the fields that are only some kinds'."""
    key = _("The API key itself, which you make here:")
    words = {
        "vertex": _("The JSON of a service account's key, which you make here:"),
        "code_assist": _(
            "JSON with refresh_token, client_id and client_secret of your own OAuth client, made here:"
        ),
        "openai": _(
            "The API key itself; of a compatible server, the key that it wants. OpenAI's are made here:"
        ),
    }
    return {
        kind: {"words": words.get(kind, key), "link": link, "fields": FIELDS_OF.get(kind, ())}
        for kind, link in _KEYS_AT.items()
    }
