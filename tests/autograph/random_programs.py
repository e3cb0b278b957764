"""Programs from a random generator: nested statements over tensors, variables and Python values.

A program is text, the same for every run with one seed: a function `f(tf, x, w, n, v)` of a float
scalar, a vector of three, a small integer tensor and a variable, and what it calls. It always ends:
loops have counters. `tf` is Deras or the NumPy stand-in of `random_reference.py`, and `D` the float
dtype; nothing else is named, so that the same text runs on both.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

SCALARS = ("a", "b", "c")


@dataclass(frozen=True)
class Place:
    """Where a statement stands: what may be named there, and which jumps may leave it.

    Attributes:
      budget: Levels of nesting that are left.
      loop: The innermost loop: "staged" (tensors may end it), "python" or None.
      outermost: Whether nothing stands between the statement and that loop.
      returns: Whether a tensor may decide to return; not in Python's loops, which cannot be left.
      counter: Counter of a staged loop that takes each of 0, 1, 2 at most once, for writes.
    """

    budget: int
    loop: str | None = None
    outermost: bool = True
    returns: bool = True
    counter: str | None = None

    def inside(self) -> Place:
        return replace(self, budget=self.budget - 1, outermost=False)


class _Writer:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.counters = 0
        self.depth = 0
        self.scalars: tuple[str, ...] = SCALARS
        self.array = ""
        self.full = True
        self.filled = False
        self.helpers = 0
        self.result = ""

    # -- text ---------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def number(self) -> str:
        return self.pick("0.5", "1.0", "-0.25", "2.0", "0.1")

    def scalar(self) -> str:
        """Something that is a float tensor without more work."""
        if not self.full or self.maybe(0.6):
            return self.pick(*self.scalars)
        return self.pick("t[0]", "t[1]", "o.u", "d['u']", "y[0]", "y[k % 3]", "v")

    def value(self, level: int = 0) -> str:
        """A float expression; never a bare number."""
        kind = self.random.randrange(12 if level < 2 else 2)
        if kind in (0, 1):
            return self.scalar()
        inner = self.value(level + 1)
        if kind == 2:
            return f"tf.{self.pick('sin', 'tanh', 'cos')}({inner})"
        if kind == 3:
            return f"tf.cast({self.integer()}, D) * {self.number()}"
        if kind == 4:
            return f"({inner} if {self.condition(level + 1)} else tf.identity({self.scalar()}))"
        if kind == 5:
            return f"tf.{self.pick('maximum', 'minimum')}({inner}, {self.scalar()})"
        if kind == 6 and self.full:
            return f"tf.reduce_{self.pick('sum', 'mean')}({self.vector(level + 1)})"
        if kind == 7 and self.full and self.helpers:
            return f"h{self.random.randrange(self.helpers)}(tf, {inner}, {self.pick('k', '2')})"
        if kind == 8 and self.full:
            return f"tf.stop_gradient({inner})" if self.maybe(0.3) else f"g({inner})"
        if kind == 9:
            return f"({inner} {self.pick('+', '-', '*')} {self.number()})"
        return f"({inner} {self.pick('+', '-', '*')} {self.value(level + 1)})"

    def vector(self, level: int = 0) -> str:
        kind = self.random.randrange(5 if level < 2 else 2)
        if kind <= 1:
            return self.pick("y", "w", "y")
        if kind == 2:
            return f"tf.sin({self.vector(level + 1)})"
        if kind == 3:
            return f"tf.where(y > {self.number()}, {self.vector(level + 1)}, w * 0.5)"
        return f"({self.vector(level + 1)} {self.pick('+', '*')} {self.scalar()})"

    def integer(self) -> str:
        return self.pick("k", "k", "k + 1", "k * 2 % 7", "k // 2", "n")

    def bounded(self, name: str) -> str:
        """A new value of a float that cannot grow without end."""
        return f"{name} * 0.5 + tf.tanh({self.value()})"

    def condition(self, level: int = 0) -> str:
        kind = self.random.randrange(11 if level < 2 else 3)
        if kind in (0, 1):
            return f"{self.scalar()} {self.pick('<', '>', '<=', '>=')} {self.number()}"
        if kind == 2:
            return f"k % {self.pick('2', '3')} {self.pick('==', '!=')} {self.pick('0', '1')}"
        if kind == 3:
            return f"({self.condition(level + 1)} and {self.condition(level + 1)})"
        if kind == 4:
            return f"({self.condition(level + 1)} or {self.condition(level + 1)})"
        if kind == 5:
            return f"not {self.condition(level + 1)}"
        if kind == 6:
            return f"-1.0 < {self.scalar()} < {self.number()}"
        if not self.full:
            return f"{self.scalar()} > 0.3"
        if kind == 7:
            return f"tf.reduce_{self.pick('any', 'all')}(y > {self.number()})"
        if kind == 8:
            return self.pick("q", "not q")
        if kind == 9:
            return f"{self.scalar()} > {self.scalar()}"
        return self.pick("flag", "not flag", "size > 2", "n > 1")

    # -- statements ---------------------------------------------------------------------------

    def block(self, place: Place) -> None:
        for _ in range(self.random.randint(1, 2)):
            self.statement(place)

    def statement(self, place: Place) -> None:
        kind = self.random.randrange(16 if place.budget > 0 else 7)
        if kind == 0 or (kind <= 6 and not self.full):
            name = self.pick(*self.scalars)
            self.line(f"{name} = {self.bounded(name)}")
        elif kind == 1:
            self.line(self.pick("k = k + 1", "k = k + 2", "k = k * 2 % 11", "k += n"))
        elif kind == 2:
            self.update_variable()
        elif kind == 3:
            self.update_structure()
        elif kind in (4, 5) and self.array:
            self.use_array(place)
        elif kind == 5:
            self.line(f"q = {self.condition()}" if self.maybe(0.5) else "a, b = b, a")
        elif kind in (4, 6):
            self.line(f"y = y * 0.5 + tf.tanh({self.vector()})")
        elif kind <= 9:
            self.branch(place)
        elif kind == 10:
            self.staged_for(place)
        elif kind == 11:
            self.staged_while(place)
        elif kind == 12:
            self.python_loop(place)
        elif kind == 13 and self.full:
            self.guarded(place)
        elif kind == 14 and self.full:
            self.rows(place)
        else:
            self.jump(place)

    def update_variable(self) -> None:
        s = self.scalar()
        self.line(
            self.pick(f"v.assign(v * 0.5 + {s})", f"v.assign_add({s})", f"v.assign_sub({s} * 0.5)")
        )

    def update_structure(self) -> None:
        s = self.scalar()
        self.line(
            self.pick(
                f"o.u = o.u * 0.5 + {s}",
                f"d['u'] = d['u'] * 0.5 + {s}",
                f"t = (t[1], {s} * 0.5)",
                f"c, t = t[0], ({self.bounded('c')}, c)",
            )
        )

    def use_array(self, place: Place) -> None:
        if self.array == "fixed":
            if place.counter and not self.filled:
                self.line(f"ta = ta.write({place.counter}, {self.value()} + a * 0.0)")
                self.filled = True
            else:
                self.line(f"b = b * 0.5 + ta.read({self.pick('0', 'k % 3', '1')})")
        elif self.maybe(0.6):
            self.line(f"ta = ta.write(ta.size(), {self.value()} + a * 0.0)")
        else:
            self.line("if ta.size() > 0:")
            self.line(f"    b = b * 0.5 + ta.read({self.pick('ta.size() - 1', '0')})")

    def branch(self, place: Place) -> None:
        self.line(f"if {self.condition()}:")
        self.inner(place.inside())
        if self.maybe(0.3):
            self.line(f"elif {self.condition()}:")
            self.inner(place.inside())
        if self.maybe(0.6):
            self.line("else:")
            self.inner(place.inside())

    def inner(self, place: Place) -> None:
        self.depth += 1
        self.block(place)
        self.depth -= 1

    def loop_body(self, place: Place) -> None:
        """Statements, and in half of the loops a jump before the last."""
        self.depth += 1
        self.block(place)
        if self.maybe(0.5):
            self.jump(place)
            self.statement(replace(place, budget=0))
        self.depth -= 1

    def guarded(self, place: Place) -> None:
        if self.maybe(0.5):
            self.line("with tf.name_scope('s'):")
            self.inner(place.inside())
        else:
            self.line("try:")
            self.inner(place.inside())
            self.line("finally:")
            self.line("    k = k + 1")

    def jump(self, place: Place) -> None:
        choices = ["return"] if place.returns else []
        if place.loop == "staged":
            choices += ["break", "continue", "break", "continue"]
        elif place.loop == "python":
            choices += ["continue", "leave"] if place.outermost else ["continue"]
        if not choices:
            return self.line("k = k + 1")
        jump = self.pick(*choices)
        if jump == "leave":
            # Only Python may leave Python's loop, or keep a tensor from being asked.
            self.line(f"if {self.pick('flag', 'size > 1')}:")
            return self.line(f"    {self.pick('break', 'continue')}")
        self.line(f"if {self.condition()}:")
        self.line(f"    {self.returned() if jump == 'return' else jump}")
        return None

    def returned(self) -> str:
        if not self.full:
            return f"return {self.value()} + z * 0.0"
        return f"return (a + 0.0, {self.bounded('b')}, {self.result})"

    def staged_for(self, place: Place) -> None:
        self.counters += 1
        i = f"i{self.counters}"
        over = self.pick("tf.range(n)", "tf.range(3)", "tf.range(1, n + 1)", "range(n)")
        # A second entry would write an element twice, so only a loop that is in no other counts.
        fresh = place.loop is None and over in ("tf.range(n)", "tf.range(3)", "range(n)")
        self.line(f"for {i} in {over}:")
        self.line(f"    k = k + {i}")
        within = replace(place.inside(), loop="staged", counter=i if fresh else None)
        self.loop_body(replace(within, outermost=True))
        if self.maybe(0.2):
            self.line("else:")
            self.inner(replace(place.inside(), budget=0))

    def staged_while(self, place: Place) -> None:
        self.counters += 1
        j = f"j{self.counters}"
        self.line(f"{j} = tf.constant(0)")
        self.line(f"while {j} < n and {self.pick(*self.scalars)} < 50.0:")
        self.line(f"    {j} = {j} + 1")
        self.loop_body(replace(place, budget=place.budget - 1, loop="staged", counter=None))
        if self.maybe(0.2):
            self.line("else:")
            self.inner(replace(place.inside(), budget=0))

    def rows(self, place: Place) -> None:
        self.counters += 1
        e, i = f"e{self.counters}", f"i{self.counters}"
        name = self.pick(*self.scalars)
        head = self.pick(
            f"for {e} in w:",
            f"for {e} in y * 0.5:",
            f"for {i}, {e} in enumerate(w):",
            f"for {e}, {i} in zip(w, y):",
        )
        self.line(head)
        self.line(f"    {name} = {name} * 0.5 + {e}")
        self.loop_body(replace(place, budget=place.budget - 1, loop="staged", counter=None))

    def python_loop(self, place: Place) -> None:
        self.counters += 1
        p = f"p{self.counters}"
        if self.maybe(0.7):
            self.line(f"for {p} in {self.pick('range(size)', '(1, 3)', '[2.0, 0.5]')}:")
        else:
            self.line(f"{p} = 0")
            self.line(f"while {p} < size:")
            self.line(f"    {p} = {p} + 1")
        name = self.pick(*self.scalars)
        self.line(f"    {name} = {name} * 0.5 + {p} * 0.1")
        # No tensor can decide to leave it.
        self.loop_body(Place(min(place.budget - 1, 1), loop="python", returns=False))

    # -- programs -----------------------------------------------------------------------------

    def helper(self) -> None:
        """A function of a scalar and an integer, with branches, a loop and early returns."""
        self.line(f"def h{self.helpers}(tf, z, k):")
        self.depth, self.scalars, self.full = 1, ("z", "r"), False
        self.line("r = z * 0.5")
        self.line(f"n, flag, size = {self.pick('tf.constant(2)', 'tf.identity(k) % 3')}, True, 2")
        self.block(Place(1))
        self.line("return r + z * 0.1")
        self.depth, self.scalars, self.full = 0, SCALARS, True
        self.line("")
        self.helpers += 1

    def program(self, budget: int) -> str:
        self.line("class Holder:")
        self.line("    pass")
        self.line("")
        for _ in range(self.random.randrange(3)):
            self.helper()
        self.array = self.random.choice(["", "", "", "fixed", "fixed", "fixed", "read", "read"])
        if budget == 1 and self.maybe(0.12):
            # Its length splits programs in many small ones, which take seconds to compile.
            self.array = "stack"
        self.result = "c + 0.0, y + 0.0, k + 0, t, o.u + 0.0, d['u'] + 0.0"
        self.line("def f(tf, x, w, n, v):")
        self.depth = 1
        self.line("a, b, c = x, x * 0.5, x - 1.0")
        self.line("k, q, y, t = tf.constant(0), x > 0.3, w * x, (x * 0.1, x + 0.2)")
        self.line("o, d = Holder(), {'u': x * 2.0}")
        self.line("o.u = x * x")
        self.line(f"flag, size = {self.maybe(0.5)}, {self.random.choice([1, 2, 3])}")
        self.line(
            "g = "
            + self.pick("lambda z: z * 0.5", "lambda z: z if z > 0.1 else -z", "lambda z: z + v")
        )
        if self.array == "fixed":
            self.line("ta = tf.TensorArray(D, size=3, element_shape=[], clear_after_read=False)")
            if self.maybe(0.5):
                self.line("ta = ta.unstack(w)")
                self.filled = True
            self.result += ", ta.stack()"
        elif self.array:
            self.line(
                "ta = tf.TensorArray(D, size=0, dynamic_size=True, element_shape=[], "
                "clear_after_read=False)"
            )
            self.result += ", ta.stack()" if self.array == "stack" else ", ta.size()"
        for _ in range(3 if budget == 1 else 2):
            self.block(Place(budget))
        self.line(f"return (a + 0.0, b + 0.0, {self.result})")
        return "\n".join(self.lines) + "\n"


def random_program(seed: int) -> str:
    """The text of program number `seed`; every fourth nests deeper, at several times the cost."""
    return _Writer(seed).program(2 if seed % 4 == 0 else 1)
