"""A program for test_loaded_python.py beside it: it says what it is given, and repeats what it hears."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    print("arguments", sys.argv[1:])
    print("environment", sorted(os.environ))
    kept = sorted(int(one.name) for one in Path("/dev/fd").iterdir())
    print("descriptors", kept[:-1])  # the last one is the listing's
    print("stderr too", file=sys.stderr)
    for line in sys.stdin:
        print("heard", line, end="", flush=True)
    sys.exit(int(sys.argv[1]))
