"""`wuding new-domain`: a plugin's skeleton, whole and running, for an integrator to write over."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from wuding.cli.settings import Settings
from wuding.errors import WudingError

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")  # as it stands in books, in entry points, and with `_` in Python
SUFFIX = ".in"


class _Filled(Template):
    """`@name` in the skeleton's files; `$` and `{}` are the books' own."""

    delimiter = "@"


def add(app: typer.Typer) -> None:
    app.command("new-domain", help="cli.new-domain")(new_domain)


def new_domain(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="cli.new-domain.name", show_default=False)],
    zh: Annotated[str | None, typer.Option("--zh", help="cli.new-domain.zh")] = None,
    en: Annotated[str | None, typer.Option("--en", help="cli.new-domain.en")] = None,
    folder: Annotated[str, typer.Option("--in", help="cli.new-domain.in")] = ".",
) -> None:
    settings: Settings = context.obj
    target, count = write_skeleton(name, Path(folder), zh, en)
    print(settings.say("new-domain.done", path=target, count=count))


def write_skeleton(name: str, folder: Path, zh: str | None = None, en: str | None = None) -> tuple[Path, int]:
    """Write the project `wuding-NAME` into `folder`; its path, and how many files it has. Without titles the name
    stands for them.

    Raises WD840 for a name that cannot be one, WD841 for a name that a plugin, a domain or a package has, WD842
    where something is in the way, WD843 where nothing can be written.
    """
    if not NAME.match(name):
        raise WudingError("WD840", name=name)
    project = f"wuding-{name}"
    target = folder / project
    if target.exists():
        raise WudingError("WD842", path=str(target))
    package = project.replace("-", "_")
    if _taken(name, package):
        raise WudingError("WD841", name=name)
    words = _words(name, project, package, zh, en)
    written = {
        target / path.replace("package/", f"{package}/", 1): _Filled(entry.read_text(encoding="utf-8"))
        for path, entry in _entries(files("wuding").joinpath("skeleton"), "")
    }
    try:
        for path, template in written.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(template.substitute(words), encoding="utf-8")
    except OSError as error:
        raise WudingError("WD843", path=str(target), reason=str(error)) from error
    return target, len(written)


def _taken(name: str, package: str) -> bool:
    from wuding.plugins import plugin_manager, shelf

    manager = plugin_manager()
    return manager.has_plugin(name) or find_spec(package) is not None or name in shelf((), manager).domains


def _words(name: str, project: str, package: str, zh: str | None, en: str | None) -> dict[str, str]:
    """What stands in the files' gaps. Titles are quoted as JSON has it, which YAML and TOML read alike."""
    english = en or name.replace("-", " ").capitalize()
    chinese = zh or name
    quoted = {
        "zh": chinese, "en": english, "zh_base": f"{chinese}通用规则", "en_base": f"{english}: common rules",
        "zh_example": f"{chinese}示例镇", "en_example": f"{english}: example town",
        "description": f"{english} as a domain of Wuding ({chinese})",
    }  # fmt: skip
    plain = {"name": name, "project": project, "package": package, "zh_text": chinese}
    return plain | {key: json.dumps(text, ensure_ascii=False) for key, text in quoted.items()}


def _entries(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _entries(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            found.append((prefix + entry.name.removesuffix(SUFFIX), entry))
    return sorted(found, key=lambda item: item[0])
