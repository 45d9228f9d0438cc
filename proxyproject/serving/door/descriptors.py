"""How many files the process may have open: each connection is one."""

import contextlib
import resource

WANTED_DESCRIPTORS = 1_048_576
"""More is of no use, and some systems say "infinity" for the most."""


def raise_limit() -> int:
    """Raise the soft limit to the hard one, as far as the system lets us; the limit from then on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return WANTED_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
