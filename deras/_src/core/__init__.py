"""The values programs are made of: dtypes, shapes, specs, tensors, devices.

Here: `DType`, `TensorShape`, `TypeSpec` and its kin, `Tensor`, `SymbolicTensor`, `IndexedSlices`
and the device list. Not here: anything that computes; ops begin above, in `dispatch` and `ops`.
Begin reading with `dtypes.py`, then `tensor_shape.py`; both stand on their own.
"""
