"""A place outside the repository: a virtual environment that sees Wuding and what it needs, into which plugins are
really installed, without the network."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

WUDING = "import sys; from wuding.cli import main; sys.argv[0] = 'wuding'; main()"
OFFLINE = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    said: str  # all of it, for messages


@dataclass(frozen=True)
class Outside:
    """`folder` is where commands run, `python` the interpreter of the environment."""

    folder: Path
    python: str

    def run(self, program: str, *words: str, cwd: Path | None = None, lang: str = "en") -> Ran:
        """Run `wuding`, `pip` or `pytest`."""
        command = {"wuding": ["-c", WUDING], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"]}.get(program)
        if program == "pip":
            # This environment has no pip of its own: the one that runs the tests installs into it.
            assert words[0] == "install", words
            line = [sys.executable, "-m", "pip", "--python", self.python, "install", *OFFLINE, *words[1:]]
        else:
            assert command is not None, program
            line = [self.python, *command, *words]
        env = os.environ | {"WUDING_LANG": lang, "PYTHONUTF8": "1"}
        done = subprocess.run(line, cwd=cwd or self.folder, env=env, capture_output=True, encoding="utf-8", check=False)
        return Ran(done.returncode, done.stdout, done.stdout + done.stderr)

    def must(self, program: str, *words: str) -> str:
        """What a command prints that must succeed."""
        ran = self.run(program, *words)
        assert ran.code == 0, ran.said
        return ran.out


def outside(folder: Path) -> Outside:
    """A new environment below `folder`, which sees all that this one has. Skips where nothing can be built."""
    for module in ("pip", "hatchling", "editables"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed: a plugin cannot be built")
    place = folder / ".venv"
    venv.create(place, with_pip=False, symlinks=True)
    scheme = "nt_venv" if os.name == "nt" else "posix_venv"
    lib = Path(sysconfig.get_path("purelib", scheme, {"base": str(place), "platbase": str(place)}))
    seen = dict.fromkeys([sysconfig.get_path("purelib"), *site.getsitepackages()])
    lines = [f"import site; site.addsitedir({path!r})" for path in seen]
    (lib / "seen.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return Outside(folder, str(python))
