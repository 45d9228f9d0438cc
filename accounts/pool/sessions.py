"""Which account a session's prompt cache lives on. In memory, least recently used goes first."""

from msgspec import Struct


class Binding(Struct):
    """A session's account for one model. ``proven`` once it has answered; until then it moves freely.

    ``cached_tokens`` is what that account's prompt cache was last known to hold for the session.
    """

    account_id: int
    proven: bool = False
    cached_tokens: int = 0


class Sessions:
    """Bindings by (session, upstream model), at most ``limit`` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bindings: dict[tuple[str, str], Binding] = {}

    def find(self, session: str, model: str) -> Binding | None:
        """The binding, which becomes the most recently used."""
        binding = self._bindings.pop((session, model), None)
        if binding is not None:
            self._bindings[session, model] = binding
        return binding

    def bind(self, session: str, model: str, account_id: int) -> Binding:
        """Binds the session anew."""
        self._bindings.pop((session, model), None)
        binding = self._bindings[session, model] = Binding(account_id)
        if len(self._bindings) > self._limit:
            del self._bindings[next(iter(self._bindings))]
        return binding
