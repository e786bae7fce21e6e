# SPDX-License-Identifier: MIT
"""Makes a small program of the modules of an image: what each of them costs a board's heap (its object, its dict, its table of
names, every name it imports) is there once for all that is loaded at boot, and what nobody needs is not there.

    groups.py   which modules become one            merge.py   several modules as one
    strip.py    what MicroPython does not read      shake.py   what nothing asks for

`build` is given the whole program; what it is not sure of it leaves as it is.
"""

import ast

from host_tools.linker import groups, merge, shake, strip


class Linked:
    """One module of the linked program. code: what is compiled; text: the same as it can be read, line by line; members: names
    of the modules that it is made of.
    """

    def __init__(self, tree, members):
        self.text = ast.unparse(tree) + "\n"
        self.code = self.text
        self.members = members


def _identifiers(tree):
    found = set()
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found.add(value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def build(sources, main=""):
    """sources: {module name: text}; main: source of main.py. returns: {module name: Linked}"""
    names = set(sources)
    modules = {name: groups.Source(name, strip.stripped(ast.parse(text)), names) for name, text in sources.items()}
    members, alone = groups.grouped(modules)
    place = {old: new for new, olds in members.items() for old in olds}
    alone = {name: modules[name].tree for name in sorted(alone)}
    outside = [*alone.values(), ast.parse(main)]
    asked = set().union(*map(_identifiers, outside))
    kept = set()
    if groups.HEAD in place:
        kept = {
            node.name for node in modules[groups.HEAD].tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        }
        kept &= asked
    linked = merge.Linker(modules, members, kept).merge()
    trees = list(linked.values())
    shake.numbers(trees, kept)
    shake.unused(trees, outside, kept)
    found = {name: Linked(strip.anonymous(tree), members[name]) for name, tree in linked.items()}
    return found | {name: Linked(strip.anonymous(tree), [name]) for name, tree in alone.items()}
