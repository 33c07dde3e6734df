"""What every command is told: the language, the form of its answers, the ledger. These options may stand
anywhere in the line, before the command or after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wuding.catalogue import LANGS, choose_lang, text, texts
from wuding.errors import WudingError

FORMATS = ("text", "json", "csv", "sarif", "junit", "html")
DATABASE = "sqlite:///wuding.db"
GLOBAL = ("--lang", "--format", "--db")


@dataclass(frozen=True)
class Settings:
    """`lang`: zh or en. `format`: one of `FORMATS`, `text` by default. `db`: the ledger's address."""

    lang: str = "en"
    format: str = "text"
    db: str = DATABASE

    def say(self, key: str, /, **args: object) -> str:
        """The catalogue's text of `key` in the language of this run."""
        return text(key, self.lang, **args)

    def word(self, kind: str, name: str) -> str:
        """A name of the program (a status, a section, a level of severity) as people read it."""
        return text(f"{kind}.{name}", self.lang) if f"{kind}.{name}" in texts() else name

    def form(self, *allowed: str) -> str:
        """The format, which must be one that the command knows. Raises WD810."""
        if self.format not in allowed:
            raise WudingError("WD810", option="--format", value=self.format, known=", ".join(allowed))
        return self.format


def split(arguments: Sequence[str], env: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings and the arguments that are left for the command; what follows `--` is left alone.

    Raises WD810 for a value that an option does not know, WD811 for an option without a value.
    """
    given: dict[str, str] = {}
    rest: list[str] = []
    todo = list(arguments)
    while todo:
        word = todo.pop(0)
        if word == "--":
            rest += [word, *todo]
            break
        name, equals, value = word.partition("=")
        if name not in GLOBAL:
            rest.append(word)
        elif equals:
            given[name] = value
        elif todo:
            given[name] = todo.pop(0)
        else:
            raise WudingError("WD811", option=name)
    for option, known in (("--lang", LANGS), ("--format", FORMATS)):
        if option in given and given[option] not in known:
            raise WudingError("WD810", option=option, value=given[option], known=", ".join(known))
    lang = choose_lang(given.get("--lang"), env)
    return Settings(lang, given.get("--format", "text"), given.get("--db") or env.get("WUDING_DB") or DATABASE), rest
