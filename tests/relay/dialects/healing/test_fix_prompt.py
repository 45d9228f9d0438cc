"""The sentence that a healed request carries."""

from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_phrases import is_signature_refusal


def test_the_fix_prompt_is_one_or_two_sentences() -> None:
    """The fix prompt is short, and says nothing that would be taken for a refusal when it is echoed."""
    assert 1 <= FIX_PROMPT.count(". ") + 1 <= 2
    assert FIX_PROMPT.endswith(".")
    assert not is_signature_refusal(FIX_PROMPT)
