"""``python -m callflow``, and the installed command."""

import os
import signal
import sys


def _end(number: int, _frame: object) -> None:
    """Until there is something to tidy up, Ctrl-C just ends us: the libraries take a while to load."""
    os.write(2, "interrupted 已中断\n".encode())
    os._exit(128 + number)


# A process of a pool loads this file, too, and was begun by this package; of its end nobody need be told.
signal.signal(signal.SIGINT, signal.SIG_DFL if "multiprocessing" in sys.modules else _end)

from callflow import cli  # noqa: E402 (after the line above, that is what it is for)


def main() -> int:
    """Run the command line; from here on Ctrl-C is an exception that cleans up on its way."""
    signal.signal(signal.SIGINT, cli.on_interrupt)
    try:
        return cli.main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
