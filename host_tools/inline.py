# SPDX-License-Identifier: MIT
"""Writes the numbers of public constants into the modules that use them, before a whole image is compiled.

mpy-cross does so within a module, and drops a `_NAME = const(1)` altogether. A public one costs a board a name in the pool, a
slot in its module's dict and one in each module that imports it, and every use is a look-up. An image is compiled as a
whole, so all uses are known: they become literals, and what nobody needs any more, definition or import, goes.

Lines stay where they are: what a traceback of the image tells is the line in the source.
"""

import ast

_OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitXor: lambda a, b: a ^ b,
}


def number(node, known):
    """Value of an integer expression over known names, None: it is none."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert)):
        value = number(node.operand, known)
        if value is None:
            return None
        return -value if isinstance(node.op, ast.USub) else ~value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = number(node.left, known), number(node.right, known)
        if left is None or right is None:
            return None
        return _OPERATORS[type(node.op)](left, right)
    return None


def _bindings(nodes):
    """{name: how often it is bound}, in whatever scope: assignments, arguments, imports, definitions."""
    found = {}

    def bound(name):
        found[name] = found.get(name, 0) + 1

    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound(node.id)
        elif isinstance(node, ast.arg):
            bound(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                bound((alias.asname or alias.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            for name in node.names:
                bound(name)
    return found


class _Module:
    """tree, bindings; constants: {name: number}, defined here, once and by const(); public: those of them without a leading
    underscore; definitions: {name: statement}.
    """

    def __init__(self, name, text):
        self.text = text
        self.package = name.rpartition(".")[0] or name
        self.tree = ast.parse(text)
        self.nodes = list(ast.walk(self.tree))
        self.imports = [node for node in self.nodes if isinstance(node, ast.ImportFrom)]
        self.bindings = _bindings(self.nodes)
        self.constants = {}
        self.definitions = {}
        for node in self.tree.body:
            if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
                continue
            name, value = node.targets[0].id, node.value
            if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "const"):
                continue
            found = number(value.args[0], self.constants)
            if found is not None and self.bindings[name] == 1:
                self.constants[name] = found
                self.definitions[name] = node
        self.public = {name: number for name, number in self.constants.items() if not name.startswith("_")}

    def imported(self, modules):
        """({name here: number}, {name here: name of a module}) of what it imports, without names that are bound twice."""
        numbers, namespaces = {}, {}
        for node in self.imports:
            if node.level:
                continue
            for alias in node.names:
                here = alias.asname or alias.name
                whole = f"{node.module}.{alias.name}"
                if whole in modules:
                    target, value = namespaces, whole
                elif alias.name in (modules[node.module].constants if node.module in modules else ()):
                    target, value = numbers, modules[node.module].constants[alias.name]
                else:
                    continue
                # The same import in several functions is one name; anything else that binds it hides it somewhere.
                if self.bindings[here] == sum(_imports(other, node.module, alias) for other in self.imports):
                    target[here] = value
        return numbers, namespaces


def _imports(node, module, alias):
    if node.module != module:
        return 0
    return sum(other.name == alias.name and other.asname == alias.asname for other in node.names)


def _literal(number):
    return f"({number})" if number < 0 else str(number)


def _changes(module, modules, kept):
    """List of edits (first line, column, last line, column, text) that put numbers in place of names in a module.

    kept: set, gets (module, name) of what is still looked up there, name None: any of it may be.
    """
    numbers, namespaces = module.imported(modules)
    numbers |= module.public
    edits = []
    dotted = set()  # Name nodes on the left side of a dot
    needed = set()  # names that are still used here
    bare = set()  # those of them that are used otherwise than with a dot behind
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in namespaces:
            home = namespaces[node.value.id]
            dotted.add(node.value)
            if isinstance(node.ctx, ast.Load) and node.attr in modules[home].constants:
                edits.append(_edit(node, _literal(modules[home].constants[node.attr])))
            else:
                kept.add((home, node.attr))
                needed.add(node.value.id)
    for node in module.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in dotted:
            if node.id in numbers:
                edits.append(_edit(node, _literal(numbers[node.id])))
            else:
                bare.add(node.id)
    gone = set(numbers) | set(namespaces) - needed - bare
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            # Relative: of this package (an image has no deeper ones); it stays as it is.
            kept.update((f"{module.package}.{node.module}", alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            left = [alias for alias in node.names if (alias.asname or alias.name) not in gone]
            kept.update((node.module, alias.name) for alias in left)
            for alias in left:
                here = alias.asname or alias.name
                if here in bare or here not in namespaces:
                    kept.add((f"{node.module}.{alias.name}", None))
            if len(left) < len(node.names):
                edits.append(_edit(node, _import(node, left)))
        elif isinstance(node, ast.Import):
            kept.update((alias.name, None) for alias in node.names)
    return edits


def _edit(node, text):
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, text


def _import(node, left):
    """The statement with fewer names, on as many lines."""
    if not left:
        return "pass"
    names = ", ".join(alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in left)
    return f"from {node.module} import {names}"


def _apply(text, edits):
    """text with the edits made. An edit over several lines leaves as many lines."""
    lines = [line.encode() for line in text.split("\n")]  # columns of `ast` count bytes of UTF-8
    for first, start, last, end, new in sorted(edits, reverse=True):
        head, tail = lines[first - 1][:start], lines[last - 1][end:]
        lines[first - 1 : last] = [head + new.encode() + tail] + [b""] * (last - first)
    return b"\n".join(lines).decode()


def inlined(sources):
    """{module name: source text} -> the same with every public integer constant written out where it is used."""
    modules = {name: _Module(name, text) for name, text in sources.items()}
    kept = set()
    edits = {name: _changes(module, modules, kept) for name, module in modules.items()}
    found = {}
    for name, module in modules.items():
        left = edits[name]
        for key in module.public:
            if (name, key) not in kept and (name, None) not in kept:
                gone = _edit(module.definitions[key], "pass")
                left = [edit for edit in left if edit[:2] < gone[:2] or edit[2:4] > gone[2:4]]
                left.append(gone)
        found[name] = _apply(module.text, left)
    return found
