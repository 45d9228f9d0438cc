#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")
    from proxyproject.first_tables import make_tables

    make_tables(sys.argv[1:])
    execute_from_command_line(sys.argv)
