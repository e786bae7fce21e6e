# SPDX-License-Identifier: MIT
"""Which modules of a program become one: what is imported at boot in any case together, what is imported late (a part that not
every board has) apart. What is not understood stays a module of its own, exactly as it is.
"""

import ast

from host_tools.linker import scopes, strip

_LINKED = ("app", "drivers", "compose")
HEAD = "compose"  # what main.py imports


class Source:
    """tree; eager, late: {names of modules of the program that it imports when it is imported, in functions}; strange: it does
    what cannot be linked.
    """

    def __init__(self, name, tree, names):
        self.name = name
        self.tree = tree
        self.eager = {}  # ordered
        self.late = {}
        self.strange = name.split(".")[0] not in _LINKED
        self.held = set()  # modules of the program that are used as objects here
        self._names = names
        _Imports(self).visit(tree)
        parts = name.split(".")
        for n in range(1, len(parts)):
            if ".".join(parts[:n]) in names:
                self.eager.setdefault(".".join(parts[:n]))

    def imports(self, node, late):
        """Notes what an import statement asks for. returns: nothing"""
        found = self.late if late else self.eager
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.strange |= "." in alias.name
                if alias.name in self._names:
                    found.setdefault(alias.name)
                    self.held.add(alias.name)
            return
        if node.level:
            self.strange = True
            is_package = any(name.startswith(f"{self.name}.") for name in self._names)
            package = self.name if is_package else self.name.rpartition(".")[0]
            found.setdefault(f"{package}.{node.module}" if node.module else package)
            return
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if alias.name == "*":
                self.strange = True
            if whole in self._names:
                found.setdefault(whole)
            elif node.module in self._names:
                found.setdefault(node.module)


class _Imports(ast.NodeVisitor):
    def __init__(self, source):
        self.source = source
        self.depth = 0

    def _function(self, node):
        self.source.strange |= strip.is_native(node)
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_FunctionDef = visit_Lambda = _function

    def _import(self, node):
        self.source.imports(node, self.depth > 0)

    visit_Import = visit_ImportFrom = _import

    def _strange(self, node):
        self.source.strange = True

    visit_Global = visit_Nonlocal = visit_AsyncFunctionDef = visit_NamedExpr = _strange

    def visit_Name(self, node):
        if node.id in ("__name__", "__file__", "__path__", "globals", "locals", "exec", "eval"):
            self.source.strange = True


def _spaces(statements, names):
    """{name here: module of the program that it stands for} of `from package import module` among the statements."""
    found = {}
    for node in statements:
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if f"{node.module}.{alias.name}" in names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


class _Whole(scopes.Scoped):
    """Collects the modules that are used otherwise than `module.name`, or assigned through."""

    def __init__(self, tree, names):
        super().__init__()
        self.outer = _spaces(tree.body, names)
        self.inner = _spaces((node for node in ast.walk(tree) if node not in tree.body), names)
        self.found = set()
        self.visit(tree)

    def _space(self, name):
        return self.inner.get(name) or (self.outer.get(name) if self.own(name) else None)

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load) and self._space(node.value.id):
            return node
        return self.generic_visit(node)

    def visit_Name(self, node):
        space = self._space(node.id)
        if space:
            self.found.add(space)
        return node


def closure(starts, modules, blocked=()):
    """Modules reached from `starts` by imports at import time, each after what it imports."""
    found = {}
    busy = set()

    def enter(name):
        if name in found or name in blocked or name not in modules:
            return
        if name in busy:
            raise ValueError(f"{name} imports itself in a circle")
        busy.add(name)
        for other in modules[name].eager:
            enter(other)
        busy.discard(name)
        found[name] = None

    for name in starts:
        enter(name)
    return list(found)


def _alone(modules):
    """Names of the modules that stay as they are: strange ones, whatever they import, and modules that are used as objects."""
    names = set(modules)
    found = {name for name, module in modules.items() if module.strange}
    for module in modules.values():
        found |= module.held - {HEAD}
        found |= _Whole(module.tree, names).found - {HEAD}
    todo = list(found)
    while todo:
        module = modules[todo.pop()]
        for name in [*module.eager, *module.late]:
            if name in modules and name not in found and name != HEAD:
                found.add(name)
                todo.append(name)
    return found


def grouped(modules):
    """modules: {name: Source}. returns: ({new module: [those that it is made of, in order]}, [modules that stay as they are]);
    nothing imports those that are in neither.
    """
    alone = _alone(modules)
    linked = {name: module for name, module in modules.items() if name not in alone}
    if HEAD not in linked:
        return {}, list(modules)
    boot = closure([HEAD], linked)
    found = {
        "app": [name for name in boot if name.split(".")[0] == "app"],
        HEAD: [name for name in boot if name.split(".")[0] != "app"],
    }
    placed = set(boot)
    reached = {}  # module: entries from which it is reached
    entries = []
    todo = list(boot)
    while todo:
        for entry in linked[todo.pop()].late:
            if entry not in linked or entry in placed or entry in entries:
                continue
            entries.append(entry)
            for name in closure([entry], linked, placed):
                reached.setdefault(name, set()).add(entry)
                todo.append(name)
    sets = {}
    for entry in sorted(entries):
        for name in closure([entry], linked, placed):
            members = sets.setdefault(frozenset(reached[name]), [])
            if name not in members:
                members.append(name)
    for key, members in sets.items():
        head = next(iter(key)) if len(key) == 1 else members[-1]
        parts = head.split(".")
        name = (
            ".".join([parts[0], "_".join(parts[1:])])
            if f"{parts[0]}.{parts[-1]}" in found
            else f"{parts[0]}.{parts[-1]}"
        )
        found[name] = members
    found = {name: members for name, members in found.items() if members}
    placed |= set().union(*found.values())
    asked = {other for name in placed for other in [*linked[name].eager, *linked[name].late]}
    return found, [name for name in alone if modules[name].strange or name in asked]
