"""Runs the command with a wall clock that jumps by the hours in $JUMP_H at SIGUSR1."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import time_machine

from controller.__main__ import main

clock = time_machine.travel(datetime.now(UTC), tick=True).start()
jump = timedelta(hours=float(os.environ["JUMP_H"]))
signal.signal(signal.SIGUSR1, lambda *_: clock.shift(jump))
sys.exit(main())
