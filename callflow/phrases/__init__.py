"""What was said, matched by sound: text or pinyin in, hits with their place and score out. Pure: no clock, no I/O."""
