# SPDX-License-Identifier: MIT
"""Drops what nothing in the program asks for: constants become their numbers, then functions, classes, methods and constants
whose name stands nowhere else go, again and again until all that is left is used.

By name alone: a method goes only if no attribute, string or keyword of the whole program is spelled like it.
"""

import ast
import builtins

from host_tools import inline
from host_tools.linker import scopes

# Called by MicroPython itself, or by a part of it that got the object: streams, block devices, files.
_CALLED = {
    "ioctl",
    "readblocks",
    "writeblocks",
    "readinto",
    "readline",
    "read",
    "write",
    "close",
    "seek",
    "tell",
    "flush",
    "stat",
    "open",
}
_PURE = (ast.Constant, ast.Name, ast.Tuple, ast.List, ast.UnaryOp, ast.BinOp, ast.Load, ast.operator, ast.unaryop)


def literal(number, like):
    """An expression that is an int."""
    node = ast.Constant(abs(number))
    if number < 0:
        node = ast.UnaryOp(ast.USub(), node)
    return ast.fix_missing_locations(ast.copy_location(node, like))


class _Numbers(scopes.Scoped):
    """Puts numbers in place of names."""

    def __init__(self, numbers):
        super().__init__()
        self.numbers = numbers

    def use(self, node):
        if isinstance(node.ctx, ast.Load) and node.id in self.numbers:
            return literal(self.numbers[node.id], node)
        return node


def _target(node):
    """Name that a statement gives a value to, if that is all it does; else None."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _times_bound(trees):
    """{name: statements in the outermost scopes of all modules that bind it, imports of it apart}"""
    found = {}
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                continue
            for name in scopes.bound_in([node]):
                found[name] = found.get(name, 0) + 1
    return found


def numbers(trees, kept):
    """Writes out every name of a module that is an int and stays one. trees: list of ast.Module, names unique among them; kept:
    names that others ask for.
    """
    bound = _times_bound(trees)
    known = {}
    before = -1
    while len(known) != before:
        before = len(known)
        for tree in trees:
            for node in tree.body:
                name = _target(node)
                if name is None or name in kept or bound[name] != 1:
                    continue
                value = node.value
                if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "const":
                    value = value.args[0]
                number = inline.number(value, known)
                if number is not None:
                    known[name] = number
    for tree in trees:
        tree.body = [node for node in tree.body if _target(node) not in known]
        _Numbers(known).visit(tree)


class _Uses(ast.NodeVisitor):
    """names: of anything that is looked up, by name, attribute, keyword, import or string."""

    def __init__(self):
        self.names = set()

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Store):
            self.names.add(node.id)

    def visit_Attribute(self, node):
        self.names.add(node.attr)
        self.visit(node.value)

    def visit_keyword(self, node):
        self.names.add(node.arg)
        self.visit(node.value)

    def visit_ImportFrom(self, node):
        self.names.update(alias.name for alias in node.names)

    def visit_Constant(self, node):
        self.names |= scopes.words(node.value)


def _uses(node):
    visitor = _Uses()
    visitor.visit(node)
    return visitor.names


def _special(name):
    return name.startswith("__") or name in _CALLED


def _defined(node):
    """Name that a statement of a module or class defines without doing anything else, None: it does more."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        if isinstance(node, ast.ClassDef) and not all(_defined(inner) or _idle(inner) for inner in node.body):
            return None
        return node.name
    name = _target(node)
    if name is not None and all(isinstance(inner, _PURE) for inner in ast.walk(node.value)):
        return name
    return None


def _all_defined(tree):
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _idle(node):
    return isinstance(node, ast.Pass)


def unused(trees, outside, kept):
    """Removes what is not used. outside: syntax trees that the program does not change; kept: as for `numbers`."""
    fixed = set(kept)
    for tree in outside:
        fixed |= _uses(tree)
    strings = set().union(*map(scopes.strings, [*trees, *outside]))
    for tree in trees:
        fixed |= {name for name in _all_defined(tree) if scopes.spelled(name, strings)}
    known = {}
    while _once(trees, fixed, known):
        pass
    _imports(trees)


class _Count:
    """How many definitions of the program use a name. What a definition says of itself is no use."""

    def __init__(self, trees, known):
        """known: {id of a node: (node, its uses)}, filled here."""
        self._count = {}
        self._own = known
        self._bound = set(dir(builtins)).union(*[scopes.bound_in(tree.body) for tree in trees])
        for tree in trees:
            for node in tree.body:
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    continue  # that alone uses nothing
                parts = [node]
                if isinstance(node, ast.ClassDef):
                    parts = [*node.bases, *node.decorator_list, *node.body]
                for part in parts:
                    if id(part) not in known:
                        known[id(part)] = (part, _uses(part))  # the node too: an id is one only as long as it lives
                    self._add(known[id(part)][1])

    def _add(self, names):
        for name in names:
            self._count[name] = self._count.get(name, 0) + 1

    def needless(self, node, fixed):
        """True when nothing but the definition itself uses what it defines."""
        name = _defined(node)
        if name is None or _special(name) or name in fixed:
            return False
        if isinstance(node, ast.Assign):
            if any(isinstance(part, ast.Name) and part.id not in self._bound for part in ast.walk(node.value)):
                return False  # it could fail
        parts = node.body if isinstance(node, ast.ClassDef) else [node]
        return self._count.get(name, 0) <= sum(name in self._own[id(part)][1] for part in parts)


def _once(trees, fixed, known):
    """One sweep. returns: True when something went"""
    count = _Count(trees, known)
    gone = False
    for tree in trees:
        left = [node for node in tree.body if not count.needless(node, fixed)]
        gone |= len(left) < len(tree.body)
        tree.body = left
        for node in left:
            if isinstance(node, ast.ClassDef):
                inner = [part for part in node.body if not count.needless(part, fixed)]
                gone |= len(inner) < len(node.body)
                node.body = inner or [ast.Pass()]
    return gone


def _imports(trees):
    """Imports of names that a module does not use go."""
    for tree in trees:
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        body = []
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                node.names = [alias for alias in node.names if (alias.asname or alias.name) in used]
                if not node.names:
                    continue
            body.append(node)
        tree.body = body
