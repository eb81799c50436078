import stat
import subprocess
import sys
from pathlib import Path

from controller.local import process, supervisor


def test_the_kubeconfig_is_for_its_owner_only(tmp_path: Path) -> None:
    running = supervisor.start(tmp_path, log=tmp_path / "log", die_with_parent=True)
    try:
        mode = stat.S_IMODE(running.kubeconfig.stat().st_mode)
    finally:
        supervisor.stop(tmp_path)

    assert mode == 0o600


def test_a_second_process_on_the_folder_ends_with_a_clear_error(tmp_path: Path) -> None:
    supervisor.start(tmp_path, log=tmp_path / "log", die_with_parent=True)
    try:
        command = [sys.executable, "-m", "controller.local", "--folder", str(tmp_path)]
        root = Path(__file__).parents[3]
        second = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    finally:
        supervisor.stop(tmp_path)

    assert second.returncode == process.IN_USE
    assert "is already running" in second.stderr
