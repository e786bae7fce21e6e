# SPDX-License-Identifier: MIT
"""Makes a small program of the modules of an image: what each of them costs a board's heap (its object, its dict, its table of
names, every name it imports) is there once for all that is loaded at boot, and what nobody needs is not there.

    groups.py   which modules become one            merge.py   several modules as one
    strip.py    what MicroPython does not read      shake.py   what nothing asks for
    fold.py     what is called in one place         names.py   one name for many things

`build` is given the whole program; what it is not sure of it leaves as it is.
"""

import ast

from host_tools.linker import fold, groups, merge, names, scopes, shake, strip


class Linked:
    """One module of the linked program. code: what is compiled; text: the same as it can be read, line by line; members: names
    of the modules that it is made of.
    """

    def __init__(self, tree, members):
        self.tree = tree
        self.text = self.code = ast.unparse(tree) + "\n"
        self.members = members


def build(sources, main=""):
    """sources: {module name: text}; main: source of main.py. returns: {module name: Linked}, what was renamed"""
    known = set(sources)
    modules = {name: groups.Source(name, strip.stripped(ast.parse(text)), known) for name, text in sources.items()}
    members, alone = groups.grouped(modules)
    place = {old: new for new, olds in members.items() for old in olds}
    alone = {name: modules[name].tree for name in sorted(alone)}
    outside = [*alone.values(), ast.parse(main)]
    asked = set().union(*map(scopes.identifiers, outside))
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
    fold.fold(trees, names.settled([*trees, *outside], outside))
    shake.unused(trees, outside, kept)
    found = {name: Linked(strip.anonymous(tree), members[name]) for name, tree in linked.items()}
    changed = names.rename(linked, outside, kept)
    for name in linked:
        found[name].code = ast.unparse(found[name].tree) + "\n"
        if found[name].code.count("\n") != found[name].text.count("\n"):
            raise ValueError(f"{name}: the lines of its source are not those of its code")
    return found | {name: Linked(strip.anonymous(tree), [name]) for name, tree in alone.items()}, changed
