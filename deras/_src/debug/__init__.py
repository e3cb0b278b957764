"""Looking into a program: `deras.debug`.

`gradients.py` reports the gradient of each source. What a `tf.function` became is told by its own
`explain()` (`function/explain.py`), where a NaN came from by `function/numerics.py`.
"""
