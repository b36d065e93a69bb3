"""The state of signals that a process inherits, and that nothing here may depend on.

A shell starts what runs in the background with SIGINT ignored, and so do many CI runners; a process that inherits this
cannot be interrupted, and neither can what it starts.
"""

from __future__ import annotations

import signal

UNCHANGEABLE = {signal.SIGKILL, signal.SIGSTOP}


def interruptible() -> None:
    """Let Ctrl-C and SIGTERM end this process and what it starts, whatever it inherited.

    SIGHUP stays as it is: who starts a command with nohup wants it to outlive the terminal.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def all_changeable() -> set[signal.Signals]:
    """Return every signal whose disposition can be set, for those who start a process with the default ones."""
    return {number for number in signal.Signals if number not in UNCHANGEABLE}
