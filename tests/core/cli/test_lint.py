"""`wuding lint` on the folder of broken books: one located diagnostic for each mistake that a book announces."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

BOOKS = Path(__file__).parents[1] / "book"
# Its base, a book of another domain, is at hand only in the tests of that room.
APART = {"wd229.yaml"}


def announced(path: Path) -> list[tuple[str, str]]:
    words = path.read_text(encoding="utf-8").split("\n")[0].removeprefix("#").replace(",", " ").split()
    return list(zip(words[::2], words[1::2], strict=True))


def test_a_folder_of_broken_books(wuding, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(BOOKS / "broken", folder)
    for name in ("park.domain.yaml", "park.base.yaml"):
        shutil.copy(BOOKS / name, folder)
    books = [path for path in (BOOKS / "broken").glob("*.yaml") if path.name not in APART]
    assert len(books) >= 30
    answer = wuding("lint", str(folder), "--format", "json")
    assert answer.code == 1
    found: dict[str, list[tuple[str, str]]] = {}
    for one in json.loads(answer.out):
        assert one["help"], one
        found.setdefault(Path(one["path"]).name, []).append((one["code"], f"{one['line']}:{one['column']}"))
    wrong = {p.name: (found.get(p.name), announced(p)) for p in books if found.get(p.name) != announced(p)}
    assert wrong == {}
    for lang in ("zh", "en"):
        lines = wuding("lint", str(folder), "--lang", lang).out
        assert len(re.findall(r"^\S+:\d+:\d+  WD\d{3}  ", lines, re.MULTILINE)) == sum(map(len, found.values()))
