"""Why a finding came out as it did: the codes in ``Finding.reason`` and what they mean in words."""

from callflow.texts import Text

REASONS: dict[str, Text] = {
    "too-late": Text("said, but after the deadline", "说了，但已超过时限"),
    "other-first": Text("something else was said first", "先说了别的话"),
    "call-ended": Text("the call ended before the deadline", "期限未到，通话已结束"),
    "no-call-events": Text(
        "holds, transfers and who hung up are not in the sound; give the call events beside the recording",
        "保持、转接以及谁先挂机无法从声音得知；请随录音提供通话事件",
    ),
    "gap": Text("nobody listened for part of the time", "期间有一段时间未能收听"),
    "hang-up-unknown": Text("it is not known who hung up", "不知道是谁挂的机"),
    "no-ring-heard": Text("no ring is heard in the recording", "录音中听不到振铃"),
    "no-sound": Text("the sound itself was not listened to", "未分析声音本身"),
    "no-confidence": Text("the recogniser does not say how sure it is", "识别引擎没有给出置信度"),
    "too-little": Text("too little was said to judge it", "说得太少，无法判断"),
    "no-speech": Text("the agent was not heard at all", "没有听到坐席说话"),
    "by-nature": Text("nobody can judge this from a call", "无法从通话中评判"),
    "no-date": Text("the date of the call is not known", "不知道通话日期"),
    "speaker-unsure": Text("it is not sure enough who spoke", "无法确定是谁说的"),
    "one-channel": Text("one channel only: who spoke cannot be told apart", "录音只有一个声道，无法区分是谁说的"),
}
