"""What is known to be secret while one text is looked at: few credentials exactly, and all others. PURE."""

from monitor.masking.edits import Edit, apply_edits, merged
from monitor.masking.exact import ExactSecrets, exact_secrets
from monitor.masking.finder import LEFT_OUT
from monitor.masking.many import NOBODYS, ManySecrets, TooManyNamed

DEEP_BYTES = 64 * 1024
"""What is longer is looked at without decoding it: no error that anybody reads is."""


class KnownSecrets:
    """The credentials of an exchange, and those of everybody else, who has no part in it."""

    __slots__ = ("exact", "others")

    def __init__(self, exact: ExactSecrets, others: ManySecrets = NOBODYS) -> None:
        """``exact`` are looked for in every form; of the ``others`` those whose mark shows."""
        self.exact = exact
        self.others = others

    def find(self, data: bytes, *, is_deep: bool = False) -> list[Edit]:
        """Where they stand, in any form, in order and without overlap.

        Others in base64 or hexadecimal are found only where it ``is_deep``: that is for what is short. One
        edit of all where too many are named.
        """
        found = self.exact.find(data)
        if not self.others:
            return found
        try:
            is_deep = is_deep and len(data) <= DEEP_BYTES
            named = self.others.named_anywhere(data) if is_deep else self.others.named_in(data)
        except TooManyNamed:
            return [Edit(0, len(data), LEFT_OUT)]
        if not named:
            return found
        return merged([*found, *(edit for one in named for edit in exact_secrets((one,)).find(data))])

    def mask(self, data: bytes, *, is_deep: bool = False) -> bytes:
        """``data`` without them; the same object where they are not in it."""
        return apply_edits(data, self.find(data, is_deep=is_deep))

    def mask_text(self, text: str, *, is_deep: bool = False) -> str:
        """``text`` without them; the same object where they are not in it."""
        data = text.encode("utf-8", "surrogatepass")
        edits = self.find(data, is_deep=is_deep)
        return apply_edits(data, edits).decode("utf-8", "surrogatepass") if edits else text

    def mask_plain_text(self, text: str) -> str:
        """``text`` without them where they stand in it as they are; it costs next to nothing."""
        return self.mask_text(text) if self.may_be_in(text.encode("utf-8", "surrogatepass")) else text

    def may_be_in(self, data: bytes) -> bool:
        """A quick look for a part of them that is the same in JSON and in URLs; not in base64."""
        return self.exact.may_be_in(data) or self.others.may_be_in(data)


def known_secrets(secrets: tuple[str, ...], others: ManySecrets = NOBODYS) -> KnownSecrets:
    """These, looked for exactly, and the ``others``."""
    return KnownSecrets(exact_secrets(secrets), others)


NOTHING_KNOWN = known_secrets(())
