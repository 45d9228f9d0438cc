"""The lesson's constants and function names, under which people look for the rules."""

import inspect

from relay.engine.healing import signatures
from relay.engine.retrying import policy


def test_the_constants_of_the_lesson() -> None:
    """MAX_RETRY_ATTEMPTS = 3, SIGNATURE_TTL = 2 * 60 * 60 seconds, MIN_SIGNATURE_LENGTH = 50."""
    assert policy.MAX_RETRY_ATTEMPTS == 3
    assert signatures.SIGNATURE_TTL == 2 * 60 * 60
    assert signatures.MIN_SIGNATURE_LENGTH == 50


def test_the_functions_of_the_lesson() -> None:
    """determine_retry_strategy, should_rotate_account, SignatureCache::cache_session_signature."""
    assert inspect.isfunction(policy.determine_retry_strategy)
    assert inspect.isfunction(policy.should_rotate_account)
    assert inspect.isfunction(signatures.SignatureCache.cache_session_signature)
