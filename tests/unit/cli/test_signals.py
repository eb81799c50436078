import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal
from controller.cli.signals import Signals

signals = Signals()
if {is_lost}:
    signal.signal({number}, lambda *_: None)
try:
    os.kill(os.getpid(), {number})
    signals.wait()
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_lost", [False, True], ids=["raised", "not raised before the wait"])
def test_a_signal_ends_the_program_whenever_it_comes(
    number: signal.Signals, *, is_lost: bool
) -> None:
    program = PROGRAM.format(number=int(number), is_lost=is_lost)

    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "ended\n")


def test_other_signals_end_nothing() -> None:
    program = """
import os, signal, threading
from controller.cli.signals import Signals

signals = Signals()
signal.signal(signal.SIGUSR1, lambda *_: print("heard", flush=True))
os.kill(os.getpid(), signal.SIGUSR1)
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
try:
    signals.wait()
except KeyboardInterrupt:
    print("ended")
"""

    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "heard\nended\n")
