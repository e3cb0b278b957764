"""Programs from a random generator: nested statements over tensors, variables and Python values.

A program is text, the same for every run with one seed. Each is a function `f(tf, x, n, v)` of a
float tensor, a small integer tensor and a variable. It always ends: loops have counters.
"""

from __future__ import annotations

import random


class _Writer:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.counters = 0
        self.depth = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def number(self) -> str:
        return self.random.choice(["0.5", "1.0", "-0.25", "2.0", "0.1"])

    def value(self, level: int = 0) -> str:
        r = self.random
        kind = r.randrange(8 if level < 2 else 3)
        if kind == 0:
            return self.number()
        if kind in (1, 2):
            return r.choice(["a", "b", "c"])
        if kind == 3:
            return f"tf.sin({self.value(level + 1)})"
        if kind == 4:
            return f"tf.cast(k, tf.float32) * {self.number()}"
        if kind == 5:
            return (
                f"({self.value(level + 1)} if {self.condition(level + 1)} "
                f"else tf.identity({r.choice(['a', 'b', 'c'])}))"
            )
        sign = r.choice(["+", "-", "*"])
        return f"({self.value(level + 1)} {sign} {self.value(level + 1)})"

    def tensor(self) -> str:
        return f"{self.random.choice(['a', 'b', 'c'])} * 0.5 + tf.tanh({self.value()} + 0.0 * a)"

    def condition(self, level: int = 0) -> str:
        r = self.random
        kind = r.randrange(8 if level < 2 else 3)
        if kind in (0, 1):
            return f"{r.choice(['a', 'b', 'c'])} {r.choice(['<', '>'])} {self.number()}"
        if kind == 2:
            return f"k % {r.choice([2, 3])} == {r.choice([0, 1])}"
        if kind == 3:
            return f"({self.condition(level + 1)} and {self.condition(level + 1)})"
        if kind == 4:
            return f"({self.condition(level + 1)} or {self.condition(level + 1)})"
        if kind == 5:
            return f"not {self.condition(level + 1)}"
        if kind == 6:
            return f"-1.0 < {r.choice(['a', 'b', 'c'])} < {self.number()}"
        return r.choice(["flag", "not flag", "size > 2"])

    def block(self, budget: int, in_loop: str | None) -> None:
        """`in_loop` is None, "staged" (tensors may break it) or "python"."""
        for _ in range(self.random.randint(1, 2)):
            self.statement(budget, in_loop)

    def statement(self, budget: int, in_loop: str | None) -> None:
        r = self.random
        kind = r.randrange(12) if budget > 0 else r.randrange(4)
        if kind <= 1:
            self.line(f"{r.choice(['a', 'b', 'c'])} = {self.tensor()}")
        elif kind == 2:
            self.line(f"k = k + {r.choice([1, 2])}")
        elif kind == 3:
            self.line(f"v.assign(v * 0.5 + {r.choice(['a', 'b', 'c'])})")
        elif kind in (4, 5, 6):
            self.branch(budget, in_loop)
        elif kind == 7:
            self.staged_for(budget)
        elif kind == 8:
            self.staged_while(budget)
        elif kind == 9:
            self.python_for(budget)
        elif kind == 10:
            self.jump(in_loop)
        else:
            self.line(f"d['u'] = d['u'] * 0.5 + {r.choice(['a', 'b', 'c'])}")

    def branch(self, budget: int, in_loop: str | None) -> None:
        self.line(f"if {self.condition()}:")
        self.inner(budget - 1, in_loop)
        if self.random.random() < 0.3:
            self.line(f"elif {self.condition()}:")
            self.inner(budget - 1, in_loop)
        if self.random.random() < 0.6:
            self.line("else:")
            self.inner(budget - 1, in_loop)

    def inner(self, budget: int, in_loop: str | None) -> None:
        self.depth += 1
        self.block(budget, in_loop)
        self.depth -= 1

    def jump(self, in_loop: str | None) -> None:
        r = self.random
        choices = ["return"] if in_loop != "python" else []
        if in_loop == "staged":
            choices += ["break", "continue", "break", "continue"]
        elif in_loop == "python":
            choices += ["continue"]
        jump = r.choice(choices)
        if jump == "return":
            jump = f"return ({self.tensor()}, tf.identity(b) * 1.0, k + 0, d['u'] + 0.0)"
        self.line(f"if {self.condition()}:")
        self.line(f"    {jump}")

    def staged_for(self, budget: int) -> None:
        self.counters += 1
        i = f"i{self.counters}"
        over = self.random.choice(["tf.range(n)", "tf.range(3)", "tf.range(1, n + 1)"])
        self.line(f"for {i} in {over}:")
        self.depth += 1
        self.line(f"k = k + {i}")
        self.depth -= 1
        self.inner(budget - 1, "staged")
        if self.random.random() < 0.2:
            self.line("else:")
            self.inner(0, None)

    def staged_while(self, budget: int) -> None:
        self.counters += 1
        j = f"j{self.counters}"
        self.line(f"{j} = tf.constant(0)")
        self.line(f"while {j} < n and a < 50.0:")
        self.depth += 1
        self.line(f"{j} = {j} + 1")
        self.depth -= 1
        self.inner(budget - 1, "staged")

    def python_for(self, budget: int) -> None:
        self.counters += 1
        self.line(f"for p{self.counters} in range(size):")
        self.depth += 1
        self.line(f"c = c * 0.5 + p{self.counters}")
        self.depth -= 1
        self.inner(min(budget - 1, 1), "python")


def random_program(seed: int, budget: int = 2) -> str:
    """The text of program number `seed`."""
    writer = _Writer(seed)
    writer.line("def f(tf, x, n, v):")
    writer.depth = 1
    writer.line("a, b, c = x, x * 0.5, x - 1.0")
    writer.line("k = tf.constant(0)")
    writer.line("d = {'u': x * 2.0}")
    writer.line(f"flag, size = {writer.random.random() < 0.5}, {writer.random.choice([1, 2, 3])}")
    for _ in range(2):
        writer.block(budget, None)
    writer.line("return (a + 0.0, b + 0.0, k + 0, d['u'] + 0.0)")
    return "\n".join(writer.lines) + "\n"
