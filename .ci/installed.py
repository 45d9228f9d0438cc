"""Build the wheel, install it from the lock into an empty environment, and run it from another folder.

What is tried: the demo up to its first healed answer, and the server with its pages, their files and their
translation. Exit code 1: something is missing. 77: the environment could not be made.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "proxyproject", "accounts", "relay", "monitor")
NOT_TRIED = 77
LISTENING = re.compile(r"listens on (http://[^\s,]+)")
SEEN = (
    ("/admin/login/", "ログイン"),
    ("/static/evenkeel/frame.js", ""),
    ("/static/monitor/monitor.css", ""),
    ("/static/unfold/css/styles.css", ""),
    ("/healthz", ""),
)
"""What a browser with Japanese pages gets, and a word in it: templates, static files, catalogue, database."""


def wheel(folder: Path) -> Path:
    """The wheel, built in ``folder`` out of a copy: nothing is left in the sources, nothing old is taken."""
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        found = ROOT / name
        if found.is_dir():
            shutil.copytree(found, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(found, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source], check=True)
    return next(folder.glob("evenkeel-*.whl"))


def install(folder: Path) -> Path | None:
    """The installed program in an environment of its own, or None where that cannot be made."""
    built = wheel(folder)
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    lock = ROOT / "requirements.txt"
    if subprocess.run([*pip, "--require-hashes", "--requirement", lock]).returncode:
        return None
    subprocess.run([*pip, "--no-deps", built], check=True)
    return environment / "bin" / "evenkeel"


def serve(program: Path, elsewhere: Path, environment: dict[str, str]) -> list[str]:
    """Serve from another folder, with nothing set; what is wrong."""
    process = subprocess.Popen(
        [program, "serve", "--port", "0"],
        cwd=elsewhere,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    wrong = []
    address = ""
    for line in process.stdout:
        print(line, end="")
        if found := LISTENING.search(line):
            address = found[1]
            break
    try:
        for path, word in SEEN if address else ():
            asked = urllib.request.Request(address + path, headers={"accept-language": "ja"})  # noqa: S310
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  our own server
                    if word not in answer.read().decode():
                        wrong.append(f"{path} does not say {word}")
            except urllib.error.HTTPError as error:
                wrong.append(f"{path}: {error.code}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    if not address or process.returncode:
        wrong.append(f"serve ended with {process.returncode}")
    return wrong


def main() -> int:
    """Build, install, try; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-installed-") as directory:
        folder = Path(directory)
        program = install(folder)
        if program is None:
            print("The packages of requirements.txt could not be installed.")
            return NOT_TRIED
        home, elsewhere = folder / "home", folder / "elsewhere"
        home.mkdir()
        elsewhere.mkdir()
        (elsewhere / "monitor").mkdir()  # a folder of that name is no package of ours
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "TMPDIR"}}
        environment = kept | {"HOME": str(home)}
        demo = [program, "demo", "--once", "--port", os.environ.get("CI_DEMO_PORT", "18045")]
        wrong = []
        if code := subprocess.run(demo, cwd=elsewhere, env=environment).returncode:
            wrong.append(f"the demo ended with {code}")
        wrong += serve(program, elsewhere, environment)
        data = home / ".antigravity_tools"
        wrong += [
            f"{path} is missing" for path in (data / "proxy.sqlite3", data / "demo") if not path.exists()
        ]
        for said in wrong:
            print(f"Wrong: {said}")
        return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
