"""Graphs: the nodes of a traced function, their static shapes, and their way into XLA programs.

Begin with `func_graph.py`. `shape_inference.py` finds static shapes, `lowering.py` interprets nodes
on JAX tracers, `checks.py` carries run-time checks out of programs. Building graphs from Python
functions is in `function/`, nodes that hold graphs are in `control_flow/`.
"""
