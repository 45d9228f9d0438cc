"""Counts what conversion, healing, masking and patterns do with n, twice and four times as much. Run alone.

It writes one line of JSON: by the name of each thing that was measured, its three counts, and under
``steps of`` it those of what went through no text.
"""

import json
import sys

from tests.relay.linear import counting

SIZES = (24, 48, 96)

counting.count(
    "relay.dialects", "relay.upstream", "relay.neutral", "relay.admission", "accounts.wildcards",
    "accounts.facts", "accounts.mapping", "monitor.masking", "monitor.record", "tests.relay.linear.planted",
)  # fmt: skip


def main(*wanted: str) -> None:
    """Measure everything whose name holds one of ``wanted``."""
    from relay.dialects import stream_decoder
    from relay.neutral import nesting
    from tests.relay.linear import workloads

    nesting.may_be_deep = lambda _: True  # else the small ones are spared what the large ones have to do
    stream_decoder._LONG = 0
    counts: dict[str, list[int]] = {}
    for n in SIZES:
        for name, work in workloads.all_of(n):
            if any(one in name for one in wanted):
                if n == SIZES[0]:
                    workloads.done(work)  # what is kept from now on costs once
                counting.METER.operations = counting.METER.steps = 0
                workloads.done(work)
                counts.setdefault(name, []).append(counting.METER.operations)
                counts.setdefault(f"steps of {name}", []).append(counting.METER.steps)
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
