"""What a request says that has no place in the neutral conversation, in words for the row. PURE."""

from collections.abc import Collection

from relay.neutral.conversation import Json

_CHANGES_NO_ANSWER = frozenset({"store", "metadata"})
# Said by clients as a matter of form: what they would get anyway.
_MEANS_NOTHING: dict[str, tuple[object, ...]] = {
    "logprobs": (False,),
    "service_tier": ("auto", "default"),
    "truncation": ("disabled",),
    "background": (False,),
    "top_logprobs": (0,),
    "include": ([], ["reasoning.encrypted_content"]),
    "logit_bias": ({},),
}


def leftovers(body: Json, read: Collection[str]) -> list[str]:
    """The names of the fields in ``body`` that nobody ``read`` and that would have meant something."""
    return [
        key
        for key, value in body.items()
        if key not in read
        and key not in _CHANGES_NO_ANSWER
        and value is not None
        and value not in _MEANS_NOTHING.get(key, ())
    ]
