"""The rules of the house, read from the imports of every module."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.replay.makers import record_spoken

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "voicetrail"
HEAVY = ("textual", "torch", "torchaudio", "sounddevice")
LONGEST = 400
"""Lines of a file: what a person reads in one sitting."""
FULLEST = 14
"""Modules of a folder, its ``__init__`` not counted."""
FULLER = {"voicetrail", "voicetrail/commands"}
"""Folders that hold more, for a reason that docs/architecture.md gives."""


@cache
def modules() -> frozenset[str]:
    return frozenset(path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in PACKAGE.rglob("*.py"))


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """Everything that a module imports at any time, but for what only the type checker sees."""
    return frozenset(_imports(parsed(module)))


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield node.module or ""
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        # Only what holds statements can hold an import: the expressions below them are most of a tree.
        if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield from _imports(child)


def importers(package: str) -> set[str]:
    return {module for module in modules() if any(name.partition(".")[0] == package for name in imports(module))}


@cache
def reached(module: str) -> frozenset[str]:
    """Everything that comes along with a module as soon as it is imported: imports at the top of files, followed."""
    found, todo = set[str](), [module]
    while todo:
        name = todo.pop()
        for statement in parsed(name).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                new = set(_imports(statement)) - found
                found |= new
                todo += [
                    n if n in modules() else f"{n}.__init__" for n in new if n in modules() or f"{n}.__init__" in modules()
                ]
    return frozenset(found)


def test_who_may_import_whom(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The contracts of pyproject.toml: layers without a circle, and who may use the heavy packages."""
    from importlinter.cli import lint_imports

    monkeypatch.chdir(ROOT)
    code = lint_imports(no_cache=True)
    assert code == 0, capsys.readouterr().out


def known(module: str) -> set[str]:
    """Every module of the package that one knows: by imports, also those for the type checker alone, and by name in a string."""
    names = set[str]()
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("voicetrail."):
            names.add(node.value.partition(":")[0])
    return {found for name in names if name.startswith("voicetrail") and (found := module_of(name)) is not None} - {module}


def module_of(name: str) -> str | None:
    """The module that a dotted name stands for, or that holds what it stands for."""
    parent = name.rpartition(".")[0]
    return next((found for found in (name, f"{name}.__init__", parent, f"{parent}.__init__") if found in modules()), None)


def test_there_is_no_circle_between_modules_nor_between_folders() -> None:
    """As import-linter's contract, and by name: what is imported later, by a name in a string, is known as well.

    The list of commands is left out: it finds each by its name, and one of them prints the manual, which is made from the list.
    """
    graphs: dict[str, TopologicalSorter[str]] = defaultdict(TopologicalSorter)
    for module in modules() - {"voicetrail.program"}:
        for target in known(module):
            parts, others = module.split("."), target.split(".")
            same = next(n for n, (a, b) in enumerate(zip(parts, others, strict=False)) if a != b)
            # A folder's __init__ may hand on what the folder has.
            if "__init__" not in (parts[same], others[same]):
                graphs[".".join(parts[:same])].add(parts[same], others[same])
    for graph in graphs.values():
        graph.prepare()  # raises CycleError, which names the circle


def test_only_the_features_import_torchaudio() -> None:
    assert importers("torchaudio") == {"voicetrail.spotting.features"}


NETWORK = ("link", "serve", "host", "host_scores", "recognizer_service", "visitors", "scores.shared", "commands.serve")
"""What may open sockets: it serves, or connects to an address that somebody named, or joins processes of this program."""


def test_nothing_else_opens_sockets_and_nothing_asks_the_web() -> None:
    def inside(module: str) -> bool:
        return any(f"{module}.".startswith(f"voicetrail.{package}.") for package in NETWORK)

    assert not {module for module in importers("socket") if not inside(module)}
    assert not {
        module for module in modules() if imports(module) & {"urllib.request", "http.client", "ftplib", "smtplib", "requests"}
    }


LIGHT = (
    "key_names",
    "events",
    "errors",
    "text",
    "atomic",
    "output",
    "arguments",
    "vocabulary",
    "game",
    "replay",
    "calibration",
    "keys",
    "settings",
    "spotting.detector",
    "spotting.score_filter",
)


@pytest.mark.parametrize("name", LIGHT)
def test_what_is_pure_brings_nothing_heavy_along(name: str) -> None:
    inside = [module for module in modules() if f"{module}.".startswith(f"voicetrail.{name}.")]
    assert inside
    for module in inside:
        assert not {package for found in reached(module) for package in HEAVY if found.partition(".")[0] == package}, module


def test_there_is_one_way_to_print_and_one_to_replace_a_file() -> None:
    printing, replacing = set(), set()
    for module in modules():
        for node in ast.walk(parsed(module)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called in ("print", "sys.stdout.write", "sys.stderr.write"):
                printing.add(module)
            # A path's own method takes one argument; that of a text takes two.
            a_path = isinstance(node.func, ast.Attribute) and node.func.attr == "replace" and len(node.args) == 1
            if called in ("os.replace", "os.rename") or (a_path and not node.keywords and called != "os.replace"):
                replacing.add(module)
    assert printing <= {"voicetrail.output"}
    assert replacing <= {"voicetrail.atomic"}


def test_the_loop_and_the_sources_bring_no_torch_and_no_screen_along() -> None:
    for module in ("voicetrail.listening", "voicetrail.sources", "voicetrail.cli", "voicetrail.ui.app"):
        found = {name.partition(".")[0] for name in reached(module)}
        assert not found & {"torch", "torchaudio", "sounddevice"}, module


def test_no_file_grows_past_what_a_person_reads_in_one_sitting() -> None:
    files = [path for folder in ("voicetrail", "tests", "tools", "bench") for path in (ROOT / folder).rglob("*.py")]
    assert not {str(path): lines for path in files if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST}


def test_no_folder_holds_more_than_one_idea() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    counts = {folder.relative_to(ROOT).as_posix(): len([*folder.glob("*.py")]) - 1 for folder in folders}
    assert {folder for folder, count in counts.items() if count > FULLEST} == FULLER


def loaded(*arguments: str) -> set[str]:
    """The packages in memory once a command has ended."""
    code = (
        "import sys\nfrom voicetrail.cli import main\nmain(sys.argv[1:])\n"
        "print('loaded:', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=60)
    assert not done.stderr
    *out, last = done.stdout.splitlines()
    assert out
    return {*last.split()[1:]}


def test_the_help_loads_nothing_that_takes_time() -> None:
    assert not loaded("--help") & {*HEAVY, "numpy", "rich", "soundfile"}


def test_a_replay_is_printed_without_torch_and_without_a_screen(tmp_path: Path) -> None:
    path = tmp_path / "session.vtr"
    record_spoken(path, hops=60)
    assert not loaded("replay", "--text", str(path)) & {*HEAVY}


@pytest.mark.parametrize("visitor", [False, True])
def test_no_game_loads_the_database_of_a_host(tmp_path: Path, visitor: bool) -> None:
    """A visitor's game knows neither the database nor its password, and a player of one machine loads nothing of hosts at all."""
    code = (
        "import os, socket, sys\n"
        "ends = socket.socketpair()\n"
        f"os.environ.update(VOICETRAIL_HOST_SCORES=str(ends[1].detach()) if {visitor} else '')\n"
        "from voicetrail.play.setup import open_scores\n"
        "scores = open_scores()\n"
        f"assert (scores.host is not None) is {visitor}\n"
        "ends[0].close()\n"
        "scores.close()\n"
        "print('loaded:', *sys.modules)"
    )
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env=environment)
    modules = {*done.stdout.split()}
    assert not {name.partition(".")[0] for name in modules} & {"sqlalchemy", "psycopg", "asyncssh", "textual"}
    assert not any(name.startswith("voicetrail.host") for name in modules)
    assert ("voicetrail.scores.shared.client" in modules) is visitor


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout: no list of the repository's files")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_no_file_of_the_repository_names_a_place_of_one_machine() -> None:
    # Put together here, so that this file does not hold them itself.
    places = ["/" + place for place in ("work/", "tmp/vt", "root/", "opt/wheels", "home/")] + ["../" + ".library", "farm" + "-"]
    found = {
        f"{path.relative_to(ROOT)}: {place}"
        for path in tracked()
        if path.is_file() and path.suffix not in {".safetensors", ".flac", ".svg", ".png", ".gif"}
        for place in places
        if place in path.read_text("utf-8", "replace")
    }
    assert not found


def test_no_work_is_done_inside_an_assert() -> None:
    """``python -O`` leaves asserts out: what they call may look, and not do."""
    looks = {"isinstance", "len", "all", "any", "callable", "hasattr", "issubclass", "set", "np.isfinite", "fullmatch"}
    wrong = {
        f"{module}:{node.lineno} calls {called}"
        for module in modules()
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Assert)
        for call in ast.walk(node.test)
        if isinstance(call, ast.Call) and (called := ast.unparse(call.func)) not in looks
    }
    assert not wrong
