# SPDX-License-Identifier: MIT
"""The rules of the house that a syntax tree shows (docs/architecture.md, "Rules a test holds"). test_house.py applies
them.

Each rule takes a tree and yields (line number, what is wrong).

    python -m tests_host.house   # every file of firmware/ and boards/: the rules and the cross compilers
"""

import ast
import concurrent.futures
import functools
import os
import pathlib
import subprocess
import sys

from host_tools.bench import runtimes

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = sorted(path.relative_to(ROOT) for folder in ("firmware", "boards") for path in (ROOT / folder).rglob("*.py"))
ARCHITECTURES = ("xtensawin", "armv7emsp")  # ESP32 and ESP32-S3; STM32H7 (single-precision FPU instructions)

_BOARD = {"machine", "board", "boards"}
APP_FORBIDDEN = _BOARD | {"time", "utime", "os", "uos", "asyncio", "uasyncio", "socket", "network", "drivers"}
DRIVERS_FORBIDDEN = _BOARD | {"app"}

# What builds an object that cannot be changed. `const` is the compiler's.
_FROZEN_CALLS = {
    "const",
    "bytes",
    "tuple",
    "frozenset",
    "int",
    "str",
    "bool",
    "len",
    "min",
    "max",
    "abs",
    "ord",
    "range",
}
_FROZEN_METHODS = {"struct.calcsize", "calcsize", "namedtuple"}
_BOXES = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)


def floats(tree):
    """Float literals, true division and float()."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            yield node.lineno, f"float literal {node.value!r}"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            yield node.lineno, "true division"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "complex"):
            yield node.lineno, f"call of {node.func.id}()"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and _may_be_negative(node.right):
            yield node.lineno, "power that may be a fraction"


def _may_be_negative(node):
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def printing(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("print", "input", "open"):
            yield node.lineno, f"use of {node.id}"


def imports(tree, forbidden):
    """Imports of a module in `forbidden` or below one, wherever they stand."""
    for node in ast.walk(tree):
        names = ()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
            names = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)] or ["a computed name"]
            forbidden = forbidden | {"a computed name"}
        for name in names:
            if name.split(".")[0] in forbidden:
                yield node.lineno, f"import of {name}"


def mutable_state(tree):
    """Objects at module or class level, or in a default argument, that could carry something over a reset; `global`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, "global statement"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)):
                yield from _not_frozen(default, "default argument")
    yield from _body_state(tree.body)


def _body_state(body):
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _body_state(node.body)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if not isinstance(target, (ast.Name, ast.Tuple)):
                    yield node.lineno, "write into another object while importing"
            if node.value is not None and not _is_slots(node):
                yield from _not_frozen(node.value, "state")
        elif isinstance(node, ast.AugAssign):
            yield node.lineno, "name changed after it was set"
        elif isinstance(node, (ast.For, ast.While, ast.With, ast.Delete)):
            yield node.lineno, f"{type(node).__name__.lower()} statement while importing"
        elif isinstance(node, ast.If):
            yield from _body_state(node.body)
            yield from _body_state(node.orelse)
        elif isinstance(node, ast.Try):
            for part in (node.body, node.orelse, node.finalbody, *(h.body for h in node.handlers)):
                yield from _body_state(part)
        elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            yield node.lineno, "action while importing"


def _is_slots(node):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [getattr(target, "id", "") for target in targets]
    return names == ["__slots__"] and isinstance(node.value, (ast.Tuple, ast.Constant))


def _not_frozen(value, what):
    """The parts of the expression `value` that make something mutable, or of which that is not known."""
    if isinstance(value, _BOXES):
        # A display: whatever is in it does not matter any more. A lambda is a function, but one that closes over
        # nothing has no reason to stand here.
        yield value.lineno, f"mutable {what}: {type(value).__name__.lower()}"
        return
    if isinstance(value, ast.Call):
        name = ast.unparse(value.func)
        frozen = name in _FROZEN_CALLS or name in _FROZEN_METHODS or name.endswith(".to_bytes")
        if not frozen:
            yield value.lineno, f"mutable {what}: call of {name}()"
            return
        # What a frozen constructor reads (a list, a generator) is gone when it returns, unless it is kept as an
        # element.
        if name == "tuple":
            for argument in value.args:
                element = getattr(argument, "elt", None)
                for part in [element] if element is not None else getattr(argument, "elts", []):
                    yield from _not_frozen(part, what)
        return
    for child in ast.iter_child_nodes(value):
        yield from _not_frozen(child, what)


def rules_for(path):
    """path: relative to the project. returns: list of functions(tree)."""
    # main.py is the script that a reset runs anew: whatever it holds, it holds for one life of the board.
    rules = [] if path.name == "main.py" else [mutable_state]
    if path.is_relative_to("firmware/app"):
        rules += [floats, printing, functools.partial(imports, forbidden=APP_FORBIDDEN)]
    elif path.is_relative_to("firmware/drivers"):
        rules += [functools.partial(imports, forbidden=DRIVERS_FORBIDDEN)]
    elif path == pathlib.Path("firmware/compose.py"):
        rules += [functools.partial(imports, forbidden={"machine"})]
    return rules


def findings(path, source):
    """Every breach of a rule in `source`, one line each."""
    tree = ast.parse(source, str(path), feature_version=(3, 8))
    return [f"{path}:{line}: {what}" for rule in rules_for(path) for line, what in rule(tree)]


def cross_compile(path, architecture, cwd=ROOT):
    """returns: what mpy-cross complained of, "" when the file is good."""
    command = [runtimes.mpy_cross(), f"-march={architecture}", str(path), "-o", os.devnull]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return ""
    return f"{path} for {architecture}:\n{result.stdout}{result.stderr}"


def cross_complaints():
    """What the cross compilers of all boards say of all files: list of str, empty when they pass."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(cross_compile, path, architecture) for path in FILES for architecture in ARCHITECTURES]
        return [job.result() for job in jobs if job.result()]


def main():
    complaints = [line for path in FILES for line in findings(path, (ROOT / path).read_text())] + cross_complaints()
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print(f"house: {len(FILES)} files, {len(complaints)} complaints, {', '.join(ARCHITECTURES)}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
