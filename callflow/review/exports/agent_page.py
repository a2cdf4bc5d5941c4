"""An agent's month as one page to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callflow.archive.masking import masked
from callflow.review import words
from callflow.review.exports import printed
from callflow.review.exports.agent_month import Month, Point
from callflow.texts import Text, text
from callflow.writing import whole_or_nothing

WIDTH, HEIGHT = 720, 150
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 8, 22


@dataclass(frozen=True, slots=True)
class Chart:
    """The score over the month in px: a dot for each call, a line through the mean of each day that had any."""

    dots: tuple[tuple[float, float], ...]
    line: str
    mean: float | None
    days: tuple[tuple[float, int], ...]
    levels: tuple[tuple[float, int], ...]


def chart_of(month: Month) -> Chart:
    """The chart of a month."""
    by_day: dict[int, list[float]] = {}
    for point in month.points:
        by_day.setdefault(int(point.day), []).append(point.score)
    means = [Point(0, day + 0.5, sum(all_) / len(all_)) for day, all_ in sorted(by_day.items())]
    labelled = [day for day in (1, *range(5, month.days + 1, 5)) if day + 1 < month.days or day == month.days]
    return Chart(
        dots=tuple((_x(point.day, month.days), _y(point.score)) for point in month.points),
        line=" ".join(f"{_x(point.day, month.days):.1f},{_y(point.score):.1f}" for point in means),
        mean=None if month.mean is None else _y(month.mean),
        days=tuple((_x(day + 0.5, month.days), day) for day in labelled),
        levels=tuple((_y(level), level) for level in (0, 25, 50, 75, 100)),
    )


def _x(day: float, days: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (day - 1) / days


def _y(score: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - score / 100)


def write_agent(path: Path, month: Month, language: str, reveal: bool = False) -> None:
    """Write the page, whole or not at all. Raises ``OutputError``."""
    with whole_or_nothing(path) as out:
        out.write(page(month, language, reveal).encode())


def page(month: Month, language: str, reveal: bool = False) -> str:
    """The page as HTML in ``language``."""
    return printed.page(
        "agent.html.j2",
        ("agent.css",),
        language,
        month=month,
        chart=chart_of(month),
        size=(WIDTH, HEIGHT, LEFT, RIGHT),
        said=(lambda spoken: spoken) if reveal else masked,
        when=f"{month.first:%Y-%m}",
        signed=_signed,
        summary=summary(month).in_(language),
    )


def _signed(change: float) -> str:
    """``+2.1``, ``−0.4``, ``±0``."""
    shown = words.points(abs(change))
    return "±0" if shown == "0" else ("+" if change > 0 else "−") + shown


def summary(month: Month) -> Text:
    """The month in a sentence or two: what to say first when one talks it over."""
    parts: list[Text] = []
    if month.mean is not None and month.before is not None:
        change = month.mean - month.before
        if abs(change) < 0.5:
            parts.append(text("The score is as it was the month before.", "得分与上月持平。"))
        else:
            up = text("up", "上升") if change > 0 else text("down", "下降")
            parts.append(
                Text(
                    f"The score went {up.en} by {words.points(abs(change))} from the month before.",
                    f"得分比上月{up.zh} {words.points(abs(change))}。",
                )
            )
    if month.strongest:
        best = month.strongest[0].title
        parts.append(Text(f"Most reliable: {best.en}.", f"做得最稳：{best.zh}。"))
    if month.lessons:
        first: Sequence[Text] = [lesson.title for lesson in month.lessons[:1]]
        parts.append(Text(f"What cost most: {first[0].en}.", f"失分最多：{first[0].zh}。"))
    else:
        parts.append(text("Nothing was missed or violated.", "没有漏做，没有违反。"))
    return Text(" ".join(part.en for part in parts), "".join(part.zh for part in parts))
