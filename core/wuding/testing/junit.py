"""Results as JUnit XML, which continuous integration reads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree

from wuding.catalogue import text
from wuding.testing.run import CaseResult
from wuding.testing.say import unmet_says


def junit(results: Iterable[CaseResult], lang: str = "en") -> str:
    """JUnit XML: a suite for each test file, a test case for each case, `file` and `line` of where it stands."""
    root = ElementTree.Element("testsuites")
    for path, group in groupby(results, key=lambda r: r.path):
        cases = list(group)
        failed = sum(not case.passed for case in cases)
        total = f"{sum(case.seconds for case in cases):.3f}"
        about = {"name": path, "tests": str(len(cases)), "failures": str(failed), "errors": "0", "time": total}
        suite = ElementTree.SubElement(root, "testsuite", about)
        for case in cases:
            _case(suite, case, lang)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, case: CaseResult, lang: str) -> None:
    about = {
        "name": _legal(case.name.get(lang)),
        "classname": case.book,
        "file": case.path,
        "line": str(case.span.line),
        "time": f"{case.seconds:.3f}",
    }
    element = ElementTree.SubElement(suite, "testcase", about)
    if case.unmet:
        message = "; ".join(_message(one.diagnostic.code, one.diagnostic.args, lang) for one in case.unmet)
        failure = ElementTree.SubElement(element, "failure", {"message": _legal(message)})
        failure.text = _legal("\n".join(unmet_says(one, lang) for one in case.unmet))


def _message(code: str, args: object, lang: str) -> str:
    assert isinstance(args, dict)
    return text(code, lang, **args)


def _legal(value: str) -> str:
    """XML has no control characters but tab and line ends."""
    return "".join(c for c in value if c in "\t\n\r" or ord(c) >= 0x20)
