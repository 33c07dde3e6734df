"""`wuding test`: the policy tests that lie beside rule books."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from wuding.cli.out import print_json
from wuding.cli.settings import Settings


def add(app: typer.Typer) -> None:
    app.command("test", help="cli.test")(test)


def test(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(help="cli.test.paths", show_default=False)],
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.test.book")] = None,
    without: Annotated[str | None, typer.Option("--without", help="cli.test.without")] = None,
) -> None:
    from wuding.plugins import shelf
    from wuding.testing import junit, run_tests, says

    settings: Settings = context.obj
    form = settings.form("text", "json", "junit")
    results = run_tests(paths, shelf([*beside(paths), *(book or ())]), without)
    failed = [result for result in results if not result.passed]
    if form == "junit":
        print(junit(results, settings.lang), end="")
    elif form == "json":
        print_json(
            [
                {"path": r.path, "line": r.span.line, "book": r.book, "name": r.name.get(settings.lang),
                 "passed": r.passed, "seconds": round(r.seconds, 3),
                 "unmet": [{"code": u.diagnostic.code, "line": u.diagnostic.span.line,
                            "message": settings.say(u.diagnostic.code, **u.diagnostic.args)} for u in r.unmet]}
                for r in results
            ]
        )  # fmt: skip
    else:
        for result in results:
            print(says(result, settings.lang))
        key = "test.some-failed" if failed else "test.all-passed"
        print(settings.say(key, count=len(results), failed=len(failed)))
    if failed:
        sys.exit(1)


def beside(paths: Sequence[str]) -> Iterator[Path]:
    """The books that lie in the folders named, or beside the test files named. They are what is tested, whatever is
    installed under their names: somebody who edits a book asks about the text that lies there."""
    from wuding.cli.lint import found_files, kind_of

    folders = dict.fromkeys(path if Path(path).is_dir() else str(Path(path).parent) for path in paths)
    for file in found_files([folder for folder in folders if Path(folder).is_dir()]):
        if kind_of(file.read_text(encoding="utf-8", errors="replace")) == "book":
            yield file
