"""Every code of this room has its texts, in both languages, with the same blanks to fill."""

import re
from pathlib import Path
from string import Formatter

import wuding
from wuding.catalogue import LANGS, texts

ROOM = Path(wuding.__path__[0])
SOURCES = [*(ROOM / "intake").glob("*.py"), ROOM / "domain" / "instants.py", ROOM / "domain" / "calendar.py"]


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_codes_and_texts_are_the_same():
    used = {code for path in SOURCES for code in re.findall(r'"(WD4\d\d)"', path.read_text(encoding="utf-8"))}
    told = {key for key in texts() if re.fullmatch(r"WD4\d\d", key)}
    assert used == told
    assert all(f"{code}.help" in texts() for code in used)


def test_both_languages_say_the_same():
    for key, entry in texts().items():
        if key.startswith("WD4"):
            assert blanks(entry["zh"]) == blanks(entry["en"]), key
            assert not blanks(entry["zh"]) & {"key", "lang"}, key  # names of `text`'s own parameters
            assert all(entry[lang] and entry[lang] == entry[lang].strip() for lang in LANGS), key
            assert (
                re.search(r"[\u4e00-\u9fff]", entry["zh"]) and entry["zh"][-1] not in "。." and entry["en"][-1] != "."
            ), key
