"""The code of Deras. The public modules beside this folder only re-export names from here.

Layers, lowest first (`tests/test_layers.py` enforces them): `util`, `errors`; `core`, `registry`;
`graph`; `dispatch`; `ops`; `host_ops`, `overloads`, `tape`; `state`; `control_flow`,
`function`; `compat`, `cli`. Begin reading with `registry.py` and `dispatch/apply.py`.
"""
