"""A text as it was said in pieces, against the whole that is told behind them. PURE."""


class TextInPieces:
    """All that was said of one text; looked at as a whole when a whole is told."""

    __slots__ = ("_bare", "_blank", "pieces")

    def __init__(self) -> None:
        """Nothing yet."""
        self.pieces: list[str] = []
        self._bare = self._blank = ""

    def rest_of(self, told: str) -> str | None:
        """What ``told`` says behind it, white space around it apart; None where it begins otherwise."""
        if len(told) < len(self._bare):
            return None  # and nothing is joined: a short text costs as much as it is long
        self._join()
        whole = told.lstrip()
        if not whole.startswith(self._bare) or (whole and not self._bare):
            return None
        rest = whole[len(self._bare) :]
        return rest.removeprefix(self._blank) if rest.strip() else ""

    def rest_of_same(self, told: str) -> str:
        """What ``told`` says behind it, where both are the same text: nothing where it says it otherwise."""
        rest = self.rest_of(told)
        if rest is not None:
            return rest
        return "" if self._bare else told.removeprefix(self._blank)

    @property
    def whole(self) -> str:
        """All of it, without the white space around it."""
        self._join()
        return self._bare

    def _join(self) -> None:
        if len(self.pieces) > 1 or not self._bare:
            said = "".join(self.pieces)
            self.pieces = [said]
            self._bare = said.strip()
            self._blank = said[len(said.rstrip()) :]
