"""What is in trouble at the moment, in words for the agent: devices, recognisers, the telephone, the journal."""

from __future__ import annotations

from typing import Protocol

from callflow.audio.notices import Notice as DeviceNotice
from callflow.call.screen.desk import Notice
from callflow.live.ears import Ears
from callflow.live.wall import WHISPER, Wall
from callflow.texts import Text, text

DISMISS = text("Dismiss", "知道了")


class Devices(Protocol):
    """The notices of a headset."""

    @property
    def open(self) -> list[DeviceNotice]: ...


class Board:
    """The notices that hold at the moment, oldest first; those that the agent has dismissed are not shown again.

    What a supervisor whispers comes before all others, as only some are shown, and is gone once it is dismissed.
    """

    def __init__(self) -> None:
        self._open: dict[str, Notice] = {}
        self._dismissed: set[str] = set()

    def shown(self) -> tuple[Notice, ...]:
        open_ = [notice for id_, notice in self._open.items() if id_ not in self._dismissed]
        return tuple(sorted(open_, key=lambda notice: not notice.id.startswith(WHISPER)))

    def put(self, id_: str, message: Text | None) -> bool:
        """Begin a notice or change its words; ``None`` ends it. Returns whether anything changed."""
        known = self._open.get(id_)
        if message is None:
            self._dismissed.discard(id_)
            return self._open.pop(id_, None) is not None
        if known and known.text == message:
            return False
        self._open[id_] = Notice(id_, message, DISMISS)
        return True

    def dismiss(self, id_: str) -> None:
        """The agent has read it."""
        if id_.startswith(WHISPER):
            self._open.pop(id_, None)
        else:
            self._dismissed.add(id_)

    def follow_devices(self, devices: Devices | None) -> bool:
        """What the headset notices."""
        if devices is None:
            return False
        now = {f"sound.{notice.id}": notice.text for notice in devices.open}
        gone = [self.put(id_, None) for id_ in list(self._open) if id_.startswith("sound.") and id_ not in now]
        return any([*gone, *[self.put(id_, message) for id_, message in now.items()]])

    def follow_ears(self, ears: Ears) -> bool:
        """What the recognisers are like."""
        changed = [
            self.put(f"engine.{name}", _out(ears, name) if name in ears.missing else None) for name in ears.recognisers
        ]
        return any([*changed, self.put("slow", _SLOW if ears.slow else _LATE if ears.late else None)])

    def follow_wall(self, wall: Wall) -> bool:
        """What supervisors whisper, and whether they can."""
        changed = self.put("wall", wall.trouble)
        while whisper := wall.next_whisper():
            changed |= self.put(whisper.notice, whisper.text)
        return changed

    def follow_journal(self, trouble: Text | None) -> bool:
        """Whether the call is kept."""
        return self.put("journal", text(_UNWRITTEN.en, _UNWRITTEN.zh, w=trouble) if trouble else None)


def _out(ears: Ears, name: str) -> Text:
    """What it means that ``name`` is missing, and why it is where that is known."""
    why = ears.why.get(name)
    if why is None:
        return _ALONE if ears.ready else _DEAF
    words = _ALONE_BECAUSE if ears.ready else _DEAF_BECAUSE
    return Text(words.en.format(n=name, w=why.en), words.zh.format(n=name, w=why.zh))


_DEAF = text(
    "The recogniser is starting; until it is ready nothing that is said is understood",
    "语音识别正在启动，就绪之前听不懂任何话",
)
_ALONE = text("One of two recognisers is out; the other goes on", "两个识别引擎之一已停止，另一个继续工作")
_DEAF_BECAUSE = Text(
    "The recogniser {n} does not run: {w}. It is tried again; until then nothing that is said is understood",
    "语音识别引擎 {n} 无法运行：{w}。将自动重试，在此之前听不懂任何话",
)
_ALONE_BECAUSE = Text(
    "The recogniser {n} does not run: {w}. It is tried again; the other one goes on",
    "语音识别引擎 {n} 无法运行：{w}。将自动重试，另一个引擎继续工作",
)
_SLOW = text("This computer is too busy: hints come only when a sentence is over", "电脑太忙：提示要等一句话说完才出现")
_LATE = text("This computer is too busy: sentences are confirmed late", "电脑太忙：识别结果会延迟")
_UNWRITTEN = Text(
    "This call is not being saved ({w}); free some space, it goes on from memory",
    "通话暂未保存（{w}）；请清理磁盘，恢复后会自动补存",
)
