"""Checkpoints: `tf.train.Checkpoint`, `tf.train.CheckpointManager`, and the files they write.

From the files upwards: `table` (sorted key-value file), `bundle_format` (what an
entry is), `bundle_reader`, `bundle_writer`; `object_graph` (which objects there are and what their
tensors are called), `saving`, `restoring`, `status`; `checkpoint` is where to begin reading.
What an object does to be saved is in `state/trackable.py`.
"""
