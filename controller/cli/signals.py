"""Ends the program on SIGTERM as on Ctrl-C, with everything closed, whenever the signal comes."""

import signal
import socket

_ENDING = frozenset((signal.SIGINT, signal.SIGTERM))


class Signals:
    """Makes both signals raise KeyboardInterrupt in the main thread, and none be missed.

    SIGINT too is set: a shell that starts a program in the background has it ignored.
    """

    def __init__(self) -> None:
        # Python looks for signals between two steps. One that comes after the last look and before
        # the wait blocks would be seen when that ends, which is never. Its number is written at
        # once, which ends a wait that begins later, too.
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            signal.signal(number, signal.default_int_handler)

    def wait(self) -> None:
        """Wait for ever.

        Raises:
            KeyboardInterrupt: a signal came, now or since this was made.
        """
        while not _ENDING.intersection(self._heard.recv(64)):
            pass  # another signal that somebody handles
        raise KeyboardInterrupt
