# SPDX-License-Identifier: MIT
"""Which attributes the classes of a program have: what their bodies and their methods define, by family of bases and heirs."""

import ast
import builtins

from host_tools.linker import scopes


class Classes(ast.NodeVisitor):
    """defined: {class: its attributes}; open: attributes that are set from outside of their class; fixed: classes that we do
    not know all of; loose: names of the module that a class body looks up as it is run; loose_attributes: those of the class.
    """

    def __init__(self, trees):
        self.parent = {}
        self.defined = {}
        self.open = set()
        self.fixed = set()
        self.loose = set()
        self.loose_attributes = []
        self.exceptions = set()
        self._class = None
        self._self = None
        known = {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}
        for tree in trees:
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    self._bases(node, known)
            self.visit(tree)

    def _bases(self, node, known):
        self.parent.setdefault(node.name, node.name)
        for base in node.bases:
            name = base.id if isinstance(base, ast.Name) else ""
            if name in known:
                self.parent[self.root(node.name)] = self.root(name)
            elif name in dir(builtins):
                self.exceptions.add(node.name)
            else:
                self.fixed.add(node.name)  # a class that something else is the base of

    def root(self, name):
        self.parent.setdefault(name, name)
        while self.parent[name] != name:
            name = self.parent[name]
        return name

    def visit_ClassDef(self, node):
        if self._class is not None or self._self is not None:
            raise ValueError(f"class {node.name} within another")
        self._class = node.name
        names = self.defined.setdefault(node.name, set())
        names |= scopes.bound_in(node.body)
        seen = set()  # bound by now: before that, a name means the module's
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                self._method(statement)
                around = [
                    *statement.decorator_list,
                    *statement.args.defaults,
                    *filter(None, statement.args.kw_defaults),
                ]
            else:
                self.visit(statement)
                around = [statement]
            for part in around:
                looked_up = [inner.id for inner in ast.walk(part) if isinstance(inner, ast.Name)]
                self.loose.update(name for name in looked_up if name not in seen)
                self.loose_attributes += [name for name in looked_up if name in seen]
            seen |= scopes.bound_in([statement])
        self._class = None

    def _method(self, node):
        static = any(
            isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in node.decorator_list
        )
        arguments = scopes.arguments(node)
        first = arguments[0].arg if arguments and not static else None
        if first in scopes.bound_in(node.body):
            first = None  # it becomes something else
        self._self = first
        for statement in node.body:
            self.visit(statement)
        self._self = None

    def visit_Attribute(self, node):
        if not isinstance(node.ctx, ast.Load):
            if self._class is not None and isinstance(node.value, ast.Name) and node.value.id == self._self:
                self.defined[self._class].add(node.attr)
            else:
                self.open.add(node.attr)
        self.visit(node.value)

    def families(self):
        found = {}
        for name, attributes in self.defined.items():
            for attribute in attributes:
                found.setdefault(attribute, set()).add(self.root(name))
        return found
