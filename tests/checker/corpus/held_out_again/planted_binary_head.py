import tensorflow as tf

inputs = tf.keras.Input((20,))
h = tf.keras.layers.Dense(16, activation="relu")(inputs)
out = tf.keras.layers.Dense(1, activation="sigmoid")(h)
clf = tf.keras.Model(inputs=inputs, outputs=out)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)  # expect: DRS306
clf.compile(optimizer="sgd", loss=bce)
