"""Find, read and parse a reward file; every refusal names the file, the line and what to do."""

from __future__ import annotations

import ast
import codecs
import hashlib
import io
import tokenize
import types
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from racer import registry
from racer.errors import BadReward
from racer.reward import components, usage
from racer.reward.beside import ALONE, COPIES, Beside, find
from racer.reward.served import Served

SIZE_LIMIT = 1_000_000  # bytes; the official limit is 140 000 characters

# A file in the user's folder hides a lesson of the same name.
LESSONS = Path(__file__).resolve().with_name("lessons")
FOLDERS = (Path("rewards"), LESSONS)

_ADVICE = (
    "Write: def reward_function(params): ... return a number. Examples: racer reward list shows "
    "their files."
)


@dataclass(frozen=True)
class RewardFile:
    """A reward file that parses; nothing of it has been executed."""

    path: Path
    source: str  # decoded, newlines as \n
    tree: ast.Module = field(repr=False, compare=False)
    beside: Beside = field(default=ALONE, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def shown(self) -> str:
        """The path as messages and tracebacks show it."""
        return str(self.path)

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256(self.source.encode("utf-8", "surrogatepass"))
        for name, content in self.beside.files.items():
            digest.update(f"\0{name}\0{len(content)}\0".encode("utf-8", "surrogatepass"))
            digest.update(content)
        return digest.hexdigest()

    @property
    def modules(self) -> dict[str, str]:
        """Text of own modules beside it, by path."""
        files = self.beside.files.items()
        return {name: raw.decode("utf-8", "replace") for name, raw in files if name[-3:] == ".py"}

    @cached_property
    def served(self) -> Served | None:
        """What serves the files beside it in this process; None if there are none."""
        return Served(self.beside.folder, self.beside.files) if self.beside.files else None

    def copies(self) -> dict[str, str | bytes]:
        """What a run keeps: the file, and those beside it, by path in the run's folder."""
        files = self.beside.files.items()
        return {"reward.py": self.source} | {f"{COPIES}/{name}": raw for name, raw in files}

    @cached_property
    def code(self) -> types.CodeType:
        """Compiled once; executed once per car."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is not this program's business
            return compile(self.tree, self.shown, "exec", dont_inherit=True)

    @cached_property
    def needs(self) -> frozenset[str]:
        """Keys of params that it may read."""
        return usage.ALL if self.modules else usage.needs(self.tree)

    @cached_property
    def components_line(self) -> int:
        """Of its dict of components; 0 if it keeps none."""
        return components.line(self.tree)

    def of_component(self, name: str) -> RewardFile:
        """This file, paying one of its components alone."""
        source = components.only(self.source, name)
        return RewardFile(self.path, source, parse(source, self.shown), self.beside)

    @cached_property
    def line(self) -> int:
        """Of `reward_function`."""
        return _definition(self.tree, self.shown).lineno


def names() -> dict[str, Path]:
    """Every reward known by name, `./rewards` first."""
    return registry.files(FOLDERS, (".py",))


def find_path(name: str | Path) -> Path:
    """The file that a name or a path means.

    Raises:
        UnknownName: no such reward; names the nearest one.
    """
    return registry.find_file("reward", str(name), FOLDERS, (".py",))


def load(name: str | Path) -> RewardFile:
    """Read a reward by name or path.

    Raises:
        UnknownName: no such reward; names the nearest one.
        BadReward: unreadable, does not parse, no `reward_function`, or not of one argument.
    """
    path = find_path(name)
    source = decode(path)
    tree = parse(source, str(path))
    definition = _definition(tree, str(path))
    file = RewardFile(path, source, tree, find(path, tree))
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        _check_signature(definition, str(path))
    try:
        _ = file.code
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _unparsed(error, str(path)) from None
    return file


def decode(path: Path) -> str:
    """Text of a file as people save them: UTF-8 with or without BOM, a declared coding, Latin-1."""
    try:
        size = path.stat().st_size
        if size > SIZE_LIMIT:
            raise BadReward(f"{path} has {size} bytes; a reward file may have {SIZE_LIMIT}.")
        raw = path.read_bytes()
    except OSError as error:
        raise BadReward(f"{path} cannot be read: {error.strerror}. Check the path.") from None
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadReward(f"{path}:1: is UTF-16 text. Save it as UTF-8.")
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        raise BadReward(f"{path}:{line}: holds a NUL byte, so it is not a Python text file.")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(source: str, path: str) -> ast.Module:
    """The syntax tree of a file.

    Raises:
        BadReward: with the line Python stopped at.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _unparsed(error, path) from None


def _unparsed(error: BaseException, path: str) -> BadReward:
    if not isinstance(error, SyntaxError):
        return BadReward(f"{path}:1: is nested too deeply to parse ({error}).")
    line, text = error.lineno or 1, (error.text or "").strip()
    hint = f"\n    {text[:100]}" if text else ""
    if isinstance(error, TabError):
        hint = " Use spaces only."
    elif "print" in (error.msg or "") and "parentheses" in (error.msg or ""):
        hint = " This is Python 2; write print(...)."
    elif text.startswith("```"):
        hint = " Delete the lines that begin with ```: they are Markdown, not Python."
    problem = (error.msg or "").rstrip(".?")
    return BadReward(f"{path}:{line}: does not parse: {problem}.{hint}")


def _definition(tree: ast.Module, path: str) -> ast.stmt:
    """The statement that makes `reward_function`, the last one if there are several."""
    found = [node for node in _top_level(tree.body) if "reward_function" in _binds(node)]
    if found:
        return found[-1]
    functions = [n.name for n in tree.body if isinstance(n, ast.FunctionDef)]
    near = f" It defines {', '.join(functions[:5])}." if functions else ""
    methods = [
        m.lineno
        for n in tree.body
        if isinstance(n, ast.ClassDef)
        for m in n.body
        if isinstance(m, ast.FunctionDef) and m.name == "reward_function"
    ]
    if methods:
        near += f" The one at line {methods[0]} is a method; add reward_function = Class().method."
    raise BadReward(f"{path}:1: has no reward_function.{near} {_ADVICE}")


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements that run at import, those inside if, try and with included."""
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                found += _top_level(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            found += _top_level(handler.body)
    return found


def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name) for alias in node.names}
    return set()


def _check_signature(node: ast.FunctionDef | ast.AsyncFunctionDef, path: str) -> None:
    where = f"{path}:{node.lineno}"
    if isinstance(node, ast.AsyncFunctionDef):
        raise BadReward(f"{where}: reward_function is async; write def reward_function(params).")
    arguments = node.args
    positional = arguments.posonlyargs + arguments.args
    required = len(positional) - len(arguments.defaults)
    defaults = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    keywords = [argument for argument, default in defaults if default is None]
    if required >= 10:
        raise BadReward(
            f"{where}: has the signature of 2018 with {required} arguments. "
            "Write def reward_function(params) and read params['speed'] and so on."
        )
    if required > 1 or keywords:
        raise BadReward(f"{where}: reward_function must take one argument, params.")
    if not positional and not arguments.vararg:
        raise BadReward(f"{where}: reward_function takes no argument; it is called with params.")
