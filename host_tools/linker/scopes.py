# SPDX-License-Identifier: MIT
"""Which names of a syntax tree mean the module's own: Python's rules of scope, as far as MicroPython has them."""

import ast
import re

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def words(value):
    """Every name that code could take out of a constant: the words of a str or bytes, and the whole of it."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return {value, *re.findall(r"[A-Za-z_]\w*", value)} if isinstance(value, str) else set()


def strings(tree):
    """Every name that stands in a string of a tree."""
    return set().union(*[words(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)])


def spelled(name, strings):
    """True when getattr() could be asked for the name by a string, or by two put together."""
    return name in strings or any(name[:at] in strings and name[at:] in strings for at in range(1, len(name)))


def identifiers(tree):
    """Everything in a tree that could be a name, strings included."""
    found = set()
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found.add(value)
        if isinstance(node, ast.Constant):
            found |= words(node.value)
    return found


def arguments(function):
    """The ast.arg nodes of a function, in order."""
    a = function.args
    found = [*a.posonlyargs, *a.args]
    found += [a.vararg] if a.vararg else []
    found += a.kwonlyargs
    return found + ([a.kwarg] if a.kwarg else [])


def bound_in(statements):
    """Names that statements bind in the scope they stand in; scopes within them are left out, and so are `:=`."""
    found = set()
    declared = set()
    todo = list(statements)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.expr):
            if isinstance(node, ast.Name):
                if not isinstance(node.ctx, ast.Load):
                    found.add(node.id)
            elif isinstance(node, (ast.Tuple, ast.List, ast.Starred)) and not isinstance(node.ctx, ast.Load):
                todo += node.elts if not isinstance(node, ast.Starred) else [node.value]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            declared.update(node.names)
        else:
            if isinstance(node, ast.ExceptHandler) and node.name:
                found.add(node.name)
            todo.extend(ast.iter_child_nodes(node))
    return found - declared


def own_names(scope):
    """Names that live in a function, a lambda or a comprehension itself."""
    if isinstance(scope, COMPREHENSIONS):
        return bound_in([generator.target for generator in scope.generators])
    found = {argument.arg for argument in arguments(scope)}
    return found | (set() if isinstance(scope, ast.Lambda) else bound_in(scope.body))


class Scoped(ast.NodeTransformer):
    """A transformer that knows its scopes. Subclasses ask `own(name)`, and override `use` for names that mean the module's."""

    def __init__(self):
        self.scopes = []  # (names, is it a class), innermost last
        self.function = None  # the outermost function that we are in

    def own(self, name):
        """True when `name` means the module's (or a built-in) where we are."""
        for depth, (names, is_class) in enumerate(reversed(self.scopes)):
            if name in names and (depth == 0 or not is_class):
                return False
        return True

    def use(self, node):
        """node: ast.Name that means the module's. returns: what takes its place"""
        return node

    def attribute(self, node):
        """True for an ast.Name that is an attribute of the class whose body we are in."""
        if not self.scopes or not self.scopes[-1][1]:
            return False
        return not isinstance(node.ctx, ast.Load) or not self.own(node.id)

    def visit_Name(self, node):
        return self.use(node) if self.own(node.id) and not self.attribute(node) else node

    def _list(self, nodes):
        found = []
        for node in nodes:
            new = self.visit(node)
            if isinstance(new, list):
                found += new
            elif new is not None:
                found.append(new)
        return found

    def _inside(self, names, is_class, act):
        self.scopes.append((names, is_class))
        act()
        self.scopes.pop()

    def visit_FunctionDef(self, node):
        node.decorator_list = self._list(node.decorator_list)
        self._signature(node.args)
        if node.returns is not None:
            node.returns = self.visit(node.returns)
        outermost = self.function is None
        if outermost:
            self.function = node

        def body():
            node.body = self._list(node.body)

        self._inside(own_names(node), False, body)
        if outermost:
            self.function = None
        return node

    def _signature(self, args):
        args.defaults = self._list(args.defaults)
        args.kw_defaults = [self.visit(value) if value is not None else None for value in args.kw_defaults]

    def visit_Lambda(self, node):
        self._signature(node.args)

        def body():
            node.body = self.visit(node.body)

        self._inside(own_names(node), False, body)
        return node

    def visit_ClassDef(self, node):
        node.decorator_list = self._list(node.decorator_list)
        node.bases = self._list(node.bases)
        node.keywords = self._list(node.keywords)

        names = set()  # what the body has bound so far: before that, a name means the module's

        def body():
            found = []
            for statement in node.body:
                bound = bound_in([statement])
                found += self._list([statement])
                names.update(bound)
            node.body = found

        self._inside(names, True, body)
        return node

    def _comprehension(self, node):
        first = node.generators[0]
        first.iter = self.visit(first.iter)

        def inside():
            for at, generator in enumerate(node.generators):
                if at:
                    generator.iter = self.visit(generator.iter)
                generator.ifs = self._list(generator.ifs)
            for field in ("elt", "key", "value"):
                if hasattr(node, field):
                    setattr(node, field, self.visit(getattr(node, field)))

        self._inside(own_names(node), False, inside)
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension
