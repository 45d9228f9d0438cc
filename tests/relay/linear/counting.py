"""Modules that count what they do: each is compiled with a count at every place that works through data.

Counted are the rounds of loops, and how much of a list, tuple, dict or text each operation goes through that
the interpreter does in one step: a search (``in``, ``index``, ``count``), a join, a slice, an unpacking, an
addition, an insertion, a comparison, and any other call of a function that is written in C. What takes the
same time whatever the length (``len``, ``append``, ``get`` …) counts as one.
"""

import ast
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, FunctionType, ModuleType
from typing import Any

_SIZED = (str, bytes, bytearray, list, tuple, dict, set, frozenset, deque)
_TEXTS = (str, bytes, bytearray)
_SCANNED = (str, bytes, list, tuple, deque)
_QUICK = frozenset(
    {
        "len", "append", "get", "setdefault", "popleft", "appendleft", "id", "getattr", "setattr", "hasattr",
        "iter", "next", "range", "enumerate", "zip", "reversed", "bool", "type", "isinstance", "issubclass",
        "hash", "add", "discard", "items", "keys", "values", "clear", "move_to_end", "popitem", "startswith",
        "endswith", "callable", "partial", "super", "__init__", "repr", "bisect_left", "bisect_right",
    }
)  # fmt: skip
"""By name: what takes the same time however long its arguments are."""

_FROM = frozenset({"find", "rfind", "index", "rindex", "search", "match", "fullmatch"})


class Meter:
    """The operations so far; ``steps`` are those of them that go through no text, for its length varies."""

    __slots__ = ("operations", "steps")

    def __init__(self) -> None:
        self.operations = self.steps = 0


METER = Meter()
"""Of this process."""


def add(number: int, *, is_text: bool = False) -> None:
    """So many more."""
    METER.operations += number
    if not is_text:
        METER.steps += number


def each(items: Iterable[Any]) -> Iterator[Any]:
    """``items``, counted as they come."""
    meter = METER
    for item in items:
        meter.operations += 1
        meter.steps += 1
        yield item


def sized(value: Any) -> Any:
    """A value that is gone through as a whole."""
    add(len(value) if isinstance(value, _SIZED) else 1, is_text=isinstance(value, _TEXTS))
    return value


def shifted(container: Any) -> None:
    """Something is taken out of the middle: what stands behind it moves up."""
    add(len(container) if isinstance(container, list | deque | bytearray) else 1)


def searched(item: Any, container: Any) -> Any:
    """What ``in`` looks into: hashed containers take one step."""
    add(len(container) if isinstance(container, _SCANNED) else 1, is_text=isinstance(container, _TEXTS))
    return item in container


def compared(one: Any, other: Any) -> None:
    """Two values of the same length are compared as a whole."""
    if isinstance(one, _SIZED) and type(one) is type(other) and len(one) == len(other):
        add(len(one), is_text=isinstance(one, _TEXTS))


def equal(one: Any, other: Any) -> Any:
    """``one == other``."""
    compared(one, other)
    return one == other


def unequal(one: Any, other: Any) -> Any:
    """``one != other``."""
    compared(one, other)
    return one != other


def extended(target: Any, more: Any) -> Any:
    """``target += more``: a list grows by what is added, anything else is made anew."""
    grows = isinstance(target, list | deque | bytearray | Counter)
    target += more
    if isinstance(target, _SIZED):
        added = (len(more) if hasattr(more, "__len__") else 1) if grows else len(target)
        add(added, is_text=isinstance(target, _TEXTS))
    return target


def called(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """A call: of a function in C, what it is given and gives counts."""
    METER.operations += 1
    METER.steps += 1
    if type(function) is FunctionType:
        return function(*args, **kwargs)
    name = getattr(function, "__name__", "")
    if name in _QUICK:
        return function(*args, **kwargs)
    own = getattr(function, "__self__", None)
    if isinstance(function, type):
        is_plain = function not in (*_SIZED, Counter)
    else:
        is_plain = hasattr(function, "__code__") or hasattr(getattr(function, "__func__", None), "__code__")
    if is_plain or (name == "pop" and _is_cheap_pop(own, args)):
        return function(*args, **kwargs)
    if name in _FROM and len(args) > 1 and type(args[1]) is int:
        return _found(function, name, own, args)
    held = own if isinstance(own, _SIZED) and name not in ("extend", "update") else None
    for value in (held, *args):
        if isinstance(value, _SIZED):
            add(len(value), is_text=isinstance(value, _TEXTS))
    made = function(*args, **kwargs)
    if isinstance(made, str | bytes):
        add(len(made), is_text=True)
    return made


def _found(function: Any, name: str, own: Any, args: Sequence[Any]) -> Any:
    """A search from a place on goes through what is between there and what it finds."""
    made = function(*args)
    begin = args[1]
    end = len(own if isinstance(own, _SIZED) else args[0])
    if len(args) > 2 and type(args[2]) is int:
        end = min(end, args[2])
    at = made if isinstance(made, int) else made.end() if made is not None else -1
    through = (end - at if name.startswith("r") else at - begin) if at >= 0 else end - begin
    add(max(0, through), is_text=not isinstance(own, list | tuple | deque))
    return made


def _is_cheap_pop(own: Any, args: Sequence[Any]) -> bool:
    return not isinstance(own, list) or not args or args[0] == -1


NAMES = {
    f"__count_{function.__name__}__": function
    for function in (each, sized, shifted, searched, equal, unequal, extended, called)
}


class _Counted(ast.NodeTransformer):
    """Puts the counts in."""

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call("each", node.iter)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        tick: ast.stmt = ast.Expr(_call("sized", ast.Constant(None)))
        node.body.insert(0, tick)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call("each", node.iter)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        left, right = node.left, node.comparators[0]
        match node.ops[0]:
            case ast.In():
                return _call("searched", left, right)
            case ast.NotIn():
                return ast.UnaryOp(ast.Not(), _call("searched", left, right))
            case ast.Eq():
                return _call("equal", left, right)
            case ast.NotEq():
                return _call("unequal", left, right)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _call("sized", node) if isinstance(node.op, ast.Add | ast.Mult | ast.BitOr) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        return _call("sized", node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)  # its own format is no text of its own
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = _call("each", node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        node.values = [
            _call("sized", value) if key is None else value
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        is_slice = isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Load)
        return _call("sized", node) if is_slice else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                node.value = _call("sized", node.value)
                return [node, ast.Expr(_call("sized", _loaded(target.value)))]
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.AST:
        self.generic_visit(node)
        counts = [
            ast.Expr(_call("shifted", _loaded(target.value)))
            for target in node.targets
            if isinstance(target, ast.Subscript)
            and not (isinstance(target.slice, ast.UnaryOp) or _is_key(target))
        ]
        return [*counts, node]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Add):
            return node
        return ast.Assign([node.target], _call("extended", _loaded(node.target), node.value))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("super", "isinstance", "len", "locals"):
            return node
        return ast.Call(ast.Name("__count_called__", ast.Load()), [node.func, *node.args], node.keywords)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)  # the annotation is nobody's work
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(statement) for statement in node.body]
        node.body = [one for item in node.body for one in (item if isinstance(item, list) else [item])]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        methods = (ast.FunctionDef, ast.AsyncFunctionDef)
        node.body = [self.visit(one) if isinstance(one, methods) else one for one in node.body]
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        node.subject = self.visit(node.subject)
        for case in node.cases:  # patterns hold no calls
            case.guard = self.visit(case.guard) if case.guard is not None else None
            visited = [self.visit(statement) for statement in case.body]
            case.body = [one for item in visited for one in (item if isinstance(item, list) else [item])]
        return node


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(f"__count_{name}__", ast.Load()), [*arguments], [])


def _loaded(node: ast.expr) -> ast.expr:
    """The same place, to be read."""
    return ast.parse(ast.unparse(node), mode="eval").body


def _is_key(target: ast.Subscript) -> bool:
    return isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str)


class _CountingLoader(SourceFileLoader):
    """Compiles with the counts in; no cached bytecode is read or written."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = _Counted().visit(ast.parse(self.get_data(path), path))
        return compile(ast.fix_missing_locations(tree), path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(NAMES)
        super().exec_module(module)


class Counting(MetaPathFinder):
    """Finds the modules of these packages, to be counted; other modules are loaded as ever."""

    def __init__(self, *packages: str) -> None:
        """``packages`` by their dotted names."""
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec with our loader."""
        if not any(fullname == name or fullname.startswith(f"{name}.") for name in self._packages):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        spec.loader = _CountingLoader(spec.loader.name, spec.loader.path)
        return spec


def count(*packages: str) -> None:
    """From now on, modules of ``packages`` count; none of them may be loaded already."""
    loaded = [name for name in sys.modules if name.startswith(packages)]
    if loaded:
        raise RuntimeError(f"loaded before they could be counted: {loaded[:5]}")
    sys.meta_path.insert(0, Counting(*packages))
