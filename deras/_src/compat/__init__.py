"""The edges towards TensorFlow programs: names, not numbers.

Here: `import tensorflow` meaning Deras (`install`), what to say of names that Deras lacks
(`missing`, with TensorFlow's names in `tf_names.txt`), the few private TensorFlow names that are
served (`private_names`), the way to Keras (`keras_bridge`), a `tensorflow` for child processes
(`shim/`). Not here: ops, and anything that computes. `import deras` loads `install` and `missing`,
which stay small. Begin reading with `install.py`.
"""
