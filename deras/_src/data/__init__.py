"""`tf.data`: input pipelines.

A `Dataset` is an immutable description: a tree of nodes (`node.py`), each with what it is made
from, its element spec and its cardinality. Iterating opens a tree of stages, one for each node.
A stage gives flat tuples of NumPy arrays (or tensors) one by one; where elements are rows of arrays
it also gives *blocks*, many rows at once, so that map functions run over a block in one program
(`blocks.py`) and batches are slices. Elements become structures of tensors only at the edge.

A stage's `state()` is plain data that `restore` takes back, bit for bit: positions, buffers, random
streams. `codec.py` writes it, and cached and saved elements, without pickle.

`functions.py` traces the user's functions, `graph_ops.py` has datasets and iterators inside of
`tf.function`, `dataset.py` the public class, `experimental.py` the functions around it.
"""
