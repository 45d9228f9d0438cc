"""Which tool call a fragment belongs to, however the server numbers them. PURE."""


class CallNumbers:
    """The calls of one answer, by the positions in which they began.

    A fragment with an unknown index begins a call. So does one that repeats the index of another call
    under a new id and a name (servers that call everything 0), and one without index but with a new id.
    A fragment without index, id and name belongs to the latest call; of several in one delta, to the latest
    calls in their order.
    """

    def __init__(self) -> None:
        """No call yet."""
        self._by_index: dict[int, int] = {}
        self._ids: list[str] = []
        self._by_id: dict[str, int] = {}

    def place(self, index: int | None, call_id: str, name: str, behind: int = 0) -> tuple[int, bool]:
        """The call's position in the answer, and whether it begins here.

        ``behind`` counts the fragments that follow in the same delta.
        """
        if index is None:
            if call_id and call_id in self._by_id:
                return self._by_id[call_id], False
            if self._ids and not (call_id or name):
                return max(len(self._ids) - 1 - behind, 0), False
            return self.begin(None, call_id)
        position = self._by_index.get(index)
        if position is None:
            return self.begin(index, call_id)
        known = self._ids[position]
        if name and call_id and known and call_id != known:
            return self.begin(index, call_id)
        if call_id and not known:
            self._ids[position] = call_id
            self._by_id.setdefault(call_id, position)
        return position, False

    def told_id(self, position: int) -> str:
        """The id that was told for the call at ``position``; "" without."""
        return self._ids[position]

    def position_of(self, call_id: str) -> int | None:
        """The position of the first call that was told with this id."""
        return self._by_id.get(call_id) if call_id else None

    def begin(self, index: int | None, call_id: str) -> tuple[int, bool]:
        """A call begins at ``index``, whatever stood there."""
        position = len(self._ids)
        self._by_index[position if index is None else index] = position
        self._ids.append(call_id)
        self._by_id.setdefault(call_id, position)
        return position, True
