"""The name under which an upstream is told of a conversation, so that it finds what it has cached of it.

The same after a restart and in every process, and another on every installation: an account may be asked by
several.
"""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings

_LENGTH = 32
"""OpenAI refuses a prompt_cache_key of more than 64 characters."""


def this_installation() -> str:
    """What makes the keys of this installation its own; it stands for the secret key and does not tell it."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"prompt cache", hashlib.sha256).hex()


@lru_cache(maxsize=4096)
def cache_key(installation: str, session: str) -> str:
    """The key of the conversation ``session``; "" without one. Remembered, for its turns ask again."""
    if not session:
        return ""
    return hmac.digest(installation.encode(), session.encode(), hashlib.sha256).hex()[:_LENGTH]
