"""Numbers as a recogniser spells them: with tones, with marks of pauses between; and words that only look like them."""

from __future__ import annotations

import pytest

from callflow.archive.masking import masked


@pytest.mark.parametrize(
    ("spelt", "shown"),
    [
        ("yī sān bā yī èr sān sì wǔ", "yī sān bā • • • • wǔ"),
        ("yao1 san1 ba1 yi1 er4 san1 si4 wu3 hao3", "yao1 san1 ba1 • • • • wu3 hao3"),
        ("hǎo yī sān bā ， yī èr sān sì ， wǔ liù", "hǎo yī sān bā ， • • • • ， wǔ liù"),
        ("yi san ba, yi er san si, wu", "yi san ba, • • • •, wu"),
        ("yī èr sān sì", "yī èr sān sì"),
        ("shì sānshí wǔ yīng yìng", "shì sānshí wǔ yīng yìng"),
    ],
)
def test_spelt_numbers_are_masked(spelt: str, shown: str) -> None:
    assert masked(spelt) == shown
