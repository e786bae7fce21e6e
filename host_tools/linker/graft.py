# SPDX-License-Identifier: MIT
"""The body of a function in place of a call of it: exactly the same program, without the call.

Arguments become local names (or are put in place, where they are plain names and numbers), local names get new ones, and a
return becomes what the statement does with the value. A body whose returns are not all at its ends fits only where the call
itself is returned. `Refused` is raised before anything is changed.
"""

import ast
import copy

from host_tools.linker import scopes

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, *scopes.COMPREHENSIONS)
_NEVER = (
    *_NESTED,
    ast.Yield,
    ast.YieldFrom,
    ast.Await,
    ast.Global,
    ast.Nonlocal,
    ast.Delete,
    ast.Import,
    ast.ImportFrom,
)


class Refused(Exception):
    """This call stays a call."""


def _returns(node):
    return any(isinstance(inner, ast.Return) for inner in ast.walk(node))


def ends(body):
    """True when a list of statements never runs out at its end."""
    last = body[-1] if body else None
    if isinstance(last, (ast.Return, ast.Raise)):
        return True
    return isinstance(last, ast.If) and ends(last.body) and ends(last.orelse)


def _tailed(body, finish):
    """Statements without a return: each one, and the end, is finish(value). raises: Refused"""
    found = []
    for at, node in enumerate(body):
        if isinstance(node, ast.Return):
            return found + finish(node.value)
        if not _returns(node):
            found.append(node)
            continue
        if not isinstance(node, ast.If):
            raise Refused("a return within a loop or a try")
        rest = body[at + 1 :]
        if rest and not (ends(node.body) or ends(node.orelse)):
            raise Refused("a return that some paths pass")
        node.body = _tailed(node.body if ends(node.body) else node.body + rest, finish) or [ast.Pass()]
        node.orelse = _tailed(node.orelse if ends(node.orelse) else node.orelse + rest, finish)
        return [*found, node]
    if found and isinstance(found[-1], ast.Raise):
        return found
    return found + finish(None)


class _Substitute(ast.NodeTransformer):
    def __init__(self, names):
        self.names = names  # {local name: ast of what takes its place}

    def visit_Name(self, node):
        new = self.names.get(node.id)
        if new is None:
            return node
        if isinstance(new, ast.Name):
            return ast.copy_location(ast.Name(new.id, node.ctx), node)
        return ast.copy_location(copy.deepcopy(new), node)

    def visit_ExceptHandler(self, node):
        if node.name in self.names:
            node.name = self.names[node.name].id
        return self.generic_visit(node)


def _simple(node, locals_):
    """An argument that may stand wherever it is used: a constant or a local name."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in locals_)


def _matched(function, call, receiver):
    """[(argument's name, its value)] in the order of evaluation. raises: Refused"""
    a = function.args
    if a.vararg or a.kwarg or a.posonlyargs:
        raise Refused("star arguments")
    if any(isinstance(value, ast.Starred) for value in call.args) or any(key.arg is None for key in call.keywords):
        raise Refused("star arguments")
    names = [argument.arg for argument in a.args]
    given = ([receiver] if receiver is not None else []) + call.args
    if len(given) > len(names):
        raise Refused("too many arguments")
    found = list(zip(names, given, strict=False))
    found += [(key.arg, key.value) for key in call.keywords]
    known = {name for name, _ in found}
    defaults = dict(zip(names[len(names) - len(a.defaults) :], a.defaults, strict=True))
    defaults |= {
        argument.arg: value for argument, value in zip(a.kwonlyargs, a.kw_defaults, strict=True) if value is not None
    }
    for argument in [*a.args, *a.kwonlyargs]:
        if argument.arg not in known:
            value = defaults.get(argument.arg)
            if not isinstance(value, ast.Constant):
                raise Refused("a default that is not a constant")
            found.append((argument.arg, value))
            known.add(argument.arg)
    if len(found) != len(known) or len(known) != len(a.args) + len(a.kwonlyargs):
        raise Refused("wrong arguments")
    return found


def check(function):
    """raises: Refused if it can nowhere be put in place of a call."""
    if function.decorator_list:
        raise Refused("decorated")
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, _NEVER):
                raise Refused(type(node).__name__)


def grafted(function, call, receiver, caller, taken, finish):
    """The statements that do what `call` does. receiver: ast of the object whose method it is, None: a plain function; caller:
    the function around the call; taken: names that new local names must not have; finish: what to do with a value, as for
    _tailed, or None: return it. raises: Refused
    """
    check(function)
    locals_ = scopes.own_names(caller)
    values = _matched(function, call, receiver)
    assigned = scopes.bound_in(function.body)
    names = {}
    head = []
    for name, value in values:
        # One that is evaluated before others of which we know nothing: a local name stays what it is, all the same.
        if name not in assigned and _simple(value, locals_):
            names[name] = value
            continue
        new = unused(name, taken)
        names[name] = ast.Name(new, ast.Load())
        head.append(ast.Assign(targets=[ast.Name(new, ast.Store())], value=value))
    for name in sorted(assigned - {name for name, _ in values}):
        names[name] = ast.Name(unused(name, taken), ast.Load())
    body = [_Substitute(names).visit(copy.deepcopy(statement)) for statement in function.body]
    if finish is None:
        body += [] if ends(body) else [ast.Return(ast.Constant(None))]
    else:
        body = _tailed(body, finish)
    return [
        ast.fix_missing_locations(ast.copy_location(node, call))
        for node in [*head, *body]
        if not isinstance(node, ast.Pass)
    ]


def unused(name, taken):
    new = name
    n = 1
    while new in taken:
        n += 1
        new = f"{name}_{n}"
    taken.add(new)
    return new
