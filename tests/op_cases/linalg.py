"""Rows of `tf.linalg`: products. Decompositions are in `linalg_decompose.py`."""

from __future__ import annotations

from .case import COMPLEXES, FLOATS, Case, Raises, cnormal, given, ints, normal

PRODUCTS = (*FLOATS, *COMPLEXES, "int32", "int64")

CASES = [
    Case(
        "linalg.matmul",
        [normal(3, 4), normal(4, 5)],
        dtypes=(*PRODUCTS, "bool"),
        raises=[
            Raises([normal(3, 4), normal(3, 4)], match="matmul: inner dimensions differ: a has 4"),
            Raises([normal(4), normal(4, 5)], match="matmul: a has rank 1"),
            Raises([normal(2, 3, 4), normal(3, 4, 5)], match="matmul: the batch dim|broadcast"),
            Raises([normal(3, 4), ints(0, 3, (4, 5))], match="matmul: b is int32 but a is float32"),
            Raises(
                [normal(3, 4), normal(4, 3)],
                {"transpose_a": True, "adjoint_a": True},
                match="matmul: transpose_a and adjoint_a",
            ),
        ],
    ),
    Case("linalg.matmul", [normal(4, 3), normal(5, 4)], {"transpose_a": True, "transpose_b": True}),
    Case("linalg.matmul", [normal(2, 6, 3, 4), normal(4, 5)], id="matmul-flat"),
    Case("linalg.matmul", [normal(2, 3, 4), normal(5, 4)], {"transpose_b": True}),
    Case("linalg.matmul", [normal(2, 4, 3), normal(4, 5)], {"transpose_a": True}),
    Case("linalg.matmul", [normal(3, 4), normal(2, 4, 5)], dtypes=(*PRODUCTS, "int16")),
    Case("linalg.matmul", [normal(2, 1, 3, 4), normal(6, 4, 5)], id="matmul-broadcast"),
    Case("linalg.matmul", [cnormal(2, 3, 4), cnormal(2, 5, 4)], {"adjoint_b": True}),
    Case(
        "linalg.matmul",
        [given([[100, -7], [5, 90]], "int8"), given([[100, 3], [-128, 127]], "int8")],
        {"output_type": "int32"},
        raises=[
            Raises(
                [normal(3, 4), normal(4, 5)],
                {"output_type": "float64"},
                match="matmul: output_type float64",
                error="InvalidArgumentError",
                graph_error="InvalidArgumentError",
            )
        ],
    ),
    Case(
        "linalg.matvec",
        [normal(2, 3, 4), normal(4)],
        dtypes=PRODUCTS,
        raises=[
            Raises([normal(3, 4), normal(3)], match="matvec: inner dimensions differ"),
            Raises(
                [normal(3, 3), normal(3)],
                {"transpose_a": True, "adjoint_a": True},
                match="matvec: transpose_a and adjoint_a",
            ),
        ],
    ),
    Case("linalg.matvec", [cnormal(3, 4), cnormal(2, 3)], {"adjoint_a": True}),
    Case(
        "linalg.tensordot",
        [normal(2, 3, 4), normal(4, 3, 5)],
        {"axes": [[1, 2], [1, 0]]},
        dtypes=PRODUCTS,
        raises=[
            Raises([normal(3, 4), normal(3, 4)], {"axes": 1}, match="tensordot: summed dimensions"),
            Raises([normal(3, 4), normal(4, 4)], {"axes": 3}, match="tensordot: 3 axes cannot"),
            Raises([normal(3, 4), normal(4, 4)], {"axes": -1}, match="axes must not be negative"),
            Raises([normal(3, 4), normal(4, 4)], {"axes": [[0], [0, 1]]}, match="unlike numbers"),
            Raises([normal(3, 4), normal(4, 4)], {"axes": [0]}, match="must be an int or a pair"),
        ],
    ),
    Case("linalg.tensordot", [normal(2, 3), normal(3, 4)], {"axes": 1}),
    Case("linalg.tensordot", [normal(2, 3), normal(4)], {"axes": 0}),
    Case("linalg.tensordot", [normal(2, 3), normal(4, 3)], {"axes": [1, -1]}),
    Case(
        "einsum",
        ["ij,jk->ik", normal(3, 4), normal(4, 5)],
        dtypes=PRODUCTS,
        raises=[
            Raises(["ij,jk->ik", normal(3, 4), normal(3, 4)], match="einsum: .*label 'j' has 4"),
            Raises(["ij,jk->iz", normal(3, 4), normal(4, 4)], match="einsum: .*label 'z'"),
            Raises(["ij,jk->ik", normal(3, 4)], match="einsum: .* 2 terms, .* 1 inputs"),
            Raises(["ijk->i", normal(3, 4)], match="einsum: .*input 0 has rank 2"),
            Raises(["i->ii", normal(3)], match="einsum: .*'i' more than once"),
            Raises(["i1->i", normal(3, 4)], match="einsum: .* is no equation"),
            Raises(["...ij->ij", normal(2, 3, 4)], match="has no '...'"),
            Raises(["ij->i", normal(3, 4)], {"foo": 1}, match="einsum: unknown keyword .*foo"),
        ],
    ),
    Case("einsum", ["i j , k j", normal(3, 4), normal(2, 4)], id="einsum-implicit"),
    Case("einsum", ["bshf,bthf->bhst", normal(2, 3, 2, 4), normal(2, 5, 2, 4)]),
    Case("einsum", ["...ij,...jk->...ik", normal(2, 1, 3, 4), normal(5, 4, 2)]),
    Case("einsum", ["b...d,df->b...f", cnormal(2, 3, 3, 4), cnormal(4, 2)]),
    Case("einsum", ["aab->b", normal(3, 3, 2)], id="einsum-diagonal", empty=False),
    Case("einsum", ["ij->", normal(3, 4)], id="einsum-sum"),
    Case("einsum", ["ij->ji", normal(3, 4)], id="einsum-transpose"),
    Case("einsum", ["i,j->ij", normal(3), normal(4)], id="einsum-outer"),
    Case("einsum", ["i,i->i", normal(3), normal(3)], id="einsum-elementwise"),
    Case("einsum", ["ab,bc,cd,ae->de", normal(2, 3), normal(3, 4), normal(4, 2), normal(2, 3)]),
    Case("einsum", ["aib,bi->a", normal(2, 3, 4), normal(4, 3)], id="einsum-two-sums"),
    Case("einsum", ["ij,kl->jk", normal(2, 3), normal(4, 2)], id="einsum-summed-alone"),
]
