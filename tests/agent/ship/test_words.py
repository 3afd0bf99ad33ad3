from __future__ import annotations

import zlib

from agent.ship.words import WORDS


def test_the_words_of_version_1_are_frozen() -> None:
    # Whoever changes a byte makes every stored record and every message of other versions unreadable.
    assert (len(WORDS), zlib.crc32(WORDS)) == (4482, 0x756E08EB)
