"""What ``callflow explain`` prints: why each phrase that came near a sentence was heard there or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from callflow.phrases.explain import Explained, Verdict
from callflow.texts import Text, printable, text

VERDICTS: dict[Verdict, Text] = {
    "said": text("said", "说了"),
    "different": text("too different", "差异太大"),
    "clause": text("a part of it was not said", "其中一部分没有说"),
    "negation": text(
        "what differs makes it another sentence (不, 没, 别, 我, 您 …)", "差异使它成了另一句话（不、没、别、我、您等）"
    ),
    "boundary": text("not where it counts", "所在位置不算"),
    "question": text("a question, which it is not", "听到的是问句，短语不是"),
    "guard": text("part of an exception", "属于例外说法"),
    "told": text("told of, not said", "是转述，不是自己说的"),
    "other": text("another phrase explains it better", "另一条短语更符合"),
}
_BOUNDARIES = {
    "start": text("only at the beginning of a sentence", "只在句首才算"),
    "end": text("only at the end of a sentence", "只在句末才算"),
    "sentence": text("only as a sentence of its own", "只有单独成句才算"),
    "utterance": text("only where nothing else was said", "只有整句话就这几个字才算"),
}


def render(
    sentence: str, sounds: Sequence[str], found: Sequence[Explained], language: str, folds: Sequence[str] = ()
) -> str:
    """The sentence, its sounds, and a paragraph for each phrase that came near. ``folds``: sounds that count as one."""
    title = text("sounds", "读音").in_(language)
    lines = [sentence, f"  {title}  {' '.join(sounds)}"]
    if folds:
        merged = text(
            "of {f} either counts as the other, and one stands for both", "{f} 不作区分，只写其一", f=" ".join(folds)
        )
        lines.append(f"  ({merged.in_(language)})")
    for one in found:
        lines += ["", *_paragraph(one, language)]
    if not found:
        lines += ["", text("no phrase comes near", "没有相近的短语").in_(language)]
    return "\n".join(map(printable, lines))


def _paragraph(one: Explained, language: str) -> Iterator[str]:
    mark = "✓" if one.verdict == "said" else "✗"
    place = one.phrase.places.get(one.wording, one.phrase.at)
    verdict = VERDICTS[one.verdict].in_(language) + _why(one, language)
    yield f"{mark} {one.phrase.name} ({one.phrase.kind})  {place}  {verdict}"
    yield f"    {one.wording}"
    rows = (
        (text("heard", "听到"), f"“{one.said}”  {' '.join(one.heard)}"),
        (text("wanted", "应为"), " ".join(one.wanted)),
        (text("pieces", "片段"), " | ".join(" ".join(piece) for piece in one.pieces)),
        (text("score", "得分"), f"{one.score:.2f}  ({text('needs', '至少').in_(language)} {one.least:.2f})"),
    )
    for title, words in rows:
        yield f"    {title.in_(language)}  {words}"


def _why(one: Explained, language: str) -> str:
    if one.verdict == "boundary":
        return f"{text(': ', '：').in_(language)}{_BOUNDARIES[one.by].in_(language)}" if one.by in _BOUNDARIES else ""
    return f"{text(': ', '：').in_(language)}{one.by}" if one.by else ""


def data(sentence: str, sounds: Sequence[str], found: Sequence[Explained]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "sentence": sentence,
        "sounds": list(sounds),
        "phrases": [
            {
                "phrase": one.phrase.name,
                "kind": one.phrase.kind,
                "at": str(one.phrase.places.get(one.wording, one.phrase.at)),
                "wording": one.wording,
                "verdict": one.verdict,
                "by": one.by,
                "start": one.start,
                "end": one.end,
                "said": one.said,
                "wanted": list(one.wanted),
                "heard": list(one.heard),
                "pieces": [list(piece) for piece in one.pieces],
                "score": round(one.score, 4),
                "least": round(one.least, 4),
            }
            for one in found
        ],
    }
