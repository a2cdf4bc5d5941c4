"""A process that adds calls, to be killed: ``python archive_adder.py URL FIRST LAST [back]``; says each batch done."""

import sys

from archive_samples import call

from callflow.archive.calls import add
from callflow.archive.store import Archive
from callflow.errors import ArchiveError

AT_ONCE = 7


def main(url: str, first: int, last: int, back: bool) -> None:
    numbers = list(range(first, last))[:: -1 if back else 1]
    with Archive.open(url) as archive:
        print("open", flush=True)
        for start in range(0, len(numbers), AT_ONCE):
            batch = numbers[start : start + AT_ONCE]
            add(archive, [call(n, agent=f"{n % 50}", team=f"team {n % 9}", text=f"第{n}通 " * 50) for n in batch])
            print(*batch, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "back" in sys.argv)
    except ArchiveError:
        sys.exit(3)
