"""Automatic differentiation over op records.

`gradient_tape.py` is the recorder, `backprop.py` the walk from targets to sources, `programs.py`
the compiled form of that walk, `explain.py` says why a gradient is None, and
`forward_accumulator.py` goes
forward. Gradients of branches, loops and calls are in `control_flow/` and `function/`.
"""
