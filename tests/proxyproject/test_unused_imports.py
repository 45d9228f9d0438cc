"""What is left out of a process is there for whoever asks for it all the same."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASKS = """
import sys
from proxyproject.unused_imports import leave_out
leave_out(uses_postgresql=False)
from django.test.signals import setting_changed
assert "django.test.client" not in sys.modules, "Django's tools for tests were loaded"
import django.test.signals as signals
assert signals.setting_changed is setting_changed
import django.test
assert django.test.signals is signals
assert django.test.TestCase.__name__ == "TestCase"
"""


@pytest.mark.outside
def test_djangos_tools_for_tests_are_loaded_when_they_are_looked_at() -> None:
    """By any form of import, with the signals that everybody has."""
    done = subprocess.run([sys.executable, "-c", ASKS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
