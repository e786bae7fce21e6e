# SPDX-License-Identifier: MIT
"""Puts functions and methods that are called in exactly one place there. A function costs a board 16 bytes, a slot in a dict
and often a name, and its call some 1250 instructions on the unix port.

Folded is what is surely meant: a name that stands nowhere else in the program but in this call, defined once (or, of methods
that are called on self, once in a family of classes), no string, no name of the language or of a board's objects. The call is
what its statement does first. A frame that fits on the stack does not grow beyond it, but in what runs at boot.
"""

import ast
import builtins
import copy

from host_tools.linker import frames, graft, scopes
from host_tools.linker.uses import Program, field

_AT_BOOT = ("__init__", "start", "restore", "begin", "connect", "configure", "compose")
_ROUNDS = 20


def _single(program, name, fixed):
    """[(tree, class, function, call)] of the definitions of a name that are surely meant by the one call that there is."""
    if name.startswith("__") or name in fixed:
        return []
    definitions = program.defined[name]
    methods = [owner is not None for _, owner, _ in definitions]
    if any(methods) and not all(methods):
        return []
    calls = program.calls.get((methods[0], name), [])
    uses = program.attributes if methods[0] else program.names
    if not calls or uses.get(name, 0) != len(calls):
        return []  # it is used otherwise than called
    if len(definitions) == 1 and len(calls) == 1:
        tree, owner, function = definitions[0]
        return [(tree, owner, function, calls[0].node)] if calls[0].tree is tree else []
    if not methods[0] or not all(call.on_self for call in calls):
        return []
    root = program.classes.root
    found = []
    for tree, owner, function in definitions:
        family = root(owner.name)
        mine = [call for call in calls if root(call.owner.name) == family]
        if (
            len(mine) == 1
            and mine[0].tree is tree
            and sum(root(other.name) == family for _, other, _ in definitions) == 1
        ):
            found.append((tree, owner, function, mine[0].node))
    return found


def _discard(value):
    """A value that nobody wants: only what it takes to get it."""
    return [] if value is None or isinstance(value, (ast.Constant, ast.Name)) else [ast.Expr(value)]


class _Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old = old
        self.new = new

    def visit_Call(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def _instead(site, function, call, receiver, names):
    """Statements in place of the one with the call. names: that new ones must not have. raises: graft.Refused"""
    statement = site.statement

    def graft_with(finish):
        return graft.grafted(function, call, receiver, site.caller, names, finish)

    if getattr(statement, "value", None) is call:
        if isinstance(statement, ast.Return):
            return graft_with(None)
        if isinstance(statement, ast.Expr):
            return graft_with(_discard)
        if (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            target = statement.targets[0].id
            return graft_with(lambda value: [ast.Assign([ast.Name(target, ast.Store())], value or ast.Constant(None))])
    holder = graft.unused("value", names)
    new = graft_with(lambda value: [ast.Assign([ast.Name(holder, ast.Store())], value or ast.Constant(None))])
    changed = copy.copy(statement)
    name = field(statement)
    setattr(changed, name, _Replace(call, ast.Name(holder, ast.Load())).visit(getattr(statement, name)))
    return [*new, ast.fix_missing_locations(changed)]


def _fold(program, found, taken, gone):
    """Puts one function where it is called. returns: True: done. raises: graft.Refused"""
    tree, owner, function, call = found
    site = program.sites.get(id(call))
    if site is None or site.caller is function or id(site.caller) in gone:
        return False
    if not any(statement is site.statement for statement in site.body):
        return False  # another call has taken its place: the next round sees to it
    graft.check(function)
    names = scopes.own_names(site.caller)
    receiver = call.func.value if owner is not None else None
    if isinstance(receiver, ast.Name) and receiver.id not in names:
        return False  # a class, or a module
    at_boot = site.caller.name in _AT_BOOT
    before = 0 if at_boot else frames.slots(site.caller)
    old = list(site.body)
    kept = copy.deepcopy(site.statement)
    at = next(n for n, statement in enumerate(old) if statement is site.statement)
    site.body[at : at + 1] = _instead(site, function, call, receiver, taken | names) or [ast.Pass()]
    if not at_boot and before <= frames.ON_STACK < frames.slots(site.caller):
        site.body[:] = old
        site.body[at] = kept
        raise graft.Refused("the frame would not fit on the stack")
    gone.add(id(function))
    holder = owner.body if owner is not None else tree.body
    holder[:] = [node for node in holder if node is not function] or [ast.Pass()]
    return True


def fold(trees, fixed):
    """Folds in place, until nothing is left to fold. trees: list of ast.Module; fixed: names that stay. returns: how many"""
    refused = set()
    count = 0
    for _ in range(_ROUNDS):
        program = Program(trees)
        taken = set(dir(builtins)).union(*[scopes.bound_in(tree.body) for tree in trees])
        gone = set()
        for name in sorted(program.defined):
            for found in _single(program, name, fixed):
                function = found[2]
                if id(function) in refused:
                    continue
                try:
                    _fold(program, found, taken, gone)
                except graft.Refused:
                    refused.add(id(function))
        count += len(gone)
        if not gone:
            break
    return count
