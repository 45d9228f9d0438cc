"""A program that begins in a fork is a process as any other (tests/loaded_python.py)."""

import os
import signal
import subprocess

import pytest

from tests import loaded_python
from tests.management import Management
from tests.running_server import ServerWorld

pytestmark = pytest.mark.outside

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def test_a_program_has_its_environment_and_an_exit_code() -> None:
    """It sees the environment that it is given and nothing of ours, and its end is told."""
    program = loaded_python.start(
        "-m", "tests.own_process.told_environment", "3", env={**ENVIRONMENT, "TOLD": "yes"}
    )
    said = program.stdout.read()
    assert program.wait(60) == 3
    assert program.poll() == 3
    assert said.splitlines() == [
        "arguments ['3']",
        f"environment {sorted([*ENVIRONMENT, 'TOLD'])}",
        "descriptors [0, 1, 2]",
        "stderr too",
    ]


def test_a_program_can_be_talked_to_and_ended() -> None:
    """It hears what is written to it; a signal ends it, and its exit code says which."""
    programs = [
        loaded_python.start("-m", "tests.own_process.told_environment", "0", env=ENVIRONMENT, talks=True)
        for _ in range(2)
    ]
    with pytest.raises(subprocess.TimeoutExpired):
        programs[0].wait(0.01)
    for number, program in enumerate(programs):
        program.stdin.write(f"{number}\n")
        program.stdin.flush()
        assert f"heard {number}\n" in iter(program.stdout.readline, "")
    programs[0].send_signal(signal.SIGTERM)
    assert programs[0].wait(60) == -signal.SIGTERM
    assert programs[1].poll() is None
    programs[1].stdin.close()
    assert programs[1].wait(60) == 0
    programs[1].kill()  # one that has ended is left alone


def test_a_program_that_nobody_holds_costs_no_other() -> None:
    """Who lets go of one, as a test that is broken off does, takes nothing from those that follow."""
    kept = loaded_python.start("-m", "tests.own_process.told_environment", "0", env=ENVIRONMENT, talks=True)
    dropped = loaded_python.start(
        "-m", "tests.own_process.told_environment", "0", env=ENVIRONMENT, talks=True
    )
    pid = dropped.pid
    del dropped
    os.kill(pid, signal.SIGKILL)
    for _ in range(2):
        assert (
            loaded_python.start("-m", "tests.own_process.told_environment", "0", env=ENVIRONMENT).wait(60)
            == 0
        )
    kept.stdin.close()
    assert kept.wait(60) == 0


def test_one_command_leaves_the_next_one_alone(server_world: ServerWorld) -> None:
    """Each has its own input, output and exit code; one that fails says why, and the next one is done."""
    data_dir, env = server_world.prepare()
    management = Management(env)
    try:
        assert "1 added" in management.run(
            "import_mappings", "-", stdin='[{"pattern": "own", "target": "claude-sonnet-4-6"}]'
        )
        with pytest.raises(subprocess.CalledProcessError) as failed:
            management.run("import_mappings", "-", stdin="no list")
        assert failed.value.returncode == 1
        assert "CommandError" in failed.value.stderr
        with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
            management.run("shell", "-v0", "-c", "raise SystemExit(3)")
        counted = "from accounts.models import ModelMapping; print(ModelMapping.objects.count())"
        assert management.run("shell", "-v0", "-c", counted) == "1\n"
    finally:
        management.end()
        server_world.discard(data_dir)
