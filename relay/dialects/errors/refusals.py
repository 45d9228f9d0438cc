"""What an error refuses, by its words: a dialect extracts them, and this one place classifies. PURE."""

from collections.abc import Callable

import msgspec

from relay.dialects.errors.missing_things import names_missing_thing
from relay.dialects.errors.refused_parameters import refused_parameter
from relay.dialects.healing.signature_phrases import SIGNATURE_CODES, is_signature_refusal, offers_drop_block
from relay.neutral.failures import Failure

Form = Callable[[int | None, str, str], str]
"""(status, what was said, the parameter that is named): what is to be taken back; "" for nothing."""


class Words(msgspec.Struct, frozen=True):
    """What a dialect finds in an error: its message, its machine word, and the parameter that it names.

    ``details`` are sentences that stand beside the message.
    """

    message: str
    code: str = ""
    parameter: str = ""
    details: tuple[str, ...] = ()


def classified(failure: Failure, words: Words, form: Form = refused_parameter) -> Failure:
    """``failure`` with what its ``words`` refuse: a signature, a thing that is not there, a parameter."""
    said = " ".join([words.message, *words.details])
    is_signature = failure.status == 400 and (words.code in SIGNATURE_CODES or is_signature_refusal(said))
    return msgspec.structs.replace(
        failure,
        names_missing_thing=names_missing_thing(failure.status, words.message, words.code),
        is_signature=is_signature,
        offers_drop_block=is_signature and offers_drop_block(said),
        refused_parameter="" if is_signature else form(failure.status, said, words.parameter),
    )
