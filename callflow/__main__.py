"""``python -m callflow``, and the installed command."""

import signal
import sys

# Until there is something to tidy up, Ctrl-C just ends us: the libraries take a while to load.
signal.signal(signal.SIGINT, signal.SIG_DFL)

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
