"""Ops that run on the host in NumPy: results whose shape depends on values, and printing.

They split compiled programs. Ops that call the user's Python are in `control_flow/py_function.py`.
"""
