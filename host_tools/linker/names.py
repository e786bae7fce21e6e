# SPDX-License-Identifier: MIT
"""Gives many things one name: each name that MicroPython has not in its own ROM is an entry in a pool that grows by doubling,
and it does not matter how many objects use it.

Arguments that nobody passes by keyword are p0, p1, ... everywhere. Two attributes share a name if no class, its bases and heirs
included, has both. Names of a module are taken from what there is. What is not sure is left alone: names that also stand in a
string, in a module that is not linked, or on an object from outside.
"""

import ast
import builtins
import io
import keyword
from array import array

from host_tools.linker import merge, scopes
from host_tools.linker.classes import Classes
from host_tools.linker.free_names import FREE, HARDWARE

_BUILTINS = {"const", "micropython", *dir(builtins)}
# What the objects of the language have: an attribute spelled like one of these may be theirs.
_TYPES = (
    list,
    dict,
    str,
    bytes,
    bytearray,
    set,
    tuple,
    int,
    memoryview,
    array,
    io.BytesIO,
    OSError,
    type(_ for _ in ()),
    range,
    slice,
)
_OF_THE_LANGUAGE = {*FREE, *HARDWARE}.union(*map(dir, _TYPES))
_OF_EXCEPTIONS = {
    "args",
    "errno",
    "value",
    "strerror",
    "message",
    "characters_written",
    "traceback",
    "add_note",
    "with_traceback",
}


def _spellings(tree):
    """Names in a tree that MicroPython holds when the module is loaded."""
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
    return found | {
        node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.alias))
    }


def _strings(trees):
    return set().union(*map(scopes.strings, trees))


def _keywords(trees):
    """Names that some call gives an argument by; None among them: by a dict."""
    return {node.arg for tree in trees for node in ast.walk(tree) if isinstance(node, ast.keyword)}


class _Rename(scopes.Scoped):
    """Names of one function, where they mean what they mean there."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    def use(self, node):
        node.id = self.names.get(node.id, node.id)
        return node


class _Arguments(ast.NodeVisitor):
    """Renames the arguments of functions that are in no other function."""

    def __init__(self, keywords, prefix):
        self.keywords = keywords
        self.prefix = prefix
        self.in_class = False

    def visit_ClassDef(self, node):
        self.in_class = True
        self.generic_visit(node)
        self.in_class = False

    def visit_FunctionDef(self, node):
        static = any(
            isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in node.decorator_list
        )
        first = 1 if self.in_class and not static else 0
        names = {}
        for at, argument in enumerate(scopes.arguments(node)):
            if at >= first and argument.arg not in self.keywords:
                names[argument.arg] = f"{self.prefix}{at}"
                argument.arg = names[argument.arg]
        rename = _Rename(names)
        node.body = [rename.visit(statement) for statement in node.body]


def _is_plain(name):
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")


class _Pool:
    """Names to choose from: those that cost nothing first."""

    def __init__(self, known, barred):
        self.names = [name for name in [*FREE, *sorted(known)] if name not in barred and _is_plain(name)]
        self._barred = barred
        self._made = 0

    def choose(self, *taken):
        """The first name that is in none of the sets."""
        at = 0
        while True:
            if at == len(self.names):
                self.names.append(self._fresh())
            name = self.names[at]
            if not any(name in names for names in taken):
                return name
            at += 1

    def _fresh(self):
        while True:
            self._made += 1
            name = f"n{self._made}"
            if name not in self._barred:
                return name


def settled(trees, outside):
    """Names that must stay what they are, or may be used in ways that cannot be seen."""
    return _strings(trees) | _OF_THE_LANGUAGE | set().union(*map(scopes.identifiers, outside))


def attributes(trees, outside, everything):
    """{attribute: the name that it gets}. everything: identifiers that stay in the program in any case."""
    known = Classes(trees)
    strings = _strings([*trees, *outside])
    beyond = set().union(*map(scopes.identifiers, outside)) | _OF_THE_LANGUAGE
    families = known.families()
    unknown = {known.root(name) for name in known.fixed}
    raised = {known.root(name) for name in known.exceptions}

    def settled(name):
        return (
            name.startswith("__") or name in beyond or bool(families[name] & unknown) or scopes.spelled(name, strings)
        )

    fixed = {name for name in families if settled(name)}
    taken = {}  # family: names that it has
    for name in fixed:
        for family in families[name]:
            taken.setdefault(family, set()).add(name)
    for family in raised:
        taken.setdefault(family, set()).update(_OF_EXCEPTIONS)
    barred = strings | known.open | _BUILTINS
    pool = _Pool(fixed | everything, barred)
    mine = sorted(set(families) - fixed, key=lambda name: (name not in known.open, -len(families[name]), name))
    found = {}
    alone = set()  # names of open attributes: nobody shares them
    for name in mine:
        if name in known.open:
            found[name] = pool.choose(alone, *taken.values())
            alone.add(found[name])
        else:
            found[name] = pool.choose(alone, *[taken.get(family, ()) for family in families[name]])
        for family in families[name]:
            taken.setdefault(family, set()).add(found[name])
    return found, known


def _module_names(tree):
    """{names of the linked program that a module has: defined or imported from another}"""
    found = set()
    for node in tree.body:
        found |= scopes.bound_in([node])
    return found


def globals_(trees, kept, everything, loose):
    """{name of a module: the name that it gets}. trees: {module: tree}; loose: names that keep away from attributes'."""
    local = merge.all_locals(trees.values())
    heads = {name.rpartition(".")[2] for name in trees}
    where = {}
    outside = set(kept) | {"const"}
    for module, tree in trees.items():
        for name in _module_names(tree):
            where.setdefault(name, set()).add(module)
        for node in tree.body:
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module not in trees):
                outside |= {alias.asname or alias.name for alias in node.names}
    taken = {module: {name for name in outside if module in where.get(name, ())} for module in trees}
    pool = _Pool(everything, _BUILTINS | local | heads)
    found = {}
    for name in sorted(set(where) - outside - loose):
        found[name] = pool.choose(*[taken[module] for module in where[name]])
        for module in where[name]:
            taken[module].add(found[name])
    return found


class _Apply(scopes.Scoped):
    def __init__(self, globals_, attributes):
        super().__init__()
        self.globals = globals_
        self.attributes = attributes

    def use(self, node):
        node.id = self.globals.get(node.id, node.id)
        return node

    def visit_Name(self, node):
        if self.attribute(node):
            node.id = self.attributes.get(node.id, node.id)  # in the body of a class: one of its attributes
            return node
        return super().visit_Name(node)

    def visit_Attribute(self, node):
        node.value = self.visit(node.value)
        node.attr = self.attributes.get(node.attr, node.attr)
        return node

    def visit_ClassDef(self, node):
        node.name = self.globals.get(node.name, node.name)
        return super().visit_ClassDef(node)

    def visit_FunctionDef(self, node):
        if not self.scopes:
            node.name = self.globals.get(node.name, node.name)
        elif self.scopes[-1][1]:
            node.name = self.attributes.get(node.name, node.name)
        return super().visit_FunctionDef(node)

    def visit_ImportFrom(self, node):
        for alias in node.names:
            new = self.globals.get(alias.name, alias.name) if node.module in self.modules else alias.name
            here = alias.asname or alias.name
            if not self.scopes:
                here = self.globals.get(here, here)
            alias.name, alias.asname = new, here if here != new else None
        return node

    modules: set


def rename(trees, outside, kept):
    """Renames in place. trees: {module: tree}. returns: dict globals, attributes: {name: new name}"""
    linked = list(trees.values())
    keywords = _keywords([*linked, *outside])
    identifiers = set().union(*map(scopes.identifiers, [*linked, *outside]))
    if None in keywords:
        keywords |= _strings([*linked, *outside])
    if keywords:
        prefix = next(
            p for p in ("p", "a", "arg", "argument_") if not any(f"{p}{at}" in identifiers for at in range(99))
        )
        for tree in linked:
            _Arguments(keywords | {"self"}, prefix).visit(tree)
    stay = set().union(*map(_spellings, outside))
    of_attributes, known = attributes(linked, outside, stay)
    stay |= set(of_attributes.values())
    of_globals = globals_(trees, kept, stay, known.loose)
    for tree in linked:
        apply = _Apply(of_globals, of_attributes)
        apply.modules = set(trees)
        apply.visit(tree)
    return {"globals": of_globals, "attributes": of_attributes}
