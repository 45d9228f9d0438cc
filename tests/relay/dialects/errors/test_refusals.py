"""What an error refuses is decided in one place, whichever dialect found the words."""

import msgspec

from relay.dialects.errors.refusals import Words, classified
from relay.dialects.gemini.requests.take_back import refused_setting
from relay.neutral.failures import Failure, Kind


def refused(status: int, words: Words, **form: object) -> dict[str, object]:
    """What is found, where it is anything."""
    failure = classified(Failure(Kind.STATUS, words.message, status=status), words, **form)  # type: ignore[arg-type]
    names = ("names_missing_thing", "is_signature", "offers_drop_block", "refused_parameter")
    return {name: told for name, told in msgspec.structs.asdict(failure).items() if name in names and told}


def test_words_are_classified() -> None:
    """A refused signature by words or by code, what is offered instead, a parameter, a missing thing."""
    signature = {"is_signature": True}
    table = {
        (400, Words("Invalid `signature` in `thinking` block")): signature,
        (400, Words("no", "invalid_encrypted_content")): signature,
        (400, Words("no", details=("Corrupted thought signature.",))): signature,
        (500, Words("Invalid signature")): {},
        (400, Words("must be `thinking`; use drop_block")): {**signature, "offers_drop_block": True},
        (400, Words("drop_block")): {},
        (400, Words("Unsupported parameter", parameter="top_k")): {"refused_parameter": "top_k"},
        (400, Words("Invalid signature: not supported", parameter="top_k")): signature,
        (404, Words("File x was not found")): {"names_missing_thing": True},
        (404, Words("no", "thread_not_found")): {"names_missing_thing": True},
    }
    wrong = {
        words: found for (status, words), told in table.items() if (found := refused(status, words)) != told
    }
    assert wrong == {}


def test_a_dialect_may_name_its_own_parameters() -> None:
    """Gemini's settings have names of their own."""
    words = Words("Penalty is not enabled for this model")
    assert refused(400, words, form=refused_setting) == {"refused_parameter": "presencePenalty"}
    assert refused(400, words) == {}
