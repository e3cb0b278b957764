"""Conversion itself: the user's lines, sources, closures, and what is left alone."""

from __future__ import annotations

import functools
import gc
import inspect
import linecache
import sys
import threading
import traceback
import types
import weakref

import numpy as np
import pytest

import deras as tf
from deras._src.autograph import convert as conversion
from deras._src.autograph.callees import callee

HERE = __file__
SCALE = 2.0
SEEN = 0


def line_of(function, text):
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if text in line)


def from_text(text, name="<a cell>"):
    """What a notebook does: code whose source only linecache knows."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    names = {"tf": tf, "np": np}
    exec(compile(text, name, "exec"), names)
    return names


# -- lines ------------------------------------------------------------------------------------


def failing(x):
    for _ in tf.range(3):
        if x > 0:
            y = x * 2
            x = y + tf.constant([1, 2, 3])
    return x


def test_error_in_a_converted_block_shows_the_users_lines_only():
    with pytest.raises(TypeError) as caught:
        tf.function(failing)(tf.constant(1.0))
    frames = [
        (f.name, f.lineno)
        for f in traceback.extract_tb(caught.value.__traceback__)
        if f.filename == HERE and f.name == "failing"
    ]
    assert frames == [
        ("failing", line_of(failing, "for _ in")),
        ("failing", line_of(failing, "if x > 0")),
        ("failing", line_of(failing, "x = y +")),
    ]
    inner = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert inner.filename == HERE  # no frame of an operator, or of the library, below it


def test_full_tracebacks_keep_the_librarys_frames(monkeypatch):
    monkeypatch.setenv("DERAS_TRACEBACK", "full")
    with pytest.raises(TypeError) as caught:
        tf.function(failing)(tf.constant(1.0))
    files = [f.filename for f in traceback.extract_tb(caught.value.__traceback__)]
    assert any("autograph/operators" in f.replace("\\", "/") for f in files)


def traced_lines(run):
    """The lines of this file's functions that run, as a debugger or coverage sees them."""
    seen = set()

    def trace(frame, event, _):
        if frame.f_code.co_filename != HERE:
            return None
        if event == "line":
            seen.add((frame.f_code.co_name, frame.f_lineno))
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(old)
    return seen


def looped(n):
    total = 0
    for i in range(n):
        if i == 1:
            continue
        while total < 2:
            total += 1
        total += i
    else:
        total += 100
    if total > 1000:
        total = -1
    return total


def test_debuggers_and_coverage_see_the_lines_that_python_would_run():
    converted = tf.autograph.to_graph(looped)
    assert converted(4) == looped(4)
    own = {x for x in traced_lines(lambda: looped(4)) if x[0] == "looped"}
    lines = {x for x in traced_lines(lambda: converted(4)) if x[0] == "looped"}
    # `continue` is a flag and `else` a label: they have no line of their own.
    skipped = {("looped", line_of(looped, "continue"))}
    assert own - skipped <= lines | {("looped", line_of(looped, "def looped"))}
    assert ("looped", line_of(looped, "total = -1")) not in lines


def test_nodes_of_the_graph_carry_the_users_line():
    concrete = tf.function(failing_free).get_concrete_function(tf.TensorSpec([], tf.float32))
    loop = next(n for n in concrete.graph.nodes if n.op.name == "For")
    assert (loop.site.filename, loop.site.lineno) == (HERE, line_of(failing_free, "for _ in"))
    assert loop.site.function == "failing_free"


def failing_free(x):
    for _ in tf.range(3):
        x = x + 1.0
    return x


def test_names_of_functions_stay_the_users():
    def outer():
        def inner():
            return (lambda: 1), inspect.currentframe().f_code.co_name

        return inner()

    converted = tf.autograph.to_graph(outer)
    function, name = converted()
    assert (function.__name__, name) == ("<lambda>", "inner")
    assert converted.__qualname__ == outer.__qualname__
    assert converted.__code__.co_qualname == outer.__code__.co_qualname


# -- sources ----------------------------------------------------------------------------------


def test_two_lambdas_on_one_line_are_told_apart():
    f, g = lambda x: x + 1.0 if x > 0 else x, lambda x: x * 10.0 if x > 0 else -x
    for x in (2.0, -2.0):
        t = tf.constant(x)
        assert float(tf.function(f)(t)) == f(x)
        assert float(tf.function(g)(t)) == g(x)


def test_lambda_over_several_lines():
    f = (  # noqa: E731
        lambda x, y=3.0: x + y if x > 0 else x - y
    )
    assert float(tf.function(f)(tf.constant(1.0))) == 4.0
    assert float(tf.function(f)(tf.constant(-1.0))) == -4.0


def test_exec_without_source_says_so_where_a_tensor_decides():
    names = {}
    exec("def f(x):\n    if x > 0:\n        return x\n    return -x\n", names)
    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError) as caught:
        tf.function(names["f"])(tf.constant(1.0))
    text = str(caught.value)
    assert "AutoGraph could not see its source" in text
    assert "<string>:2 in f" in text
    assert "tf.cond" in text


def test_exec_without_source_runs_where_no_tensor_decides():
    names = {}
    exec("def f(x, k=3):\n    if k > 2:\n        return x * k\n    return x\n", names)
    assert float(tf.function(names["f"])(tf.constant(2.0))) == 6.0


def test_code_known_to_linecache_is_converted():
    names = from_text("def f(x):\n    if x > 0:\n        return x\n    return -x\n", "<cell 1>")
    assert float(tf.function(names["f"])(tf.constant(-3.0))) == 3.0


def test_cell_that_was_replaced():
    first = from_text("def f(x):\n    return x if x > 0 else -x\n", "<cell 2>")["f"]
    assert float(tf.function(first)(tf.constant(-3.0))) == 3.0
    second = from_text("def f(x):\n    return x * 2.0 if x > 0 else x\n", "<cell 2>")["f"]
    assert float(tf.function(second)(tf.constant(3.0))) == 6.0


def test_source_that_was_changed_is_not_taken_for_the_function():
    f = from_text("def f(x):\n    return x if x > 0 else -x\n", "<cell 3>")["f"]
    from_text("\n\ndef g(x):\n    return x\n", "<cell 3>")
    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="changed after it was"):
        tf.function(f)(tf.constant(1.0))


# -- closures and globals ---------------------------------------------------------------------


def test_cells_are_shared():
    k = 2.0

    def f(x):
        return x * k if x > 0 else x

    converted = tf.autograph.to_graph(f)
    assert converted(3.0) == 6.0
    k = 5.0
    assert converted(3.0) == 15.0
    assert dict(zip(f.__code__.co_freevars, f.__closure__, strict=True))["k"] in (
        converted.__closure__
    )


def test_later_globals_are_seen(monkeypatch):
    def f(x):
        return x * SCALE if x > 0 else x

    converted = tf.autograph.to_graph(f)
    assert converted(3.0) == 6.0
    monkeypatch.setitem(globals(), "SCALE", 10.0)
    assert converted(3.0) == 30.0


def test_global_statement_in_a_branch(monkeypatch):
    monkeypatch.setitem(globals(), "SEEN", tf.constant(0))

    @tf.function
    def f(x):
        global SEEN
        before = SEEN
        if x > 0:
            SEEN = before + 1
        result = SEEN
        SEEN = before
        return result

    assert int(f(tf.constant(1.0))) == 1
    assert int(f(tf.constant(-1.0))) == 0


def test_nonlocal_of_an_outer_function():
    count = tf.constant(0)

    def f(x):
        nonlocal count
        before = count
        for _ in tf.range(3):
            if x > 0:
                count = count + 2
        result, count = count, before
        return result

    assert int(tf.function(f)(tf.constant(1.0))) == 6
    assert int(tf.function(f)(tf.constant(-1.0))) == 0


class Base:
    __factor = 3.0

    def __init__(self):
        self.__hidden = 2.0

    def run(self, x):
        __local = x
        if x > 0:
            __local = x * self.__factor * self.__hidden
        return __local


class Child(Base):
    def run(self, x):
        parts = [super().run(x)]
        if x > 1:
            return super().run(x - 1.0) + parts[0]
        return super().run(x)


def test_private_names_and_super():
    for x in (3.0, 0.5, -1.0):
        assert float(tf.function(Child().run)(tf.constant(x))) == Child().run(x)


def test_recursive_local_function():
    def f(x, k):
        if k == 0:
            return x
        return f(x * 2.0 if x < 100 else x, k - 1)

    assert float(tf.function(f)(tf.constant(1.0), 3)) == 8.0


def test_defaults_annotations_and_attributes_are_kept():
    def f(x: int, *rest, k: float = 2.0, **named) -> float:
        """Doc."""
        return x * k

    f.mark = "kept"
    converted = tf.autograph.to_graph(f)
    assert inspect.signature(converted) == inspect.signature(f)
    assert (converted.__doc__, converted.mark) == ("Doc.", "kept")
    assert converted.__annotations__ == f.__annotations__
    assert converted(3) == 6.0


def test_wrapper_made_with_wraps_is_not_taken_for_what_it_wraps():
    def inner(x):
        return x if x > 0 else -x

    tf.autograph.to_graph(inner)

    @functools.wraps(inner)
    def wrapper(x):
        return inner(x) + 100.0

    assert float(tf.function(wrapper)(tf.constant(-1.0))) == 101.0


# -- what is left alone -----------------------------------------------------------------------


def test_libraries_are_not_converted():
    import json
    import textwrap

    for function in (np.sum, textwrap.dedent, json.dumps, tf.abs, functools.reduce, pytest.raises):
        assert callee(function) is function
    assert callee(test_libraries_are_not_converted) is not test_libraries_are_not_converted


def absolute(x):
    if x > 0:
        return x
    return -x


def test_functions_given_to_functions_of_the_library_are_converted():
    @tf.function
    def f(v):
        a = tf.map_fn(absolute, v)
        b = tf.cond(v[0] > 0, functools.partial(absolute, v[0]), lambda: v[0])
        c = tf.foldl(lambda s, x: s + absolute(x), v)
        return a, b, c

    a, b, c = f(tf.constant([1.0, -2.0]))
    assert (a.numpy().tolist(), float(b), float(c)) == ([1.0, 2.0], 1.0, 3.0)


def test_do_not_convert():
    @tf.autograph.experimental.do_not_convert
    def f(x):
        return x if x > 0 else -x

    @tf.function
    def g(x):
        return f(x)

    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="do_not_convert"):
        g(tf.constant(1.0))
    assert f(3.0) == 3.0
    assert f.__name__ == "f"


def test_autograph_false():
    @tf.function(autograph=False)
    def f(x):
        return x if x > 0 else -x

    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="autograph=False"):
        f(tf.constant(1.0))


def test_nested_function_that_forbids_it():
    @tf.function
    def f(x):
        @tf.function(autograph=False)
        def inner(y):
            return y * 2.0

        @tf.autograph.experimental.do_not_convert
        def other(y):
            return y + 1.0

        return inner(x) + other(x) if x > 0 else x

    assert float(f(tf.constant(2.0))) == 7.0


def test_generators_and_coroutines_are_left_as_they_are():
    def parts(x):
        for k in range(3):
            if k != 1:
                yield x * k

    async def later(x):
        return x if x > 0 else -x

    assert conversion.convert(parts) is parts
    assert conversion.convert(later) is later

    @tf.function
    def f(x):
        if x > 0:
            return tf.add_n(list(parts(x)))
        return x

    assert float(f(tf.constant(2.0))) == 4.0

    @tf.function
    def g(x):
        coroutine = later(x)
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value

    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="generator or coroutine"):
        g(tf.constant(1.0))


def test_return_in_finally_is_told():
    def f(x):
        try:
            y = x
        finally:
            return x if x > 0 else y  # noqa: B012

    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="inside finally"):
        tf.function(f)(tf.constant(1.0))
    with pytest.raises(ValueError, match="inside finally"):
        tf.autograph.to_graph(f)


def test_comprehension_over_a_tensor_is_told():
    @tf.function
    def f(v):
        return [x for x in v]  # noqa: C416

    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="comprehensions"):
        f(tf.constant([1.0]))


def test_conversion_is_done_once_per_code():
    def make(k):
        return lambda x: x * k if x > 0 else x

    f, g = make(2.0), make(3.0)
    assert conversion.convert(f).__code__ is conversion.convert(g).__code__
    assert conversion.convert(f) is conversion.convert(f)
    assert (conversion.convert(f)(1.0), conversion.convert(g)(1.0)) == (2.0, 3.0)
    converted = conversion.convert(f)
    assert conversion.convert(converted) is converted


def test_functions_are_let_go():
    def make():
        def f(x):
            return f if x is None else x

        return f

    f = make()
    conversion.convert(f)
    reference = weakref.ref(f)
    del f
    gc.collect()
    assert reference() is None


def test_threads():
    def f(x):
        total = x
        for i in tf.range(4):
            if i % 2 == 0:
                total = total + x
        return total

    results, errors = [], []
    start = threading.Barrier(16)

    def work():
        try:
            start.wait()
            results.append(float(tf.function(f)(tf.constant(2.0))))
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert results == [6.0] * 16


# -- the public functions ---------------------------------------------------------------------


def test_to_code_is_python():
    text = tf.autograph.to_code(looped)
    compile(text, "<text>", "exec")
    assert "ag__.for_stmt" in text
    assert "ag__.while_stmt" in text
    with pytest.raises(ValueError, match="Python function"):
        tf.autograph.to_code(3)


def test_to_graph_of_methods_and_tf_functions():
    child = Child()
    assert tf.autograph.to_graph(child.run)(3.0) == child.run(3.0)
    assert tf.autograph.to_graph(tf.function(looped))(3) == looped(3)


def test_converted_function_is_python_on_python_values():
    converted = tf.autograph.to_graph(looped)
    assert [converted(n) for n in range(6)] == [looped(n) for n in range(6)]
    assert type(converted(3)) is int


def test_maximum_iterations():
    @tf.function
    def f(n):
        i = 0
        while i < n:
            tf.autograph.experimental.set_loop_options(maximum_iterations=7)
            i += 1
        for k in tf.range(n):
            tf.autograph.experimental.set_loop_options(maximum_iterations=4)
            i += k
        return i

    assert int(f(tf.constant(100))) == 7 + 6


def test_shape_invariants_are_checked():
    @tf.function
    def before(n):
        s = tf.zeros([2])
        for _ in tf.range(n):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(s, tf.TensorShape([3]))])
            s = s + 1.0
        return s

    @tf.function
    def after(n):
        s = tf.zeros([2, 2])
        while n > 0:
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[(s, tf.TensorShape([None, 2]))]
            )
            s = tf.concat([s, s], 1)
            n -= 1
        return s

    with pytest.raises(ValueError, match=r"'s' has shape .*before the loop.*invariant"):
        before(tf.constant(3))
    with pytest.raises(ValueError, match=r"'s' has shape .*after one iteration.*invariant"):
        after(tf.constant(3))


def test_features():
    feature = tf.autograph.experimental.Feature
    assert feature.LISTS in feature.all()
    assert feature.LISTS not in feature.all_but(feature.LISTS)


# -- what other parts plug in -----------------------------------------------------------------


class Countdown:
    """An iterable that stages its own loops."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __autograph_for__(self, loop):
        loop.over_tensors(tf.range(self.n - 1, -1, -1))


def test_iterables_may_stage_their_loops():
    def f(x):
        for i in Countdown(4):
            x = x * 10 + i
        return x

    assert int(tf.function(f)(tf.constant(0))) == 3210
    assert f(0) == 123


def test_variables_as_conditions_and_rows():
    flag, rows = tf.Variable(True), tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def f():
        s = 0.0
        if flag:
            for x in rows:
                s += x
        return s

    assert float(f()) == 6.0
    flag.assign(False)
    assert float(f()) == 0.0


def test_unknown_dimensions():
    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def f(rows):
        s = tf.zeros([2])
        n = 0
        for row in rows:
            if row[0] < 0:
                break
            s += row
            n += 1
        for i in tf.range(tf.shape(rows)[0]):
            n += i
        return s, n, len(rows)

    for data in ([[1.0, 2.0], [3.0, 4.0], [-1.0, 5.0]], [[1.0, 2.0]]):
        s, n, count = f(tf.constant(data))
        kept = [r for r in data if r[0] >= 0]
        np.testing.assert_allclose(s, np.sum(kept, axis=0))
        assert (int(n), int(count)) == (len(kept) + sum(range(len(data))), len(data))


def test_second_order_gradients_through_loops_and_branches():
    def f(x):
        y = x
        for _ in tf.range(3):
            if y > 1.0:
                y = y * x
            else:
                y = y + x * x
        return y

    def second(function, x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = function(x)
            first = inner.gradient(y, x)
        return float(first), float(outer.gradient(first, x))

    x = tf.constant(0.9)
    np.testing.assert_allclose(second(tf.function(f), x), second(f, x), rtol=1e-5)


def test_keras_like_first_call_state():
    class Layer:
        def __init__(self):
            self.w = None

        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(2.0)
            if x > 0:
                return x * self.w
            return x

    layer = Layer()
    f = tf.function(layer.__call__)
    assert float(f(tf.constant(3.0))) == 6.0
    assert isinstance(layer.w, tf.Variable)
    assert isinstance(layer.__call__, types.MethodType)
