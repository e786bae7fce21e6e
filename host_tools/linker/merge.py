# SPDX-License-Identifier: MIT
"""Several modules as one: names made unique, imports between them gone, `module.name` become the name.

A name keeps its spelling where it can; no local name of the whole program and no built-in is used for it: nothing hides it.
"""

import ast
import builtins

from host_tools.linker import groups, scopes

# Of MicroPython beside those of Python that it has.
_RESERVED = {"const", "self", *dir(builtins)}


class _Locals(ast.NodeVisitor):
    """Every name that is bound in a function or comprehension, or is an attribute of a class."""

    def __init__(self):
        self.found = set()

    def _scope(self, node):
        self.found |= scopes.own_names(node)
        self.generic_visit(node)

    visit_FunctionDef = visit_Lambda = _scope
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _scope

    def visit_ClassDef(self, node):
        self.found |= scopes.bound_in(node.body)
        self.generic_visit(node)


def all_locals(trees):
    """Names bound in any inner scope."""
    visitor = _Locals()
    for tree in trees:
        visitor.visit(tree)
    return visitor.found


class Names:
    """(module, name) -> the unique name that it has in the linked program."""

    def __init__(self, taken):
        self._taken = set(taken)
        self._known = {}
        self.home = {}  # unique name: (module, name)

    def of(self, module, name):
        key = (module, name)
        if key not in self._known:
            leaf = module.rpartition(".")[2]
            choices = [name, f"{name}_{leaf}"] + [f"{name}_{leaf}{n}" for n in range(2, 100)]
            unique = next(choice for choice in choices if choice not in self._taken)
            self.fix(module, name, unique)
        return self._known[key]

    def fix(self, module, name, unique):
        """It is to have this name."""
        self._taken.add(unique)
        self._known[(module, name)] = unique
        self.home[unique] = (module, name)


class _Rewrite(scopes.Scoped):
    """One module into its group."""

    def __init__(self, linker, name, group):
        super().__init__()
        self.linker = linker
        self.group = group
        self.bindings = {}  # name here: ("name", module, name) or ("space", module)
        for key in scopes.bound_in(linker.modules[name].tree.body):
            self.bindings[key] = ("name", name, key)
        for node in linker.modules[name].tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self.bindings.update(linker.bindings(node))

    def _bound(self, name):
        for depth, (names, is_class) in enumerate(reversed(self.scopes)):
            if name in names and (depth == 0 or not is_class):
                return names[name] if isinstance(names, dict) else None
        return self.bindings.get(name)

    def _symbol(self, binding):
        _, module, name = binding
        return self.linker.symbol(self.group, module, name)

    def visit_Name(self, node):
        binding = None if self.attribute(node) else self._bound(node.id)
        if binding is None:
            return node
        if binding[0] == "space":
            if binding[1] in self.linker.place:
                raise ValueError(f"{binding[1]} is used as an object")
            node.id = self.linker.symbol(self.group, binding[1], None)
            return node
        node.id = self._symbol(binding)
        return node

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name):
            binding = self._bound(node.value.id)
            if binding is not None and binding[0] == "space":
                if binding[1] in self.linker.place:
                    return ast.copy_location(
                        ast.Name(self.linker.symbol(self.group, binding[1], node.attr), node.ctx), node
                    )
                node.value.id = self.linker.symbol(self.group, binding[1], None)
                return node
        return self.generic_visit(node)

    def visit_Import(self, node):
        if not self.scopes:
            return None
        for alias in node.names:
            if alias.name in self.linker.place:
                raise ValueError(f"import {alias.name} in a function")
        return node

    def visit_ImportFrom(self, node):
        if not self.scopes:
            return None
        found = []
        for alias in node.names:
            here = alias.asname or alias.name
            whole = f"{node.module}.{alias.name}"
            if not isinstance(self.scopes[-1][0], dict):
                raise ValueError(f"{whole} is imported in a class")
            if self.scopes[-1][0].get(here) is not None:
                continue  # resolved at every use
            if node.module in self.linker.place and whole not in self.linker.place:
                target = self.linker.place[node.module]
                name = self.linker.names.of(node.module, alias.name)
                if self.linker.reachable(self.group, target):
                    value = ast.Name(self.linker.symbol(self.group, node.module, alias.name), ast.Load())
                    found.append(ast.Assign(targets=[ast.Name(here, ast.Store())], value=value))
                else:
                    self.linker.wanted.setdefault(target, set()).add(name)
                    found.append(ast.ImportFrom(target, [ast.alias(name, here if here != name else None)], 0))
            elif whole in self.linker.place:
                raise ValueError(f"{whole} is imported as an object in a function")
            else:
                found.append(ast.ImportFrom(node.module, [alias], 0))
        return [ast.fix_missing_locations(ast.copy_location(new, node)) for new in found]

    def _function(self, node):
        """Names of a function, with its imports that can be resolved: bound once, of modules that are there anyway."""
        names = dict.fromkeys(scopes.own_names(node))
        binds = {}
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom) and not inner.level:
                for here, binding in self.linker.bindings(inner).items():
                    binds.setdefault(here, []).append(binding)
        for here, found in binds.items():
            module = found[0][1]
            once = len(found) == 1 and here in names and _bindings(node, here) == 1
            if once and module in self.linker.place and self.linker.reachable(self.group, self.linker.place[module]):
                names[here] = found[0]
        return names

    def visit_FunctionDef(self, node):
        if not self.scopes:
            node.name = self._symbol(self.bindings[node.name])
        node.decorator_list = self._list(node.decorator_list)
        self._signature(node.args)

        def body():
            node.body = self._list(node.body) or [ast.Pass()]

        self._inside(self._function(node), False, body)
        return node

    def visit_ClassDef(self, node):
        if not self.scopes:
            node.name = self._symbol(self.bindings[node.name])
        return super().visit_ClassDef(node)


def _bindings(function, name):
    """How often a name is bound anywhere in a function, its arguments among them."""
    count = sum(argument.arg == name for argument in scopes.arguments(function))
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            count += 1
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node is not function and node.name == name:
            count += 1
        elif isinstance(node, ast.ExceptHandler) and node.name == name:
            count += 1
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            count += sum((alias.asname or alias.name) == name for alias in node.names)
    return count


class Linker:
    """modules: {name: groups.Source}; members: {new module: [old ones]}; kept: names of `compose` that others ask for."""

    def __init__(self, modules, members, kept):
        self.modules = modules
        self.members = members
        self.place = {name: group for group, names in members.items() for name in names}
        heads = {group.rpartition(".")[2] for group in members}  # a package gets its submodules' names
        taken = all_locals(module.tree for module in modules.values()) | _RESERVED | heads
        self.names = Names(taken)
        self.names.fix("micropython", "const", "const")  # mpy-cross knows it by its name
        for name in kept:
            self.names.fix(groups.HEAD, name, name)
        self.wanted = {}  # group: unique names that others import from it
        self._asked = {}  # group: {other: {unique names}}
        self._outside = {}  # group: {(module, name or None): unique name}
        self._eager = {}
        for group, names in members.items():
            self._eager[group] = {
                self.place[other] for name in names for other in modules[name].eager if other in self.place
            }

    def bindings(self, node):
        """{name: binding} of an import statement."""
        found = {}
        for alias in node.names:
            here = alias.asname or alias.name
            if isinstance(node, ast.Import):
                found[here] = ("space", alias.name)
            elif f"{node.module}.{alias.name}" in self.modules:
                found[here] = ("space", f"{node.module}.{alias.name}")
            else:
                found[here] = ("name", node.module, alias.name)
        return found

    def reachable(self, group, target):
        """True when `target` is loaded before anything in `group` runs."""
        todo, seen = [group], set()
        while todo:
            at = todo.pop()
            if at == target:
                return True
            if at not in seen:
                seen.add(at)
                todo += self._eager[at]
        # What compose has loaded is there when anything is imported late.
        return group not in (groups.HEAD, "app") and target in (groups.HEAD, "app")

    def symbol(self, group, module, name):
        """The name by which code of `group` says module.name (name None: the module)."""
        if module not in self.place:
            found = self._outside.setdefault(group, {})
            if (module, name) not in found:
                found[(module, name)] = self.names.of(module, name or module.rpartition(".")[2])
            return found[(module, name)]
        unique = self.names.of(module, name)
        home = self.place[module]
        if home != group:
            self._asked.setdefault(group, {}).setdefault(home, set()).add(unique)
            self.wanted.setdefault(home, set()).add(unique)
        return unique

    def merge(self):
        """returns: {new module: ast.Module}"""
        found = {}
        for group, names in self.members.items():
            body = []
            for name in names:
                tree = _Rewrite(self, name, group).visit(self.modules[name].tree)
                body += tree.body
            found[group] = body
        for group, body in found.items():
            head = []
            for (module, name), unique in sorted(self._outside.get(group, {}).items(), key=lambda item: item[1]):
                if name is None:
                    head.append(_import(module, unique))
                else:
                    head.append(ast.ImportFrom(module, [ast.alias(name, unique if unique != name else None)], 0))
            for home, uniques in sorted(self._asked.get(group, {}).items()):
                head.append(ast.ImportFrom(home, [ast.alias(unique) for unique in sorted(uniques)], 0))
            found[group] = ast.fix_missing_locations(ast.Module([*head, *body], []))
        return found


def _import(module, unique):
    if "." in module:
        package, _, leaf = module.rpartition(".")
        return ast.ImportFrom(package, [ast.alias(leaf, unique if unique != leaf else None)], 0)
    return ast.Import([ast.alias(module, unique if unique != module else None)])
