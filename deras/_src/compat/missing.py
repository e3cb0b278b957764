"""What to say when a public module is asked for a name it does not have."""

from __future__ import annotations

import difflib
import functools
import sys
from collections.abc import Callable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

PACKAGE = "deras"

# Whole namespaces that `tf_names.txt` leaves out, being far too long or not TensorFlow's own.
_ELSEWHERE = ("compat.v1", "compat.v2", "keras", "raw_ops")


_NO_SESSIONS = (
    "Sessions, placeholders and graphs built by hand are not part of Deras: write a Python "
    "function of tensors, decorate it with tf.function and call it; keep state in tf.Variable. "
    "TensorFlow's tool tf_upgrade_v2 rewrites the names that only moved."
)

# What to do instead, for names that Deras will not have.
_INSTEAD = {
    "Graph": (
        "graphs are not built by hand in Deras. Write a Python function and decorate it with "
        "tf.function; its get_concrete_function(...).graph lists the operations that were traced."
    ),
    "Operation": (
        "operations are made by calling functions inside of a tf.function; "
        "get_concrete_function(...).graph.get_operations() lists them."
    ),
    "compat": f"tf.compat.v1 is TensorFlow 1's API. {_NO_SESSIONS}",
    "compat.v1": f"it is TensorFlow 1's API. {_NO_SESSIONS}",
}


@functools.cache
def tensorflow_names() -> Mapping[str, frozenset[str]]:
    """TensorFlow's public names by namespace; the top one is `""`, `tf.math`'s is `"math"`.

    >>> names = tensorflow_names()
    >>> "matmul" in names[""], "bessel_i0" in names["math"], "softplus" in names["linalg"]
    (True, True, False)
    """
    text = resources.files(__package__).joinpath("tf_names.txt").read_text(encoding="ascii")
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            namespace = found.setdefault(line.strip("[].\n"), set())
        elif not line.startswith("#"):
            namespace.update(line.split())
    return MappingProxyType({name: frozenset(names) for name, names in found.items()})


def is_tensorflow_name(dotted: str) -> bool:
    """Whether TensorFlow has this public name or namespace, given without `tf.`.

    >>> [is_tensorflow_name(name) for name in ("math.add", "config", "math.ad", "keras.x")]
    [True, True, False, True]
    """
    if any(dotted == name or dotted.startswith(name + ".") for name in _ELSEWHERE):
        return True
    namespace, _, leaf = dotted.rpartition(".")
    names = tensorflow_names()
    return (
        leaf in names.get(namespace, ())
        or dotted in names
        or any(name.startswith(dotted + ".") for name in names)
    )


def describe_missing(module_name: str, attribute: str, known: list[str]) -> str:
    """The message for `attribute`, which the public module `module_name` lacks.

    >>> describe_missing("deras.math", "zeta", [])
    "deras.math has no attribute 'zeta': TensorFlow has tf.math.zeta, Deras does not have it yet."
    >>> describe_missing("deras.math", "reduce_summ", ["reduce_sum", "add"])
    "deras.math has no attribute 'reduce_summ'. Did you mean 'reduce_sum'?"
    >>> describe_missing("deras", "nce_loss", [])
    "deras has no attribute 'nce_loss'. TensorFlow's name for it is tf.nn.nce_loss."
    >>> describe_missing("deras.compat.v1", "Session", [])[:56]
    "deras.compat.v1 has no attribute 'Session': that is Tens"
    """
    start = f"{module_name} has no attribute {attribute!r}"
    dotted = f"{module_name}.{attribute}".removeprefix(PACKAGE + ".")
    if dotted.startswith("compat.v1."):
        return (
            f"{start}: that is TensorFlow 1's API, of which Deras has only the names that Keras "
            f"needs. {_NO_SESSIONS}"
        )
    if dotted in _INSTEAD:
        return f"{start}: {_INSTEAD[dotted]}"
    if is_tensorflow_name(dotted):
        return f"{start}: TensorFlow has tf.{dotted}, Deras does not have it yet."
    # A name looked for in the wrong namespace: `tf.softmax` is `tf.nn.softmax`.
    homes = sorted(
        f"tf.{namespace}.{attribute}" if namespace else f"tf.{attribute}"
        for namespace, names in tensorflow_names().items()
        if attribute in names
    )
    if homes:
        return f"{start}. TensorFlow's name for it is {' or '.join(homes)}."
    close = difflib.get_close_matches(attribute, known, n=1)
    return f"{start}. Did you mean {close[0]!r}?" if close else f"{start}."


def missing_attribute(module_name: str) -> Callable[[str], Any]:
    """The `__getattr__` of a public module: always raises, saying what is known of the name."""

    def __getattr__(attribute: str) -> Any:
        if attribute.startswith("__"):
            # Asked for by the interpreter and by inspection, often: no search, no advice.
            raise AttributeError(f"module {module_name!r} has no attribute {attribute!r}")
        known = [name for name in vars(sys.modules[module_name]) if not name.startswith("_")]
        raise AttributeError(describe_missing(module_name, attribute, known))

    return __getattr__
