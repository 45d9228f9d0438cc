"""How a turn is found again on every later request: by its digest, and how often it was said before. PURE.

"go on" said twice is two turns.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from relay.dialects.healing.turn_form import TurnForm
from relay.neutral.conversation import digest


def named(form: TurnForm, turns: Sequence[Any]) -> list[str]:
    """The names of all ``turns``, in their order."""
    said: Counter[str] = Counter()
    names = []
    for turn in turns:
        plain = form.name(turn)
        names.append(digest([plain, said[plain]]) if said[plain] else plain)
        said[plain] += 1
    return names
