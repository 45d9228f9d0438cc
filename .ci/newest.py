"""Try the newest versions that pyproject.toml allows, in an environment that is thrown away.

Prints what is newer than the lock, runs the fast tests with it and prints what breaks. Exit code 1: something
breaks. 77: the versions could not be installed.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

NOT_TRIED = 77
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def versions_in(lock: Path) -> dict[str, set[str]]:
    """The versions that the lock has of each package; there may be one per platform."""
    found: dict[str, set[str]] = {}
    for name, version in PIN.findall(lock.read_text()):
        found.setdefault(name.lower(), set()).add(version)
    return found


def main() -> int:
    """Install, compare, test; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-newest-") as directory:
        python = Path(directory) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        installed = subprocess.run(
            [*pip, "install", "--quiet", "--editable", ".[dev]"], capture_output=True, text=True
        )
        if installed.returncode:
            print(f"The newest versions could not be installed:\n{installed.stderr[-2000:]}")
            return NOT_TRIED
        listed = subprocess.run([*pip, "list", "--format=json"], capture_output=True, text=True, check=True)
        locked = versions_in(Path("requirements-dev.txt"))
        newer = [
            f"{package['name']} {package['version']} (locked: {', '.join(sorted(pins))})"
            for package in json.loads(listed.stdout)
            if package["name"] not in {"pip", "setuptools"}  # those that a new environment comes with
            and (pins := locked.get(re.sub(r"[-_.]+", "-", package["name"]).lower()))
            and package["version"] not in pins
        ]
        print("Other than in the lock: " + ("; ".join(newer) or "nothing"), flush=True)
        tests = subprocess.run(
            [python, "-m", "pytest", "--fast", "--numprocesses=auto", "--quiet", "--no-header", "--tb=short"],
            capture_output=True,
            text=True,
        )
        if tests.returncode:
            print("The fast tests break with these versions:", tests.stdout[-20_000:], tests.stderr[-2000:])
            return 1
        print(f"The fast tests hold with these versions: {tests.stdout.strip().splitlines()[-1]}")
        return 0


if __name__ == "__main__":
    sys.exit(main())
