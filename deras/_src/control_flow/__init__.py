"""Branches, loops, maps and the user's Python inside graphs.

`subgraph.py` is what all nodes that hold graphs share, their gradient included. `branches.py`,
`while_op.py`, `scan_op.py` are the nodes, `loops.py` the differentiable loop on arrays,
`functional.py` the functions over rows.
"""
