"""The chunks that nearly every answer is made of: more words, and nothing else. PURE."""

from relay.dialects.gemini.upstream_answer.wire import NOTHING, WireAnswer, is_more_than_text


def words_alone(answer: WireAnswer, thinks: bool) -> str:
    """The words of a chunk that has one part of text (or of thinking) and counts; "" for any other.

    ``thinks`` says which of the two is meant.
    """
    candidates = answer.candidates
    if (
        not candidates
        or len(candidates) > 1
        or answer.error is not NOTHING
        or answer.prompt_feedback is not None
    ):
        return ""
    candidate = candidates[0]
    if (
        candidate.content is None
        or candidate.finish_reason is not None
        or candidate.index
        or candidate.grounding_metadata is not NOTHING
        or candidate.citation_metadata is not NOTHING
        or candidate.url_context_metadata is not NOTHING
    ):
        return ""
    parts = candidate.content.parts
    if not parts or len(parts) > 1:
        return ""
    part = parts[0]
    if bool(part.thought) is not thinks or part.thought_signature is not None or is_more_than_text(part):
        return ""
    return part.text or ""
