# SPDX-License-Identifier: MIT
"""Takes out what a program does not need to run on MicroPython: each `__slots__` is a tuple and an entry of a dict that nothing
reads there, and a class keeps two more that tell its name.
"""

import ast

_NATIVE = ("native", "viper", "asm_thumb", "asm_xtensa", "asm_rv32")


def is_native(function):
    """True for a function whose annotations and names are the emitter's business."""
    for decorator in getattr(function, "decorator_list", ()):
        if (decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")) in _NATIVE:
            return True
    return False


def _idle(statement):
    """A statement that does nothing: pass, a docstring, a constant."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _slots(statement):
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "__slots__" for target in statement.targets
    )


class _Strip(ast.NodeTransformer):
    def _body(self, node, keep=lambda statement: True):
        self.generic_visit(node)
        node.body = [statement for statement in node.body if not _idle(statement) and keep(statement)]
        if not node.body and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]
        return node

    def visit_Module(self, node):
        return self._body(node)

    def visit_FunctionDef(self, node):
        if is_native(node):
            return node
        node.returns = None
        return self._body(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_ClassDef(self, node):
        return self._body(node, lambda statement: not _slots(statement))

    def visit_AnnAssign(self, node):
        if node.value is None:
            return ast.Pass()
        return self.generic_visit(ast.Assign(targets=[node.target], value=node.value))


def stripped(tree):
    """The tree, smaller: no __slots__, annotation (native functions need theirs), docstring, needless pass."""
    return ast.fix_missing_locations(_Strip().visit(tree))


class _Anonymous(ast.NodeTransformer):
    def visit_ClassDef(self, node):
        self.generic_visit(node)
        gone = ast.Delete([ast.Name(name, ast.Del()) for name in ("__module__", "__qualname__")])
        node.body = [gone, *[statement for statement in node.body if not isinstance(statement, ast.Pass)]]
        return node


def anonymous(tree):
    """Classes without `__module__` and `__qualname__`: MicroPython stores both in each class and reads neither. Their places in
    the dict are taken by what follows.
    """
    return ast.fix_missing_locations(_Anonymous().visit(tree))
