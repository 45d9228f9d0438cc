"""The locks: what ``make install`` and the image install, every file known by its hash."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
Pins = dict[str, dict[str, list[str]]]


def pins_of(lock: str) -> Pins:
    """Package → version and marker → hashes; a line that is no such entry, hash or comment is an error."""
    pins: Pins = {}
    hashes: list[str] = []
    for line in (ROOT / lock).read_text().splitlines():
        said = line.removesuffix("\\").strip()
        if not said or said.startswith("#"):
            continue
        if found := HASH.fullmatch(said):
            hashes.append(found[1])
            continue
        requirement = Requirement(said)
        [specifier] = requirement.specifier
        assert specifier.operator == "==", said
        hashes = []
        pins.setdefault(canonicalize_name(requirement.name), {})[
            f"{specifier.version}; {requirement.marker}"
        ] = hashes
    return pins


def wanted(*, dev: bool) -> list[Requirement]:
    """The ranges of pyproject.toml that a lock must have taken in."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ranges = [*told["project"]["dependencies"], *told["dependency-groups"]["build"]]
    if dev:
        ranges += told["project"]["optional-dependencies"]["dev"]
    return [Requirement(text) for text in ranges]


def test_every_locked_version_has_hashes() -> None:
    """pip takes no file but those that were there when the lock was made."""
    for lock in "requirements.txt", "requirements-dev.txt":
        bare = [name for name, versions in pins_of(lock).items() if not all(versions.values())]
        assert bare == [], lock


def test_the_locks_are_as_new_as_the_ranges() -> None:
    """A range that was added or changed in pyproject.toml is in the locks (``make lock``)."""
    for lock, dev in ("requirements.txt", False), ("requirements-dev.txt", True):
        pins = pins_of(lock)
        for requirement in wanted(dev=dev):
            versions = pins.get(canonicalize_name(requirement.name), {})
            assert versions, f"{requirement} is not in {lock}"
            for pin in versions:
                assert requirement.specifier.contains(pin.partition(";")[0]), (
                    f"{requirement}: {lock} has {pin}"
                )


def test_what_is_tested_is_what_runs() -> None:
    """The lock for developing has everything of the lock for running, at the same versions."""
    running, developing = pins_of("requirements.txt"), pins_of("requirements-dev.txt")
    assert {name: versions for name, versions in running.items() if developing.get(name) != versions} == {}


def test_the_build_is_locked_as_well() -> None:
    """Nothing is fetched beside the lock: what builds the package stands in it, with the same range."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert told["dependency-groups"]["build"] == told["build-system"]["requires"]
