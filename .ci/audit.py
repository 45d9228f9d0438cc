"""Ask whether vulnerabilities are known of the versions in requirements.txt.

Exit code 1: some are known. 77: nobody who knows could be asked, so nothing is said. 0: none are known.
"""

import json
import subprocess
import sys
from pathlib import Path

NOT_ASKED = 77
LOCK = "requirements.txt"
IGNORED: dict[str, str] = {}
"""Advisories that do not touch us, each with the reason."""


def main() -> int:
    """Run pip-audit on the lock, print what it found, return the exit code."""
    program = Path(sys.executable).with_name("pip-audit")
    options = ["--require-hashes", "--disable-pip", "--format=json", "--progress-spinner=off"]
    options += [f"--ignore-vuln={name}" for name in IGNORED]
    ran = subprocess.run([program, *options, f"--requirement={LOCK}"], capture_output=True, text=True)
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit gave no answer: {ran.stderr.strip()[-2000:]}")
        return NOT_ASKED
    asked = [package for package in packages if "skip_reason" not in package]
    found = [(package, vulnerability) for package in asked for vulnerability in package["vulns"]]
    for package, vulnerability in found:
        fixed = ", ".join(vulnerability["fix_versions"]) or "nothing yet"
        print(f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    print(f"{len(asked)} of the {len(packages)} packages in {LOCK} could be asked about; {len(found)} known")
    if found:
        print("`make update` takes newer versions; an advisory that does not touch us goes into .ci/audit.py")
        return 1
    return 0 if len(asked) == len(packages) else NOT_ASKED


if __name__ == "__main__":
    sys.exit(main())
