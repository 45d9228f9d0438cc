"""compose.yaml and the Dockerfile: nothing in a container has more than it needs."""

import re
from typing import Any

import yaml

from tests.test_house_rules import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_service_is_hardened() -> None:
    """A root that cannot be written, no capability, no new privilege, limits, a log that does not grow."""
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["pids_limit"] <= 256, name
        assert service["mem_limit"], name
        assert service["logging"]["options"]["max-size"], name
        assert "privileged" not in service, name
        assert "cap_add" not in service, name
        assert service.get("user") not in {"root", "0"}, name


def test_the_stores_are_out_of_reach_and_ask_for_a_password() -> None:
    """Only the server's network leads out, only on this machine; both passwords have to be set."""
    services = COMPOSE["services"]
    assert COMPOSE["networks"]["stores"]["internal"] is True
    for name in ("postgres", "redis"):
        assert services[name]["networks"] == ["stores"]
        assert "ports" not in services[name]
        assert services[name]["user"] == name
    assert services["evenkeel"]["ports"] == ["127.0.0.1:8045:8045"]
    assert "--requirepass" in services["redis"]["command"][-1]
    for variable in ("POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert (
            f"${{{variable}:?"
            in services["evenkeel"]["environment"]["DATABASE_URL" if "POST" in variable else "REDIS_URL"]
        )


def test_the_image_runs_as_nobody_in_particular() -> None:
    """With a number, so that a cluster can see that it is not root; its code is not its own to change."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER 8045:8045" in lines
    assert max(i for i, line in enumerate(lines) if re.match(r"COPY|RUN", line)) < lines.index(
        "USER 8045:8045"
    )
    assert not [line for line in lines if "--chown" in line or "chmod 777" in line]
