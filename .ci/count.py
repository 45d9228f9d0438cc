"""Print how many tests passed and failed, by a JUnit file of pytest; with --failed, which ones failed.

Those are printed as pytest takes them in a file of arguments, one a line.
"""

import sys
import xml.etree.ElementTree as ET

passed, failed = 0, list[str]()
for case in ET.parse(sys.argv[1]).iter("testcase"):  # noqa: S314  our own file
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        failed.append(f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}")
    elif "skipped" not in kinds:
        passed += 1
if sys.argv[2:] == ["--failed"]:
    sys.stdout.write("".join(f"{test}\n" for test in dict.fromkeys(failed)))
else:
    sys.stdout.write(f"{passed} {len(failed)}\n")
