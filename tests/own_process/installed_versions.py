"""What is installed stays the same while the tests run: its versions are read once.

pytest asks for Twisted's version before each test; to read it takes most of a millisecond.
"""

import functools
import importlib.metadata


def share() -> None:
    """From now on the version of a package is looked up once."""
    importlib.metadata.version = functools.cache(importlib.metadata.version)
