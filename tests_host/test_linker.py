# SPDX-License-Identifier: MIT
"""Each step of the linker on small programs: MicroPython prints the same, plain and linked, and what should be gone is gone."""

import ast
import subprocess

import pytest

from host_tools import linker
from host_tools.bench import runtimes

MAIN = "from compose import compose\nprint(compose())\n"


def _write(folder, texts):
    for name, text in texts.items():
        path = folder.joinpath(*name.split("."))
        if any(other.startswith(f"{name}.") for other in texts):
            path /= "__init__"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(text)


def _run(folder):
    script = f"import sys\nsys.path[:] = [{str(folder)!r}]\n{MAIN}"
    done = subprocess.run([runtimes.micropython(), "-c", script], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.fixture
def both(tmp_path):
    """Callable: sources by name (`__` for a dot) -> (what the program prints, linked modules); plain and linked must agree."""

    def act(**sources):
        texts = {name.replace("__", "."): text for name, text in sources.items()}
        linked, names = linker.build(texts, MAIN)
        _write(tmp_path / "plain", texts)
        _write(tmp_path / "linked", {name: module.code for name, module in linked.items()})
        plain = _run(tmp_path / "plain")
        assert _run(tmp_path / "linked") == plain, "\n".join(module.code for module in linked.values())
        for module in linked.values():
            assert module.text.count("\n") == module.code.count("\n")
        act.names = names
        return plain, linked

    return act


def defined(linked, name="compose"):
    """Functions and methods that a linked module still has, by the names in its readable text."""
    return {node.name for node in ast.walk(ast.parse(linked[name].text)) if isinstance(node, ast.FunctionDef)}


# -- modules -----------------------------------------------------------------------------------------------------


def test_modules_become_one_and_names_stay_apart(both):
    out, linked = both(
        app="",
        app__a="_STEP = 2\ndef _help(x):\n    return x + _STEP\ndef go(x):\n    return _help(x), _help(-x)\n",
        app__b="from app import a\nfrom app.a import go as went\n_STEP = 5\n"
        "def _help(x):\n    return x * _STEP\ndef go(a_):\n    return _help(a_), _help(1), a.go(a_), went(1)\n",
        compose="from app import b\nfrom app.b import go\ndef compose():\n    go_ = go(3)\n    return go_, b.go(4)\n",
    )
    assert out == "((15, 5, (5, -1), (3, 1)), (20, 5, (6, -2), (3, 1)))\n"
    assert set(linked) == {"app", "compose"}
    assert linked["app"].members[-2:] == ["app.a", "app.b"]


def test_a_local_name_that_hides_an_import_still_does(both):
    out, _ = both(
        app="",
        app__heat="LIMIT = [7]\ndef value():\n    return 1\n",
        compose="from app import heat\ndef hidden(heat):\n    return heat.value()\n"
        "class Own:\n    def value(self):\n        return 2\n"
        "def compose():\n    value = 3\n    return hidden(Own()), hidden(Own()), heat.value(), heat.LIMIT[0], value\n",
    )
    assert out == "(2, 2, 1, 7, 3)\n"


def test_what_is_imported_late_stays_apart_and_is_not_loaded(both):
    out, linked = both(
        app="",
        drivers="",
        drivers__base="def shared():\n    return 4\n",
        drivers__one="from drivers.base import shared\ndef make():\n    return shared(), 1\n",
        drivers__two="from drivers.base import shared\nprint('never')\ndef make():\n    return shared(), 2\n",
        compose="import sys\ndef compose(which=1):\n    if which == 1:\n        from drivers.one import make\n    else:\n"
        "        from drivers.two import make\n    return make(), 'drivers.two' in sys.modules\n",
    )
    assert out == "((4, 1), False)\n"
    assert {"drivers.one", "drivers.two", "drivers.base"} <= set(linked)


def test_a_fall_back_import(both):
    out, _ = both(
        app="",
        app__slow="class Sum:\n    def of(self, a, b):\n        return a + b\n",
        drivers="",
        drivers__fast="x = no_such_name\nclass Sum:\n    pass\n",
        compose="def _sum():\n    try:\n        from drivers.fast import Sum\n    except NameError:\n"
        "        from app.slow import Sum\n    return Sum()\ndef compose():\n    return _sum().of(1, 2), _sum().of(2, 2)\n",
    )
    assert out == "(3, 4)\n"


def test_a_module_that_is_used_as_an_object_stays_one(both):
    out, linked = both(
        app="",
        app__table="ROW = 7\n",
        compose="from app import table\ndef read(x):\n    return x.ROW\ndef compose():\n    return read(table), table.ROW\n",
    )
    assert out == "(7, 7)\n"
    assert "app.table" in linked


def test_slots_annotations_and_the_names_of_a_class_go(both):
    out, linked = both(
        compose="class Part:\n    '''Doc.'''\n    __slots__ = ('x',)\n    def __init__(self, x: int) -> None:\n"
        "        self.x: int = x\n\ndef compose():\n    '''Doc.'''\n    return Part(3).x, 4\n",
    )
    assert out == "(3, 4)\n"
    assert "'''" not in linked["compose"].text and "int" not in linked["compose"].text
    assert "'x'" not in linked["compose"].text


# -- what is not used --------------------------------------------------------------------------------------------


def test_what_nobody_asks_for_goes(both):
    out, linked = both(
        compose="_ROW = (1, 2)\n_GONE = (3, 4)\ndef _lost():\n    return _lost_too()\ndef _lost_too():\n    return 1\n"
        "class Lost:\n    def again(self):\n        return Lost()\n"
        "class Part:\n    def used(self):\n        return _ROW\n    def lost(self):\n        return self.lost()\n"
        "    def by_name(self):\n        return 5\n    def built_up(self):\n        return 6\n    @property\n"
        "    def size(self):\n        return 7\n    def __len__(self):\n        return 8\n"
        "def compose():\n    p = Part()\n    q = p.used(), p.used()\n"
        "    return q, getattr(p, 'by_name')(), getattr(p, 'built' + '_up')(), p.size, len(p)\n",
    )
    assert out == "(((1, 2), (1, 2)), 5, 6, 7, 8)\n"
    left = defined(linked)
    assert not {"_lost", "_lost_too", "again", "lost"} & left
    assert {"by_name", "size", "__len__", "compose"} <= left
    assert "_GONE" not in linked["compose"].text and "Lost" not in linked["compose"].text


def test_numbers_are_written_out(both):
    out, linked = both(
        app="",
        app__codes="from micropython import const\nBIT = const(1 << 4)\n_LESS = const(-3)\nBOTH = BIT | 2\n",
        compose="from micropython import const\nfrom app import codes\n_MINE = codes.BIT\n"
        "def compose(_LESS=1):\n    return codes.BOTH, -_MINE, _LESS, (codes.BIT - 1) ** 2\n",
    )
    assert out == "(18, -16, 1, 225)\n"
    assert "const" not in linked["compose"].text and "_MINE" not in linked["compose"].text


# -- names -------------------------------------------------------------------------------------------------------

CLASSES = """
class Base:
    step = 2
    def __init__(self, first):
        self.alpha = first
        self._beta = [first]
    def gamma(self, more):
        return self.alpha + more * self.step
    def both(self):
        return self.gamma(1), self.gamma(2)
class Heir(Base):
    def __init__(self, first, second):
        Base.__init__(self, first)
        self.delta = second
        self._epsilon = second + 1
    def gamma(self, more):
        return Base.gamma(self, more) + self.delta * 100 + self._epsilon
class Other:
    def __init__(self):
        self.zeta = []
        self.eta = 0
        self._told = None
    def theta(self, x=3):
        self.zeta.append(x)
        return len(self.zeta)
def compose():
    h = Heir(1, 2)
    o = Other()
    o.theta()
    o.theta(x=4)
    o.eta = 5
    h.outside = 6
    o._told = o.theta
    return h.both(), Base(9).both(), o._told(), o.eta, o.zeta, h.outside, h._beta, o._told(7)
"""


def test_attributes_share_names_but_not_within_a_family(both):
    out, _ = both(compose=CLASSES)
    assert out == "((206, 208), (11, 13), 3, 5, [3, 4, 3, 7], 6, [1], 4)\n"
    names = both.names["attributes"]
    family = {names.get(name, name) for name in ("step", "alpha", "_beta", "gamma", "both", "delta", "_epsilon")}
    assert len(family) == 7
    assert len(set(names.values())) < len(names)
    # Set from outside of a class: it could be any object's.
    assert list(names.values()).count(names.get("eta", "eta")) <= 1


def test_names_that_a_string_or_the_hardware_may_mean_stay(both):
    out, _ = both(
        compose="TEXT = '\\nlow_s 1\\n'\nclass Part:\n    def __init__(self):\n        self.low_s = 1\n"
        "        self.high_s = 2\n"
        "        self.found = 3\n    def value(self):\n        return 4\n    def append(self, x):\n        return x\n"
        "def compose():\n    p = Part()\n    names = []\n    names.append(p.append(TEXT.split()[0]))\n"
        "    setattr(p, 'high' + '_s', 9)\n"
        "    return getattr(p, names[0]), p.high_s, p.found, p.value(), p.value(), p.append(1)\n",
    )
    assert out == "(1, 9, 3, 4, 4, 1)\n"
    assert not {"low_s", "high_s", "value", "append"} & set(both.names["attributes"])


def test_an_attribute_that_is_asked_for_is_not_there_by_another_name(both):
    out, _ = both(
        compose="class A:\n    def __init__(self):\n        self.until_s = 1\nclass B:\n    def __init__(self):\n"
        "        self.some = 1\n        self.more = 2\n"
        "def compose():\n    b = B()\n    return hasattr(A(), 'until_s'), hasattr(b, 'until_s'), b.some, b.more\n",
    )
    assert out == "(True, False, 1, 2)\n"


def test_names_in_the_body_of_a_class(both):
    out, _ = both(
        compose="LIMIT = [3]\nLOW = [4]\ndef made():\n    return 5\nclass Part:\n    ALSO = LOW\n"
        "    LOW = LIMIT[0]\n    TWICE = LOW * 2\n"
        "    def value_of(self, x=LIMIT, y=made()):\n        return x, y\n    __call__ = value_of\n"
        "    @property\n"
        "    def size(self):\n        return self.TWICE\n    @staticmethod\n    def plain(x):\n        return x\n"
        "def compose():\n    p = Part()\n    return (p(), p.value_of(1), p.size, p.plain(2), p.plain(3),\n"
        "    Part.LOW, made(), Part.ALSO, LOW)\n",
    )
    assert out == "(([3], 5), (1, 5), 6, 2, 3, 3, 5, [4], [4])\n"


def test_a_default_of_a_method_that_has_the_name_of_a_module(both):
    out, _ = both(
        app="",
        app__words="TEXTS = (b'a', b'b')\n",
        compose="from app import words\nclass Part:\n    def words(self, n, of=words.TEXTS):\n        return of[n]\n"
        "def compose():\n    return Part().words(1), Part().words(0)\n",
    )
    assert out == "(b'b', b'a')\n"


def test_arguments_by_keyword_and_in_comprehensions(both):
    out, _ = both(
        compose="def f(alpha, beta, *, gamma=3, delta):\n    return [alpha + x for x in beta if x < gamma] + [delta]\n"
        "def g(alpha, beta):\n    return {beta: alpha for alpha in beta}, alpha\n"
        "def compose():\n    return f(1, (1, 2, 3), delta=5), f(1, beta=(1,), gamma=2, delta=6), g(1, (2,)), g(2, (3,))\n",
    )
    assert out == "([2, 3, 5], [2, 6], ({(2,): 2}, 1), ({(3,): 3}, 2))\n"


# -- folding -----------------------------------------------------------------------------------------------------


def folded(both, body, call, before="", extra=""):
    """A method `_m(self, a)` with `body`, called once by `call`, lines of a method that has `a` and runs at boot."""

    def indented(text):
        return "".join(f"        {line}\n" for line in text.splitlines())

    source = (
        f"{extra}class Part:\n    def __init__(self):\n        self.log = []\n        self.x = 1\n"
        f"    def note(self, what):\n        self.log.append(what)\n        return what\n"
        f"    def _m(self, a):\n{indented(body)}"
        f"    def start(self, a):\n        found = None\n{indented(call)}        return found\n"
        f"def compose():\n    p = Part()\n    q = []\n    for a in (-1, 0, 1, 5):\n        p.x = a\n"
        f"        try:\n            q.append((p.start(a), p.x))\n        except ValueError as error:\n"
        f"            q.append(error.args)\n    p.start(2)\n    return q, p.log\n"
    )
    out, linked = both(compose=source)
    return out, "_m" not in defined(linked)


EARLY = """if a < 0:
    return 'less'
self.note(a)
if a == 0:
    return None
b = a * 2
self.x = b
if a > 2:
    b += 1
else:
    return b
return b, a
"""
FORMS = [
    "found = self._m(a)",
    "self._m(a)",
    "return self._m(a + 1)",
    "if self._m(a):\n    found = 1\nelse:\n    found = 2",
    "if a == 1:\n    found = 0\nelif self._m(a) and a:\n    found = 1",
    "found = not self._m(a)",
    "self.x = self._m(a)",
    "found = (a, self._m(a), self.x)",
    "found = [self._m(self.note(a)), self.note(a)]",
    "found = self.note(self._m(a))",
    "b = 3\nfor i in range(2):\n    found = self._m(i - 1)\nfound = found, b",
    "try:\n    found = self._m(a)\nfinally:\n    self.note('end')",
    "if a < 1:\n    return self._m(a)\nfound = 4",
    "for i in str(self._m(a)):\n    found = i",
    "found = 'x' if self._m(a) else 'y'",
]


@pytest.mark.parametrize("call", FORMS)
@pytest.mark.parametrize("body", ["return a", "self.x += a", "self.note(a)\nreturn self.x + a", EARLY])
def test_a_call_of_every_form_is_folded(both, body, call):
    assert folded(both, body, call)[1]


def test_returns_out_of_loops_fold_only_where_they_return(both):
    body = (
        "for i in range(a):\n    if i == 2:\n        return self.note(i)\ntry:\n"
        "    return self.x // a\nexcept ZeroDivisionError:\n    pass"
    )
    assert folded(both, body, "return self._m(a)")[1]
    assert not folded(both, body, "found = self._m(a)")[1]


@pytest.mark.parametrize(
    "call",
    [
        "found = self.x + self._m(a)",  # x is read before it changes
        "found = [self.x, self._m(a)]",
        "found = a and self._m(a)",
        "found = self._m(a) if a else 1",
        "while self._m(a) < 0:\n    a += 1",
        "found = [self._m(i) for i in range(2)]",
        "self.x += self._m(a)",
        "self.note(0)\nself.log[0:0] = [self.note(1), self._m(a)]",
        "found = lambda: self._m(a)\nfound = found()",
        "m = self._m\nfound = m(a)",
        "found = self._m(*[a])",
        "found = self._m(a)\nself._m(1)",
    ],
)
def test_a_call_that_is_not_first_or_not_once_stays(both, call):
    assert not folded(both, "self.x = a + 7\nreturn self.x", call)[1]


@pytest.mark.parametrize(
    "body",
    [
        "yield a",
        "return [a + i for i in range(2)]",
        "f = lambda: a\nreturn f()",
        "return self._m(a - 1) if a > 0 else 0",
    ],
)
def test_a_body_that_needs_a_frame_stays(both, body):
    assert not folded(both, body, "found = str(self._m(a))[:3]")[1]


def test_an_exception_goes_where_it_went(both):
    out, done = folded(
        both,
        "if a == 1:\n    raise ValueError(a)\nreturn 3",
        "try:\n    found = self._m(a)\nexcept KeyError:\n    pass",
    )
    assert done and "(1,)" in out


def test_local_names_of_both_stay_apart(both):
    _, done = folded(
        both,
        "b = a + 1\na = b * 2\nfor i in range(a):\n    b += i\nreturn b",
        "b = 10\ni = 4\nfound = self._m(b)\nfound = found, a, b, i",
    )
    assert done


def test_methods_that_are_overridden_or_of_a_class_stay(both):
    source = (
        "class A:\n    def _m(self):\n        return 1\n    def _n(self):\n        return 10\n"
        "    def run(self):\n        return self._m() + 0, self._n()\n"
        "class B(A):\n    def _m(self):\n        return 2\n    def old(self):\n        return A.run(self)\n"
        "class C:\n    def _n(self):\n        return 3\n    def run(self):\n        return (self._n(), 1)\n"
        "def compose():\n    return A().run(), B().run(), B().old(), C().run(), C().run()\n"
    )
    out, linked = both(compose=source)
    assert out == "((1, 10), (2, 10), (2, 10), (3, 1), (3, 1))\n"
    assert [line for line in linked["compose"].text.splitlines() if "def _m" in line] == ["    def _m(self):"] * 2
    assert linked["compose"].text.count("def _n") == 1  # A's comes after _m; C's is gone


def test_functions_and_methods_of_other_objects(both):
    source = (
        "def _scaled(x, by=3, *, plus=1):\n    x *= by\n    return x + plus\n"
        "class Part:\n    def __init__(self, n):\n        self.n = n\n    def grown(self, by):\n        self.n += by\n"
        "        return self.n\nclass Whole:\n    def __init__(self):\n        self.part = Part(4)\n"
        "        self.spare = Part(5)\n"
        "    def run(self, x):\n        found = self.part.grown(x)\n"
        "        return _scaled(found, plus=2), self.part.n, self.spare.n\n"
        "def compose():\n    w = Whole()\n    return w.run(1), w.run(2)\n"
    )
    out, linked = both(compose=source)
    assert out == "((17, 5, 5), (23, 7, 5))\n"
    assert not {"grown", "_scaled"} & defined(linked)


def test_a_frame_on_the_stack_stays_there(both):
    """Six local names and three slots for what is reckoned fit; four more local names would not."""
    source = """
class Part:
    def _m(self, a):
        b = a + 1
        c = a + 2
        d = b * c
        e = c * d
        return b + c + d + e
    def run(self, a):
        w = a + 1
        x = w + 2
        y = x + 3
        z = y + 4
        if z > 100:
            return self._m(z)
        return w + x + y + z
    def %s(self):
        return self.run(1), self.run(200)
def compose():
    return Part().%s()
"""
    _, linked = both(compose=source % ("twice", "twice"))
    assert "_m" in defined(linked)
    _, linked = both(compose=source.replace("def run", "def start").replace(".run", ".start") % ("twice", "twice"))
    assert "_m" not in defined(linked)
