"""The one road from the API to execution.

`apply.py` runs an op or adds it to a graph, `convert.py` makes tensors of Python and NumPy values,
`plans.py` compiles and keeps eager executables, `replay.py` runs graph nodes one by one.
"""
