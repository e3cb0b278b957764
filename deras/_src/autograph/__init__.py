"""AutoGraph: Python control flow on tensors becomes control flow of the graph.

A function's source is found again (`source.py`), its tree is rewritten, and the new tree is
compiled under the user's own file name and line numbers (`convert.py`): tracebacks, breakpoints and
coverage see the user's lines, and there is no generated file.

The rewriting, in order: `jumps.py` turns `break`, `continue` and `return` into flags and moves what
follows them; `names.py` says what a statement reads and binds, `liveness.py` which of it is still
wanted afterwards; `statements.py` and `expressions.py` put calls of operators in the place of
`if`, `while`, `for`, `and`, calls and so on.

What the operators do when the function runs is in `operators/`: on Python values exactly what
Python does, on tensors of a graph a branch or a loop of the graph. `callees.py` decides which
called functions are converted too, `tracing.py` is what `tf.function` calls, `api.py` has the
public names.
"""
