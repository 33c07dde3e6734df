"""The plugins that are installed, and the shelf of domains and books that they bring.

The only reader of entry points. Nothing is loaded at import: `plugin_manager()` builds a manager, `shelf()`
reads what its plugins name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from wuding import hookspecs
from wuding.catalogue import learn
from wuding.errors import Diagnostic, Rejected, WudingError
from wuding.hookspecs import PROJECT, Guard, Resource
from wuding.program.model import Domain, Program

if TYPE_CHECKING:
    from wuding.book.added import Additions

Text = tuple[str, str]  # a file's text, and the name under which diagnostics show it


def plugin_manager(extra: Iterable[ModuleType] = ()) -> pluggy.PluginManager:
    """A manager with every installed plugin, and with the modules given. Raises WD601 for a plugin that cannot be
    imported, WD850 and WD851 for texts that cannot be used."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.load_setuptools_entrypoints(PROJECT)
    except ImportError as error:
        raise WudingError("WD601", reason=str(error)) from error
    for module in extra:
        if not manager.is_registered(module):
            manager.register(module)
    manager.check_pending()
    for resource in (r for found in manager.hook.wuding_texts() for r in found):
        text, path = read_resource(resource)
        try:
            refused = learn(json.loads(text))
        except (ValueError, AttributeError) as error:
            raise WudingError("WD850", path=path, reason=str(error)) from error
        if refused is not None:
            raise WudingError("WD851", path=path, key=refused)
    return manager


def read_resource(resource: Resource) -> Text:
    """The text of a plugin's file. Raises WD602 when the plugin names a file that it does not have."""
    package, path = resource
    found = files(package).joinpath(path)
    if not found.is_file():
        raise WudingError("WD602", package=package, path=path)
    return found.read_text(encoding="utf-8"), f"{package}/{path}"


@dataclass(frozen=True)
class Shelf:
    """The domains and books at hand: those of the plugins, and files given by path.

    `books` and `domains` are found by the name written inside them (`book: fire/chigang`)."""

    manager: pluggy.PluginManager
    given: tuple[Text, ...] = ()
    cache: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def domains(self) -> Mapping[str, Domain]:
        """Every domain by name. Raises Rejected when a domain file has mistakes."""
        from wuding.book.load import load_domain

        found: dict[str, Domain] = {}
        problems: list[Diagnostic] = []
        for resource in self._resources("wuding_domains"):
            text, path = read_resource(resource)
            domain, diagnostics = load_domain(text, path)
            problems += [d for d in diagnostics if d.severity == "error"]
            if domain is not None:
                found[domain.name] = domain
        if problems:
            raise Rejected(problems)
        return found

    @cached_property
    def texts(self) -> Mapping[str, Text]:
        """Every book's text by the book's name; given files win over plugins' books."""
        found: dict[str, Text] = {}
        for text, path in (*(read_resource(r) for r in self._resources("wuding_books")), *self.given):
            name = book_name(text)
            if name:
                found[name] = (text, path)
        return found

    @cached_property
    def additions(self) -> Additions:
        """What the plugins add to the language of books."""
        return additions(self.manager)

    @cached_property
    def guards(self) -> tuple[Guard, ...]:
        """What the plugins decide while facts are written."""
        return tuple(guard for found in self.manager.hook.wuding_guards() for guard in found)

    def given_names(self) -> list[str]:
        """The names of the books given by path, in order. Raises WD605 for a file that names no book."""
        names = []
        for text, path in self.given:
            name = book_name(text)
            if name is None:
                raise WudingError("WD605", path=path)
            names.append(name)
        return names

    def find(self, name: str) -> Text | None:
        """The text of the book called `name`; None when there is none."""
        return self.texts.get(name)

    def mapping(self, name: str) -> Text | None:
        """The text of the mapping file called `name`."""
        for resource in self._resources("wuding_mappings"):
            if Path(resource[1]).stem == name:
                return read_resource(resource)
        return None

    def tests(self, name: str) -> Text | None:
        """The test file that lies beside the book called `name`: `x.test.yaml` beside `x.yaml`."""
        found = self.find(name)
        if found is None:
            return None
        if found in self.given:
            path = Path(found[1]).with_suffix(".test.yaml")
            return (path.read_text(encoding="utf-8"), str(path)) if path.is_file() else None
        package, _, inside = found[1].removesuffix(".yaml").partition("/")
        beside = files(package).joinpath(f"{inside}.test.yaml")
        return (beside.read_text(encoding="utf-8"), f"{package}/{inside}.test.yaml") if beside.is_file() else None

    def clauses(self) -> list[Text]:
        """The lists of clauses that the plugins bring."""
        return [read_resource(resource) for resource in self._resources("wuding_clauses")]

    def program(self, name: str) -> Program:
        """The book called `name`, linked. Raises WD603 for a name that no plugin and no file has, Rejected for a book
        with mistakes."""
        found = self.find(name)
        if found is None:
            raise WudingError("WD603", name=name, known=", ".join(sorted(self.texts)))
        if name not in self.cache:
            self.cache[name] = self.load(*found)
        return self.cache[name]  # type: ignore[no-any-return]

    def load(self, text: str, path: str) -> Program:
        """A book's text, linked. Raises Rejected when it has mistakes."""
        from wuding.book.load import load_program

        program, diagnostics = load_program(text, path, self.domains, self.find, self.additions)
        errors = [d for d in diagnostics if d.severity == "error"]
        if errors or program is None:
            raise Rejected(errors)
        return program

    def _resources(self, hook: str) -> list[Resource]:
        return [r for found in getattr(self.manager.hook, hook)() for r in found]


def additions(manager: pluggy.PluginManager) -> Additions:
    """What the plugins of a manager add to the language of books. Raises WD852 when two bring a section of one name,
    or one of the core's."""
    from wuding.book.added import CORE_ALONE, Additions

    sections = [section for found in manager.hook.wuding_sections() for section in found]
    names = [*CORE_ALONE.names, *(section.name for section in sections)]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise WudingError("WD852", name=twice[0])
    lints = tuple(lint for found in manager.hook.wuding_lints() for lint in found)
    return Additions({section.name: section for section in sections}, lints)


def commands(manager: pluggy.PluginManager) -> dict[str, str]:
    """The commands of the plugins: name, module."""
    return {name: module for found in manager.hook.wuding_commands() for name, module in found.items()}


def book_name(text: str) -> str | None:
    """The name that a book's text gives itself, without reading it whole; None when it gives none."""
    found = re.search(r"""^book:[ \t]*["']?([^"'\s#]+)""", text, re.MULTILINE)
    return found.group(1) if found else None


def shelf(paths: Iterable[str | Path] = (), manager: pluggy.PluginManager | None = None) -> Shelf:
    """The shelf of installed plugins, with the books at `paths` besides. Raises WD604 for a file that cannot be
    read."""
    given = []
    for path in paths:
        try:
            given.append((Path(path).read_text(encoding="utf-8"), str(path)))
        except (OSError, UnicodeDecodeError) as error:
            raise WudingError("WD604", path=str(path), reason=str(error)) from error
    return Shelf(manager or plugin_manager(), tuple(given))
