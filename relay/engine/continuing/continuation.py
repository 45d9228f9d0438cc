"""May a broken answer be continued, and from where? The table, and nothing else.

PURE. The client has had a part of the answer; upstream is asked to continue it, and what it says is spliced
into the open stream. That is honest only where the part can be shown to a model as its own words, and where
what follows fits behind them whoever says it: plain text. So the first row that applies forbids it:

* Thinking and tool calls cannot be begun by one leg and ended by another, nor shown to a model without their
  signatures and results. JSON does not survive a doubled syllable.
* A refusal, and an answer whose end was told, are over. So is a text that upstream itself closed: only the
  end is missing, and a model that is asked to continue it would make something up.
* What is the request's fault, or ours, stays so. Which failures are worth another attempt, after what wait
  and on whose account is the policy's to say (``retrying/policy.py``), as for an attempt that never began.
"""

from collections.abc import Callable

import msgspec

from monitor.record.failures.decision_words import Obstacle
from relay.neutral.events import StreamState
from relay.neutral.failures import Failure

MAX_CONTINUATIONS = 2
"""In one exchange, whether they said something or not (behaviour section 7)."""

BYTES_A_TOKEN = 4
"""The vendors' own rule of thumb for English text, for what upstream did not count."""


class Said(msgspec.Struct, frozen=True):
    """What the client has had: the text, and about how many tokens of the request's limit it took."""

    text: str
    tokens: int


class Interruption(msgspec.Struct, frozen=True):
    """An answer that broke off.

    ``wants`` is what the request wants that is no plain text ("" for nothing of the kind), ``spent`` the
    continuations that were made already; ``is_on``: the mapping's switch; ``is_collected``: the client gets
    its answer as a whole, and has had nothing; ``held_a_call``: behind the text a tool call had begun, which
    was held back and is lost.
    """

    state: StreamState
    failure: Failure
    is_on: bool
    is_collected: bool
    wants: str
    spent: int
    held_a_call: bool = False


OBSTACLES: dict[Obstacle, Callable[[Interruption], bool]] = {
    Obstacle.SWITCHED_OFF: lambda cut: not cut.is_on,
    Obstacle.COLLECTED: lambda cut: cut.is_collected,
    Obstacle.NOT_BROKEN_OFF: lambda cut: not cut.failure.rule.may_continue,
    Obstacle.UNKNOWN: lambda cut: bool(cut.failure.where),  # our code stumbled
    Obstacle.REFUSED: lambda cut: _has(cut.state, "refusal"),
    Obstacle.ENDED: lambda cut: cut.state.stop is not None or cut.state.terminal,
    Obstacle.THOUGHT: lambda cut: _has(cut.state, "thinking") or _has(cut.state, "redacted"),
    Obstacle.CALLED: lambda cut: _has(cut.state, "tool_call") or _has(cut.state, "server_call"),
    Obstacle.NOT_TEXT: lambda cut: any(block.kind != "text" for block in cut.state.blocks),
    Obstacle.WHOLE: lambda cut: cut.state.open_block is None and not cut.held_a_call,
    Obstacle.SAID_NOTHING: lambda cut: not cut.state.text.strip(),
    Obstacle.WANTS_MORE: lambda cut: bool(cut.wants),
    Obstacle.CONTINUED_TWICE: lambda cut: cut.spent >= MAX_CONTINUATIONS,
}
"""Why an answer is not continued: the first that applies."""


def obstacle(cut: Interruption) -> Obstacle | None:
    """Why ``cut`` cannot be continued; None when it can."""
    return next((why for why, applies in OBSTACLES.items() if applies(cut)), None)


def said_in(state: StreamState) -> Said:
    """What the client has had of a broken answer of plain text.

    Upstream's own count is taken where it can be one of what was said: some tell 1 at the beginning and the
    rest at the end. Otherwise it is the estimate of ``BYTES_A_TOKEN``.
    """
    text = state.text
    estimate = -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN)
    told = state.usage.output or 0
    return Said(text, told if 2 * told >= estimate else estimate)


def _has(state: StreamState, kind: str) -> bool:
    return any(block.kind == kind for block in state.blocks)
