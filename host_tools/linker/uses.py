# SPDX-License-Identifier: MIT
"""Where the names of a linked program are used, and which calls are the first thing that their statement does."""

import ast

from host_tools.linker import scopes
from host_tools.linker.classes import Classes


class Site:
    """A call that leads its statement. body: the list of statements that this is in; caller: the function around them."""

    def __init__(self, body, statement, caller):
        self.body = body
        self.statement = statement
        self.caller = caller


class Call:
    """node: ast.Call; owner: the class that it is in, or None; on_self: of a method of that very object; tree: its module."""

    def __init__(self, node, owner, on_self, tree):
        self.node = node
        self.owner = owner
        self.on_self = on_self
        self.tree = tree


def _still(node):
    """What is the same before a call and after it: constants, local names, names of the module."""
    return isinstance(node, (ast.Constant, ast.Name))


def _operands(node):
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Compare):
        return [node.left, node.comparators[0]]
    if isinstance(node, ast.Subscript):
        return [node.value, node.slice]
    if isinstance(node, ast.BoolOp):
        return [node.values[0]]
    for field in ("elts", "test", "operand", "value"):
        part = getattr(node, field, None)
        if part is not None:
            return part if isinstance(part, list) else [part]
    return []


def leading(node, stable):
    """The calls of an expression that nothing else comes before, from the outermost on: it evaluates its own parts anyway.

    stable: names of methods that no object has otherwise: looking one up early is no different.
    """
    found = []
    parts = []
    if isinstance(node, ast.Call):
        found.append(node)
        if isinstance(node.func, ast.Attribute):
            parts.append(node.func.value)
            if _still(node.func.value) and node.func.attr not in stable:
                return found
        parts += [*node.args, *[key.value for key in node.keywords]]
    elif isinstance(
        node,
        (ast.BinOp, ast.Compare, ast.Subscript, ast.BoolOp, ast.Tuple, ast.List, ast.IfExp, ast.UnaryOp, ast.Attribute),
    ):
        parts = _operands(node)
    for part in parts:
        if not _still(part):
            return found + leading(part, stable)
    return found


def field(statement):
    """Name of the field with the expression that a statement evaluates first and once, "": there is none."""
    if isinstance(statement, (ast.Expr, ast.Assign, ast.Return)):
        return "value"
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return "value"
    return {ast.If: "test", ast.For: "iter"}.get(type(statement), "")


class Program:
    """names, attributes: {name: how often it is used}; defined: {name: [(tree, class or None, function)]}; calls: {(is it an
    attribute, name): [Call]}; sites: {id of an ast.Call: Site}.
    """

    def __init__(self, trees):
        self.classes = Classes(trees)
        self.names = {}
        self.attributes = {}
        self.defined = {}
        self.calls = {}
        self.sites = {}
        stored = set()
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Name):
                    _add(self.names, node.id)
                elif isinstance(node, ast.alias):
                    _add(self.names, node.name)
                elif isinstance(node, ast.Attribute):
                    _add(self.attributes, node.attr)
                    if not isinstance(node.ctx, ast.Load):
                        stored.add(node.attr)
            for owner, function in _functions(tree):
                self.defined.setdefault(function.name, []).append((tree, owner, function))
        for name in self.classes.loose_attributes:
            _add(self.attributes, name)
        self.stable = {name for name in self.defined if name not in stored}
        for tree in trees:
            for owner, function in _functions(tree):
                self._calls(tree, owner, function)
                self._sites(function.body, function)

    def _calls(self, tree, owner, function):
        arguments = scopes.arguments(function)
        plain = all(
            isinstance(decorator, ast.Name) and decorator.id == "property" for decorator in function.decorator_list
        )
        myself = arguments[0].arg if owner is not None and arguments and plain else None
        if myself in scopes.bound_in(function.body):
            myself = None
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                self.calls.setdefault((False, node.func.id), []).append(Call(node, owner, False, tree))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                on_self = isinstance(node.func.value, ast.Name) and node.func.value.id == myself
                self.calls.setdefault((True, node.func.attr), []).append(Call(node, owner, on_self, tree))

    def _sites(self, body, caller):
        for statement in body:
            name = field(statement)
            expression = getattr(statement, name) if name else None
            for call in leading(expression, self.stable):
                self.sites[id(call)] = Site(body, statement, caller)
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                continue
            for part in ("body", "orelse", "finalbody"):
                self._sites(getattr(statement, part, []), caller)
            for handler in getattr(statement, "handlers", ()):
                self._sites(handler.body, caller)


def _add(counts, name):
    counts[name] = counts.get(name, 0) + 1


def _functions(tree):
    """(class or None, function) of a module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield None, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield node, inner
