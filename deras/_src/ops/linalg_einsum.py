"""`tf.einsum`: sums of products, named by letters."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.tensor_shape import TensorShape, broadcast_static_shape
from deras._src.dispatch.apply import apply
from deras._src.errors import GraphInvalidArgumentError
from deras._src.ops.linalg_matmul import PRODUCT, matmul_arrays
from deras._src.ops.shapes import Specs
from deras._src.registry import op
from deras._src.util.export import export

_ELLIPSIS = "..."
_TERM = r"[a-zA-Z]*(?:\.\.\.)?[a-zA-Z]*"
_EQUATION = re.compile(rf"{_TERM}(?:,{_TERM})*(?:->{_TERM})?")


@functools.lru_cache(maxsize=1024)
def normalise(equation: str) -> str:
    """The equation without blanks and with its output written out.

    >>> normalise("ij, jk"), normalise("b...a, a")
    ('ij,jk->ik', 'b...a,a->...b')
    """
    text = re.sub(r"\s", "", equation)
    if not _EQUATION.fullmatch(text):
        raise ValueError(
            f"tf.einsum: {equation!r} is no equation; terms of letters and at most one '...' "
            "each, divided by commas, then '->' and the output, are wanted."
        )
    inputs, arrow, output = text.partition("->")
    if not arrow:
        counts = Counter(inputs.replace(_ELLIPSIS, "").replace(",", ""))
        dots = _ELLIPSIS if _ELLIPSIS in inputs else ""
        output = dots + "".join(sorted(label for label, n in counts.items() if n == 1))
    labels = output.replace(_ELLIPSIS, "")
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(
                f"tf.einsum: the output of {equation!r} has the label {label!r} more than once."
            )
        if label not in inputs:
            raise ValueError(
                f"tf.einsum: the output of {equation!r} has the label {label!r}, which no input "
                "has."
            )
    return f"{inputs}->{output}"


Label = str | int  # a letter, or a dim of the ellipsis counted from the right: -1, -2, ...


def _labels(term: str, rank: int, number: int) -> list[Label]:
    """A label for each dim of an input."""
    before, dots, after = term.partition(_ELLIPSIS)
    named = len(before) + len(after)
    if (rank < named) if dots else (rank != named):
        wanted = f"at least {named}" if dots else str(named)
        raise ValueError(f"input {number} has rank {rank}; {term!r} names {wanted} dimensions")
    return [*before, *range(named - rank, 0), *after]


def _output_labels(output: str, most: int) -> list[Label]:
    """A label for each dim of the output; `most`: the rank that the ellipsis stands for."""
    if _ELLIPSIS not in output:
        if most:
            raise ValueError(
                f"the '...' of the inputs stands for {most} dimensions, but the output {output!r} "
                "has no '...'"
            )
        return list(output)
    before, _, after = output.partition(_ELLIPSIS)
    return [*before, *range(-most, 0), *after]


def _sizes(terms: Sequence[Sequence[Label]], shapes: Sequence[Sequence[Any]]) -> dict[Label, Any]:
    """The size of each label; None where not known. Dims of the ellipsis broadcast."""
    sizes: dict[Label, Any] = {}
    for number, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        for label, size in zip(term, shape, strict=True):
            known = sizes.get(label)
            if label not in sizes or known is None:
                if label not in sizes or isinstance(label, str):
                    sizes[label] = size
                    continue
            if isinstance(label, int):
                try:
                    joined = broadcast_static_shape(TensorShape([known]), TensorShape([size]))
                except ValueError:
                    raise ValueError(
                        f"dimensions under '...' do not broadcast: {known} and {size} (input "
                        f"{number})"
                    ) from None
                sizes[label] = joined.as_list()[0]
            elif size is not None and size != known:
                raise ValueError(
                    f"label {label!r} has {known} elements, but {size} in input {number}"
                )
    return sizes


def _parse(
    equation: str, shapes: Sequence[Sequence[Any]]
) -> tuple[list[list[Label]], list[Label], dict[Label, Any]]:
    left, _, right = equation.partition("->")
    terms = [
        _labels(t, len(s), i) for i, (t, s) in enumerate(zip(left.split(","), shapes, strict=True))
    ]
    most = max(sum(isinstance(label, int) for label in t) for t in terms)
    return terms, _output_labels(right, most), _sizes(terms, shapes)


def _shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    equation: str = attrs["equation"]
    dtype = inputs[0].dtype
    left, _, right = equation.partition("->")
    if any(x.shape.rank is None for x in inputs):
        dims = None if _ELLIPSIS in right else [None] * len(right)
        return [(dtype, TensorShape(dims))]
    try:
        _, output, sizes = _parse(equation, [x.shape.as_list() for x in inputs])
    except ValueError as error:
        raise GraphInvalidArgumentError(
            None, None, f"tf.einsum: {left}->{right}: {error}"
        ) from None
    return [(dtype, TensorShape([sizes[label] for label in output]))]


@op("Einsum", dtypes=PRODUCT, shape=_shape, api_name="einsum")
def _einsum(*inputs, equation):
    terms, output, sizes = _parse(equation, [x.shape for x in inputs])
    arrays = list(inputs)
    for step in _path(terms, sizes, output):
        rest = [i for i in range(len(arrays)) if i not in step]
        array, term = arrays[step[0]], terms[step[0]]
        for number, i in enumerate(step[1:], start=2):
            later = [*rest, *step[number:]]
            needed = set(output).union(*(terms[j] for j in later))
            array, term = _product(array, term, arrays[i], terms[i], needed)
        array, term = _reduce(array, term, set(output).union(*(terms[j] for j in rest)))
        arrays = [*(arrays[i] for i in rest), array]
        terms = [*(terms[i] for i in rest), term]
    array, term = arrays[0], terms[0]
    return jnp.transpose(array, [term.index(label) for label in output])


def _path(
    terms: Sequence[Sequence[Label]], sizes: Mapping[Label, int], output: Sequence[Label]
) -> Sequence[tuple[int, ...]]:
    """Which inputs to multiply, in order; each product goes to the end of the list."""
    if len(terms) <= 2:
        return [tuple(range(len(terms)))]
    numbers = {label: number for number, label in enumerate(sizes)}
    operands: list[Any] = []
    for term in terms:
        shape = [sizes[label] for label in term]
        operands += [np.broadcast_to(np.float32(0), shape), [numbers[label] for label in term]]
    path, _ = np.einsum_path(*operands, [numbers[label] for label in output], optimize="greedy")
    return path[1:]


def _reduce(array: Any, term: list[Label], needed: set[Label]) -> tuple[Any, list[Label]]:
    """Takes diagonals of repeated labels, and sums over labels that nothing needs."""
    if len(set(term)) != len(term):
        kept = list(dict.fromkeys(term))
        letters = {label: number for number, label in enumerate(kept)}
        array = jnp.einsum(array, [letters[x] for x in term], [letters[x] for x in kept])
        term = kept
    gone = tuple(i for i, label in enumerate(term) if label not in needed)
    if gone:
        array = jnp.sum(array, gone, dtype=array.dtype)
        term = [label for label in term if label in needed]
    return array, term


def _product(
    a: Any, term_a: list[Label], b: Any, term_b: list[Label], needed: set[Label]
) -> tuple[Any, list[Label]]:
    """The product of two inputs as one matrix product, batched over labels that both keep."""
    a, term_a = _reduce(a, term_a, needed | set(term_b))
    b, term_b = _reduce(b, term_b, needed | set(term_a))
    a, term_a, b, term_b = _drop_ones(a, term_a, b, term_b)
    both = [label for label in term_a if label in term_b]
    batch = [label for label in both if label in needed]
    summed = [label for label in both if label not in needed]
    free_a = [label for label in term_a if label not in term_b]
    free_b = [label for label in term_b if label not in term_a]
    dims = {**dict(zip(term_a, a.shape, strict=True)), **dict(zip(term_b, b.shape, strict=True))}

    def arranged(array: Any, term: list[Label], groups: Sequence[list[Label]]) -> Any:
        order = [label for group in groups for label in group]
        array = jnp.transpose(array, [term.index(label) for label in order])
        lead = [dims[label] for label in groups[0]]
        return lax.reshape(
            array, (*lead, *(math.prod(dims[label] for label in g) for g in groups[1:]))
        )

    left = arranged(a, term_a, [batch, free_a, summed])
    right = arranged(b, term_b, [batch, summed, free_b])
    # Two plain matrices where nothing is batched: XLA's CPU code is fast at that, forwards and
    # backwards (the gradient of "bshf,bthf->bhst" takes 9 ms so, 24 ms as jnp.einsum leaves it).
    product = matmul_arrays(left, right) if summed else left * right
    term = [*batch, *free_a, *free_b]
    return lax.reshape(product, tuple(dims[label] for label in term)), term


def _drop_ones(a: Any, term_a: list[Label], b: Any, term_b: list[Label]) -> Any:
    """Removes dims of the ellipsis that are broadcast: 1 here and more there."""
    dims_a, dims_b = (
        dict(zip(term_a, a.shape, strict=True)),
        dict(zip(term_b, b.shape, strict=True)),
    )
    for label in [x for x in term_a if isinstance(x, int) and x in dims_b]:
        if dims_a[label] == dims_b[label]:
            continue
        if dims_a[label] == 1:
            axis = term_a.index(label)
            a, term_a = jnp.squeeze(a, axis), [x for x in term_a if x != label]
        else:
            axis = term_b.index(label)
            b, term_b = jnp.squeeze(b, axis), [x for x in term_b if x != label]
    return a, term_a, b, term_b


@export("einsum", "linalg.einsum")
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Sum of products, in the notation of Einstein: `"ij,jk->ik"` is the matrix product.

    Args:
      equation: A term for each input, one letter a dim, then `->` and the term of the output. A
        letter twice in a term takes the diagonal; letters missing in the output are summed over;
        `...` stands for any dims, which broadcast. Without `->`, the output has the letters that
        occur once, in alphabetical order. Blanks are skipped.
      *inputs: Tensors of one dtype, of those that `tf.matmul` takes.
      **kwargs: `name`: optional name of the node in graphs. `optimize`: "greedy", "optimal",
        "branch-2", "branch-all" or "auto"; products of three and more are ordered greedily
        whatever is said.
    Returns:
      Tensor of the inputs' dtype.
    Raises:
      ValueError: The equation is malformed, or has not one term for each input.
      InvalidArgumentError: Ranks, dims or dtypes do not fit.

    >>> tf.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0]).numpy()
    array([21., 43.], dtype=float32)
    """
    name = kwargs.pop("name", None)
    optimize = kwargs.pop("optimize", "greedy")
    if kwargs:
        raise TypeError(
            f"tf.einsum: unknown keyword arguments: {', '.join(sorted(kwargs))}; name and optimize "
            "are taken."
        )
    if optimize not in (None, "greedy", "optimal", "branch-2", "branch-all", "auto"):
        raise ValueError(f"tf.einsum: optimize={optimize!r} is no known order.")
    text = normalise(equation)
    terms = text.partition("->")[0].split(",")
    if len(terms) != len(inputs):
        raise ValueError(
            f"tf.einsum: {equation!r} has {len(terms)} terms, but there are {len(inputs)} inputs."
        )
    return apply(_einsum, inputs, (("equation", text),), name)
