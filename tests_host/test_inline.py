# SPDX-License-Identifier: MIT
"""Public constants of an image: written out where they are used, gone where nobody looks them up, lines where they were."""

import ast
import sys
import types

from host_tools import image, inline

CODES = "from micropython import const\nONE = const(1)\nMANY = const(1 << 8 | ONE)  # both\n_OWN = const(2)\nLESS = const(-3)\n"


def together(**sources):
    return inline.inlined({name.replace("__", "."): text for name, text in sources.items()})


def names(text):
    """Every name and attribute in a source text."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        found |= {getattr(node, field) for field in ("id", "attr", "name") if hasattr(node, field)}
    return found


def test_a_name_of_a_module_becomes_its_number():
    found = together(
        app__codes=CODES, app__user="from app import codes as c\n\n\ndef f():\n    return c.MANY - c.LESS\n"
    )
    assert found["app.user"] == "pass\n\n\ndef f():\n    return 257 - (-3)\n"
    assert found["app.codes"].splitlines() == [
        "from micropython import const",
        "pass",
        "pass  # both",
        "_OWN = const(2)",
        "pass",
    ]


def test_an_imported_name_becomes_its_number_and_what_is_left_is_imported():
    user = "from app.codes import (\n    ONE,\n    work,\n)\n\nX = work(ONE)\n"
    found = together(app__codes=CODES + "def work(n):\n    return n\n", app__user=user)
    assert found["app.user"] == "from app.codes import work\n\n\n\n\nX = work(1)\n"


def test_the_own_uses_of_a_constant_that_goes():
    found = together(
        m="from micropython import const\nA = const(5)\n_B = const(A << 1)\n\n\ndef f(x=A):\n    return x + A + _B\n"
    )
    assert (
        found["m"]
        == "from micropython import const\npass\n_B = const(5 << 1)\n\n\ndef f(x=5):\n    return x + 5 + _B\n"
    )


def test_a_name_that_is_bound_twice_is_left_alone():
    shadowed = "from app.codes import ONE\n\n\ndef f(ONE):\n    return ONE\n"
    found = together(app__codes=CODES, app__user=shadowed)
    assert found["app.user"] == shadowed
    assert "ONE" in names(found["app.codes"])
    assert "MANY" not in names(found["app.codes"])


def test_a_module_that_is_handed_on_keeps_its_names():
    for user in (
        "from app import codes\nprint(codes)\n",
        "import app.codes\n",
        "from app import codes\n\n\ndef f(codes):\n    return codes.ONE\n",
    ):
        found = together(app__codes=CODES, app__user=user)
        assert found["app.user"] == user
        assert {"ONE", "MANY", "LESS"} <= names(found["app.codes"])


def test_a_relative_import_keeps_its_names():
    found = together(board__pins=CODES, board="from .pins import ONE\nprint(ONE)\n")
    assert "ONE" in names(found["board.pins"])


def test_only_the_module_that_is_meant():
    user = "from app import codes\n\n\nclass Part:\n    def f(self):\n        return self.codes.ONE\n"
    assert together(app__codes=CODES, app__user=user)["app.user"].endswith("return self.codes.ONE\n")


def test_numbers_of_the_firmware_are_what_its_modules_hold(monkeypatch):
    """Against CPython, which runs the definitions: of each module that can be imported here."""
    monkeypatch.setitem(sys.modules, "machine", types.ModuleType("machine"))
    compared = 0
    for path, source in image.sources("arduino_giga"):
        name = ".".join(path.parts)
        if path.parts[0] in ("board", "bringup") or name.endswith("_viper"):
            continue
        module = __import__(name, fromlist=["x"])
        for key, number in inline._Module(name, source.read_text()).constants.items():
            assert getattr(module, key) == number, (name, key)
            compared += 1
    assert compared > 500


def test_an_image_has_as_many_lines_as_its_sources():
    sources = {".".join(path.parts): source.read_text() for path, source in image.sources("arduino_giga")}
    found = inline.inlined(sources)
    for name, text in sources.items():
        assert found[name].count("\n") == text.count("\n"), name
        ast.parse(found[name])
