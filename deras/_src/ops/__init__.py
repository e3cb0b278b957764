"""The ops, a file for each sub-family: lowering, gradient and TensorFlow-named function together.

`math_*`, `array_*`, `linalg_*`, `nn_*` and `random_*` follow TensorFlow's namespaces; `debugging*`
and
`clip` stand alone. `gradient_support.py` is what every gradient walk needs, `shapes.py` holds shared
shape functions. State (stateful random functions, variables) is one layer up, in `state/`.
"""
