"""What the sound says by itself: voice, silence, overlap, loudness, speaking rate and telephone tones. Pure: arrays in,
events out; what comes out never depends on how the samples were cut into blocks."""
