"""The program ``evenkeel`` (also ``python -m proxyproject``): every command, from whatever folder."""

import os
import sys
from importlib.metadata import version

HELP = """\
Evenkeel: a self-healing relay for Claude, Gemini and OpenAI clients.

  evenkeel demo                     try it without an account: a simulated upstream, broken on purpose
  evenkeel serve                    serve on http://127.0.0.1:8045
  evenkeel createsuperuser          make a login for the admin
  evenkeel create_client_key NAME   make a key for a client, and print it once
  evenkeel import_accounts FILE     take accounts from a JSON list
  evenkeel simulator                play an upstream, to try `serve` without an account: any key will do
  evenkeel help                     every command; `evenkeel COMMAND --help` says what it takes
"""
DEMO_DIR = "~/.antigravity_tools/demo"
"""Where the demo keeps its data unless PROXY_DATA_DIR says otherwise: never where the real server does."""


def main() -> None:
    """Run the command that the command line names."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "proxyproject.settings"  # whatever another project has set
    arguments = sys.argv[1:]
    match arguments[:1]:
        case [] | ["-h"] | ["--help"]:
            sys.stdout.write(HELP)
            return
        case ["--version"]:
            sys.stdout.write(f"Evenkeel {version('evenkeel')}\n")
            return
        case ["demo"]:
            os.environ.setdefault("PROXY_DATA_DIR", DEMO_DIR)
    from django.core.management import execute_from_command_line

    from proxyproject.first_tables import make_tables

    make_tables(arguments)
    execute_from_command_line(["evenkeel", *arguments])


if __name__ == "__main__":
    main()
