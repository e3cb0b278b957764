"""The ops, a file for each sub-family: lowering, gradient and TensorFlow-named function together.

`math_*`, `array_*`, `linalg_*`, `nn_*` and `random_*` follow TensorFlow's namespaces. What every
gradient walk needs is in `gradient_support.py`, shared shape functions are in `shapes.py`. State
(stateful random functions, variables) is one layer up, in `state/`.
"""
