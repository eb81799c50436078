"""Ends the program on SIGTERM as on Ctrl-C, with everything closed, whenever the signal comes."""

import select
import signal
import socket


class Signals:
    """Makes both signals raise KeyboardInterrupt in the main thread, and none be missed.

    SIGINT too is set: a shell that starts a program in the background has it ignored.
    """

    def __init__(self) -> None:
        # Python looks for signals between two steps. One that comes after the last look and before
        # the wait blocks would be seen when that ends, which is never; the byte that is written at
        # once when it comes ends a wait that begins later, too.
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)

    def wait(self) -> None:
        """Wait for ever.

        Raises:
            KeyboardInterrupt: a signal came, now or since this was made.
        """
        select.select([self._heard], [], [])
        raise KeyboardInterrupt
