# SPDX-License-Identifier: MIT
"""firmware/hardware.pyi types exactly the members that firmware/hardware.py has."""

import ast
from pathlib import Path

from hardware import Hardware

STUB = Path(__file__).resolve().parent.parent / "firmware" / "hardware.pyi"


def test_the_stub_has_every_member_and_no_other():
    classes = {node.name: node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ClassDef)}
    typed = {node.target.id for node in classes["Hardware"].body if isinstance(node, ast.AnnAssign)}
    assert typed == set(vars(Hardware()))
