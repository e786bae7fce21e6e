# SPDX-License-Identifier: MIT
"""How many slots the frame of a function takes. MicroPython keeps a frame of eleven words on the C stack; a larger one
comes from the heap and goes back at the end of each call (py/objfun.c, VM_MAX_STATE_ON_STACK), which costs more than a call.
"""

import ast

from host_tools.linker import scopes

ON_STACK = 11


def _row(nodes, base=0):
    return max([base] + [base + at + depth(node) for at, node in enumerate(nodes)])


def depth(node):
    """Slots of the stack that an expression takes at most; an estimate that is rather too large."""
    if node is None or isinstance(node, (ast.Constant, ast.Name)):
        return 1
    if isinstance(node, ast.Call):
        function = depth(node.func)
        keywords = [part for key in node.keywords for part in (None, key.value)]
        return max(function, _row([*node.args, *keywords], 2 if isinstance(node.func, ast.Attribute) else 1))
    if isinstance(node, ast.BoolOp):
        return max(map(depth, node.values))
    if isinstance(node, ast.Compare):
        return max(depth(node.left), *[1 + (len(node.ops) > 1) + depth(right) for right in node.comparators])
    if isinstance(node, scopes.COMPREHENSIONS):
        return 3 + depth(node.generators[0].iter)
    return _row([child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)])


def _statement(node):
    inner = [part for field in ("body", "orelse", "finalbody") for part in getattr(node, field, ())]
    for handler in getattr(node, "handlers", ()):
        inner += handler.body
    own = max([0] + [depth(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)])
    within = max([0] + [_statement(part) for part in inner])
    if isinstance(node, ast.For):
        return max(own, within) + 4
    if isinstance(node, ast.Try):
        return within + 6  # its entry on the stack of exceptions, and the exception
    return max(own, within)


def slots(function):
    """Of a FunctionDef."""
    return len(scopes.own_names(function)) + max([0] + [_statement(node) for node in function.body])
