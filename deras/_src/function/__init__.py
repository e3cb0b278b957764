"""`tf.function`: tracing, the cache of traces, and how a trace runs.

`polymorphic.py` finds or makes the trace for a call, `concrete.py` is one trace, `program.py` its
compiled form, `segments.py` the form with host ops between programs, `calls.py` a trace as an op.
"""
