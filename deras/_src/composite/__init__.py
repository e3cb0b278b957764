"""Values made of several tensors: the user's own classes (`extension_type.py`).

A composite has a `_type_spec`, which `util/nest.py` asks to take it apart and to put it together.
`extension_fields.py` has what annotations of fields mean and how values are converted to them.
"""
