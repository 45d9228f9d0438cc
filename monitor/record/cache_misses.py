"""Why an upstream's prompt cache is not read: the causes, in the order in which they are looked for. PURE."""

from typing import Final

DETAIL: Final = "cache_miss"
"""Under this name a row's diagnostics say what was different."""

TOLD: Final = "cache_miss_told"
"""Under this name they hold that it is upstream's own word, which tells no number of a turn."""

CAUSES: Final = (
    "account",
    "model",
    "tools",
    "system",
    "turn",
    "fork",
    "history",
    "settings",
    "server",
    "unmarked",
    "expired",
    "lookback",
    "upstream",
)
"""By the first that is different: the account, the prompt, what this server did, the time; or nothing."""

SUMMED: Final = (
    "cache_miss",
    "id",
    "cache_miss_tokens",
    "cache_miss_cost",
    "is_simulated",
    "replay_of",
)
"""What the sums of misses ask of a row: an index that holds these spares them the rows."""
