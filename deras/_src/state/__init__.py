"""What changes between calls: variables, modules that hold them, random state, `tf.config`.

Begin with `handles.py`: state and the two ops that read and write it.
"""
