"""What tells traces apart, how a trace describes itself, and how it may be called."""

from __future__ import annotations

import dataclasses
import enum
import gc
import weakref
from collections import namedtuple

import numpy as np
import pytest

import deras as tf

Spec = tf.TensorSpec


def count_traces(arguments, **options):
    f = tf.function(lambda x: tf.constant(0), **options)
    for argument in arguments:
        f(argument)
    return f.experimental_get_tracing_count()


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Plain:
    pass


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: int


@dataclasses.dataclass
class Mutable:
    x: int


Pair = namedtuple("Pair", "a b")
PLAIN = Plain()


# Each count is TensorFlow's.
@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ([1, 1, 2], 2),
        ([0.0, -0.0], 1),
        ([float("nan"), float("nan")], 1),
        (["a", "a", "b"], 2),
        ([b"a", b"a", "a"], 2),
        ([None, None], 1),
        ([1j, 1j, 2j], 2),
        ([2**80, 2**80], 1),
        ([np.zeros(2), np.zeros(2), np.ones(2), np.zeros(3)], 2),
        ([np.float32(1), np.float32(2)], 1),
        ([np.int64(1), np.int64(2), 1], 2),
        ([Color.RED, Color.RED, Color.BLUE], 2),
        ([PLAIN, PLAIN], 1),
        ([PLAIN, Plain()], 2),
        ([Frozen(1), Frozen(1)], 1),
        ([Frozen(1), Frozen(2)], 2),
        ([frozenset([1]), frozenset([1]), frozenset([2])], 2),
        ([[1], [1], [2], (1,)], 3),
        ([{"a": 1}, {"a": 1}, {"b": 1}], 2),
        ([Pair(1, 2), Pair(1, 2), Pair(1, 3)], 2),
        ([tf.float32, tf.float32, tf.int32], 2),
        ([tf.TensorShape([1]), tf.TensorShape([1]), tf.TensorShape([2])], 2),
        ([len, len, max], 2),
        ([int, int, float], 2),
        ([range(3), range(3), range(4)], 2),
        ([np, np], 1),
        ([tf.Module(), tf.Module()], 2),
    ],
    ids=lambda value: None,
)
def test_what_shares_a_trace(arguments, count):
    assert count_traces(arguments) == count


def test_python_values_are_told_apart_by_type_too():
    assert count_traces([1, 1.0, True]) == 3


@pytest.mark.parametrize("value", [{1}, Mutable(1), {"a": {2}}])
def test_what_cannot_be_hashed_is_refused(value):
    with pytest.raises(TypeError, match="cannot be hashed"):
        count_traces([value])


def test_a_spec_is_no_argument_of_a_call():
    with pytest.raises(ValueError, match="get_concrete_function"):
        tf.function(lambda x: x)(Spec([2]))


def test_arguments_are_not_kept_alive():
    f = tf.function(lambda o, x: x)
    for wrap in (lambda o: o, lambda o: [o], lambda o: {"k": (o, 1)}):
        plain = Plain()
        f(wrap(plain), tf.constant(1))
        f.get_concrete_function(wrap(plain), tf.constant(1))
        reference = weakref.ref(plain)
        del plain
        gc.collect()
        assert reference() is None


def shapes_traced(calls):
    seen = []

    @tf.function(reduce_retracing=True)
    def f(*args):
        seen.append([x.shape.rank and x.shape.as_list() for x in tf.nest.flatten(args) if is_t(x)])
        return tf.constant(0)

    is_t = tf.is_tensor
    for arguments in calls:
        f(*arguments)
    return seen


Z = tf.zeros


# Each list is TensorFlow's.
@pytest.mark.parametrize(
    ("calls", "wanted"),
    [
        (
            [(Z(s),) for s in ([2, 2], [3, 2], [4, 2], [4, 5], [9, 9], [1], [7], [8, 8, 8])],
            [[[2, 2]], [[None, 2]], [[None, None]], [None]],
        ),
        (
            [(Z([a]), Z([b])) for a, b in ((2, 2), (3, 2), (3, 3), (9, 9))],
            [[[2], [2]], [[None], [2]], [[None], [None]]],
        ),
        (
            [
                (Z([n], d),)
                for n, d in (
                    (2, tf.float32),
                    (3, tf.int32),
                    (4, tf.float32),
                    (5, tf.int32),
                    (6, tf.float32),
                )
            ],
            [[[2]], [[3]], [[None]], [[None]]],
        ),
        (
            [(Z([2]), 1), (Z([3]), 2), (Z([4]), 1), (Z([5]), 2)],
            [[[2]], [[3]], [[None]], [[None]]],
        ),
        ([(Z([2]),), (Z([3]),), (Z([2]),)], [[[2]], [[None]]]),
        (
            [([Z([n]) for n in sizes],) for sizes in ([2], [3], [4], [4, 1], [5, 2])],
            [[[2]], [[None]], [[4], [1]], [[None], [None]]],
        ),
    ],
    ids=lambda value: None,
)
def test_what_reduce_retracing_relaxes(calls, wanted):
    assert shapes_traced(calls) == wanted


def test_a_general_trace_serves_what_fits():
    f = tf.function(lambda x: x)
    f.get_concrete_function(Spec([None]))
    f(tf.ones([3]))
    assert f.get_concrete_function(Spec([4])) is f.get_concrete_function(Spec([None]))
    assert f.experimental_get_tracing_count() == 1
    f(tf.ones([2, 2]))
    assert f.experimental_get_tracing_count() == 2


def f(x, n, *rest, k=2, **kw):
    return {"y": x * n, "z": (x, None)}


def test_a_trace_describes_itself():
    concrete = tf.function(f).get_concrete_function(Spec([None]), 3.0)
    spec = "TensorSpec(shape=(None,), dtype=tf.float32, name=None)"
    assert concrete.pretty_printed_signature().splitlines() == [
        "Input Parameters:",
        f"  x (POSITIONAL_ONLY): {spec}",
        "  n (POSITIONAL_ONLY): Literal[3.0]",
        "  k (KEYWORD_ONLY): Literal[2]",
        "Output Type:",
        f"  Dict[['y', {spec}], ['z', Tuple[{spec}, Literal[None]]]]",
        "Captures:",
        "  None",
    ]
    short = concrete.pretty_printed_signature(verbose=False)
    assert short.startswith(f"(x: {spec}, n: Literal[3.0], /, *, k: Literal[2]) -> Dict[")
    assert concrete.structured_input_signature == ((Spec([None], name="x"), 3.0), {"k": 2})
    assert concrete.structured_outputs == {"y": Spec([None]), "z": (Spec([None]), None)}
    assert concrete.output_dtypes == {"y": tf.float32, "z": (tf.float32, None)}
    assert concrete.captured_inputs == []
    names = [p.name for p in concrete.function_type.parameters.values()]
    assert names == ["x", "n", "k"]
    polymorphic = tf.function(f).function_type
    assert [p.optional for p in polymorphic.parameters.values()] == [
        False,
        False,
        False,
        True,
        False,
    ]


def inputs_of(function, *args, **kwargs):
    concrete = tf.function(function).get_concrete_function(*args, **kwargs)
    return [t.name for t in concrete.inputs], concrete.structured_input_signature


def test_placeholders_are_named_as_the_arguments():
    s = Spec([])
    names, (args, kwargs) = inputs_of(lambda a, b=2.0: a, s, b=s)
    assert names == ["a:0", "b:0"]
    assert (args, kwargs) == ((Spec([], name="a"), Spec([], name="b")), {})
    names, (args, _) = inputs_of(lambda d, x: x, {"p": s, "q": [s]}, [Spec([], name="zed")])
    assert names == ["d:0", "d_1:0", "zed:0"]
    assert args == (
        {"p": Spec([], name="d_p"), "q": [Spec([], name="d_q_0")]},
        [Spec([], name="zed")],
    )
    names, (_, kwargs) = inputs_of(lambda *a, **k: a, s, s, z=s, w=s)
    assert names == ["a_0:0", "a_1:0", "w:0", "z:0"]
    assert kwargs["w"].name == "w"


def test_calling_a_trace():
    g = tf.function(lambda a, b=2.0: a * b)
    concrete = g.get_concrete_function(Spec([2]), b=Spec([]))
    x, s = tf.ones([2]), tf.constant(3.0)
    for result in (
        concrete(x, s),
        concrete(x, b=s),
        concrete(a=x, b=s),
        concrete(x, 3.0),
        concrete(np.ones(2), 3),
        concrete([1.0, 1.0], np.float32(3)),
        concrete.inference_fn(x, s),
        concrete.inference_fn.call_with_captures((x, s), {}, []),
    ):
        assert result.numpy().tolist() == [3.0, 3.0]
    for args, kwargs, match in [
        ((), {}, "missing a required argument: 'a'"),
        ((x,), {}, "missing a required argument: 'b'"),
        ((x, s, s), {}, "too many positional"),
        ((x, s), {"c": s}, "unexpected keyword argument 'c'"),
        ((x, s), {"a": x}, "multiple values for argument 'a'"),
        (("a", 3.0), {}, "string|'a'"),
        ((None, 3.0), {}, "None"),
        ((np.ones(3, np.float32), 3.0), {}, "Can not cast"),
    ]:
        with pytest.raises(TypeError, match=match):
            concrete(*args, **kwargs)
    with pytest.raises(tf.errors.InvalidArgumentError, match="b must be float32, got int32"):
        concrete(x, tf.constant(3))
    with pytest.raises(ValueError, match="shape"):
        concrete(tf.ones([3]), s)


def test_calling_a_trace_with_python_values_in_it():
    g = tf.function(lambda a, b=2.0: a * b)
    concrete = g.get_concrete_function(Spec([2]), 5.0)
    x = tf.ones([2])
    for result in (concrete(x), concrete(x, 5.0), concrete(x, b=5.0), concrete(a=x)):
        assert result.numpy().tolist() == [5.0, 5.0]
    for other in (6.0, tf.constant(5.0), 5):
        with pytest.raises(TypeError, match=r"Can not cast .* to Literal\[5.0\]"):
            concrete(x, other)


def test_calling_a_trace_with_structures_and_flat():
    h = tf.function(lambda d, x: d["p"] + d["q"][0] + x[0])
    s = tf.constant(3.0)
    signature = {"p": Spec([]), "q": [Spec([])]}, [Spec([], name="zed")]
    concrete = h.get_concrete_function(*signature)
    for result in (
        concrete({"p": s, "q": [s]}, [s]),
        concrete(s, s, s),
        concrete(d=s, d_1=s, zed=s),
    ):
        assert float(result) == 9.0
    with pytest.raises(TypeError, match="structure"):
        concrete({"p": s}, [s])
    named = tf.function(lambda x: x * 2.0).get_concrete_function(Spec([], name="inp"))
    assert float(named(inp=s)) == float(named(x=s)) == 6.0


def test_graphs_are_listed():
    v = tf.Variable(2.0, name="v")

    @tf.function
    def f(x, c):
        with tf.name_scope("outer"):
            y = tf.add(x, [1.0, 2.0], name="plus")
        return tf.cond(c, lambda: y * v, lambda: y)

    concrete = f.get_concrete_function(Spec([2]), Spec([], tf.bool))
    graph = concrete.graph
    listed = {node.name: node for node in graph.as_graph_def().node}
    assert [listed[n].op for n in ("x", "c", "Const", "outer/plus")] == [
        "Placeholder",
        "Placeholder",
        "Const",
        "AddV2",
    ]
    assert listed["outer/plus"].input == ["x", "Const"]
    assert listed["x"].attr["shape"] == [2]
    assert "test_signatures.py" in str(listed["outer/plus"].site)
    text = str(graph.as_graph_def())
    assert 'op: "Placeholder"' in text
    assert "function {" in text  # the branches
    assert graph.get_operation_by_name("outer/plus").type == "AddV2"
    assert graph.get_tensor_by_name("x:0") is concrete.inputs[0]
    assert graph.get_operations()[0].name == "x"
    assert graph.variables == (v,)
    assert concrete.variables == (v,)
    assert [float(x) for x in concrete.captured_inputs] == [2.0]
    for call, error in [
        (lambda: graph.get_operation_by_name("nope"), KeyError),
        (lambda: graph.get_tensor_by_name("x"), ValueError),
        (lambda: graph.get_tensor_by_name("x:5"), KeyError),
        (lambda: graph.get_operation_by_name("x").get_attr("nope"), ValueError),
    ]:
        with pytest.raises(error):
            call()


def test_attributes():
    s = tf.constant(1.0)
    f = tf.function(
        lambda a: a,
        experimental_implements="my.op",
        experimental_attributes={"_noinline": True, "api_implements": "k"},
        experimental_autograph_options=tf.autograph.experimental.Feature.ALL,
        experimental_follow_type_hints=True,
    )
    concrete = f.get_concrete_function(s)
    wanted = {"_noinline": True, "api_implements": "k", "_implements": "my.op"}
    assert concrete.attributes == concrete.function_def.attr == wanted
    assert concrete.function_def.node_def[0].name == "a"
    with pytest.raises(ValueError, match="'bogus' is not supported"):
        tf.function(lambda a: a, experimental_attributes={"bogus": 1})
    with pytest.raises(TypeError, match="Feature"):
        tf.function(lambda a: a, experimental_autograph_options="bogus")
    relaxed = tf.function(lambda a: a, experimental_relax_shapes=True)
    for n in (1, 2, 3, 4):
        relaxed(tf.ones([n]))
    assert relaxed.experimental_get_tracing_count() == 2


def test_input_signatures_are_checked():
    s = Spec([])
    for function, signature, match in [
        (lambda a: a, [3], "possibly nested sequence"),
        (lambda a: a, s, "list or tuple"),
        (lambda a, b: a, [s], "no entry for 'b'"),
        (lambda a: a, [s, s], "1 more entries"),
        (lambda a, *, k: a, [s], "no entry for 'k'"),
    ]:
        with pytest.raises(TypeError, match=match):
            tf.function(function, input_signature=signature)
    one = tf.constant(1.0)
    defaults = tf.function(lambda a, b=2.0, *, k=3.0: a * b * k, input_signature=[s])
    assert float(defaults(one)) == float(defaults(one, 2.0, k=3.0)) == 6.0
    for arguments in ({"b": 3.0}, {"k": 4.0}, {"b": one}):
        with pytest.raises(TypeError, match="keeps its default"):
            defaults(one, **arguments)
    variadic = tf.function(lambda a, *r: a * r[0], input_signature=[s, s])
    assert float(variadic(one, 3.0)) == 3.0
    both = tf.function(lambda a, b: a - b, input_signature=[s, s])
    assert float(both(b=one, a=3.0)) == 2.0
    with pytest.raises(TypeError, match="input_signature"):
        both("a", one)


def test_calls_that_do_not_bind_name_the_function():
    def scaled(x, y):
        return x

    for args, kwargs, match in [
        ((1,), {}, "missing a required argument: 'y'"),
        ((1, 2, 3), {}, "too many positional"),
        ((1, 2), {"q": 1}, "got an unexpected keyword argument 'q'"),
        ((1, 2), {"x": 1}, "multiple values for argument 'x'"),
    ]:
        with pytest.raises(TypeError, match=rf"scaled\(x, y\): {match}"):
            tf.function(scaled)(*args, **kwargs)
    with pytest.raises(TypeError, match="not a callable"):
        tf.function(3)


def test_the_compilers_text():
    f = tf.function(lambda x: tf.sin(x) * 2.0)
    for stage, text in (("hlo", "sine"), ("stablehlo", "stablehlo.sine"), ("optimized_hlo", "Hlo")):
        assert text in f.experimental_get_compiler_ir(tf.ones([3]))(stage=stage)
    with pytest.raises(ValueError, match="stage must be one of"):
        f.experimental_get_compiler_ir(tf.ones([3]))(stage="bogus")
    with pytest.raises(ValueError, match="known shapes"):
        f.experimental_get_compiler_ir(Spec([None]))()


def test_types_of_functions():
    kinds = tf.types.experimental
    f = tf.function(lambda x: x)
    concrete = f.get_concrete_function(tf.constant(1.0))
    names = ("Callable", "GenericFunction", "PolymorphicFunction", "ConcreteFunction")
    assert [isinstance(f, getattr(kinds, n)) for n in names] == [True, True, True, False]
    assert [isinstance(concrete, getattr(kinds, n)) for n in names] == [True, False, False, True]
    assert isinstance(concrete.inference_fn, kinds.AtomicFunction)
    general = f.get_concrete_function(Spec(None)).function_type
    assert general.is_supertype_of(concrete.function_type)
    assert not concrete.function_type.is_supertype_of(general)
    assert general.flat_inputs == general.flat_outputs == [Spec(None)]
    assert str(kinds.FunctionType.from_callable(lambda x, y=1, *, z: 0)) == "(x, y=1, *, z)"


def test_names_inside_of_functions():
    names, variables = [], []

    @tf.function
    def f(x):
        with tf.name_scope("outer"):
            with tf.name_scope("inner") as scope:
                y = tf.add(x, x, name="plus")
                names.append(tf.get_current_name_scope())
            z = tf.multiply(x, x, name="times")
        with tf.name_scope("outer"):
            w = tf.add(x, 1.0, name="one")
        with tf.name_scope(scope):
            u = tf.add(x, 1.0, name="plus")
        names.extend([y.name, z.name, w.name, u.name, scope, tf.get_current_name_scope()])
        with tf.name_scope("ini"), tf.init_scope():
            names.append((tf.executing_eagerly(), tf.get_current_name_scope()))
        if not variables:
            with tf.name_scope("sc"):
                variables.append(tf.Variable(1.0, name="w"))
            with tf.init_scope():
                variables.append(tf.Variable(1.0, name="q"))
        return u * variables[0]

    with tf.name_scope("callsite"):
        f(tf.constant(1.0))
    assert names[:8] == [
        "outer/inner",
        "outer/inner/plus:0",
        "outer/times:0",
        "outer_1/one:0",
        "outer/inner/plus_1:0",
        "outer/inner/",
        "",
        (True, "ini"),
    ]
    assert [v.name for v in variables] == ["sc/w:0", "q:0"]


def test_running_eagerly():
    tf.config.run_functions_eagerly(True)
    try:
        f = tf.function(lambda x: tf.executing_eagerly() and x, input_signature=[Spec([])])
        assert f(1) == 1  # the argument as it is
        assert f.experimental_get_tracing_count() == 0
        concrete = f.get_concrete_function()
        assert [t.name for t in concrete.inputs] == ["x:0"]
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("name", ["Graph", "compat", "Operation"])
def test_graphs_by_hand_are_refused_with_advice(name):
    with pytest.raises(AttributeError, match=r"tf\.function"):
        getattr(tf, name)
