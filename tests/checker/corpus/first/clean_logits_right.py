import tensorflow as tf

probabilities = tf.keras.Sequential([tf.keras.layers.Dense(10, activation="softmax")])
probabilities.compile("adam", loss="sparse_categorical_crossentropy")
logits = tf.keras.Sequential([tf.keras.layers.Dense(10)])
logits.compile("adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
joined = tf.keras.Sequential([logits, tf.keras.layers.Softmax()])
joined.compile("adam", loss=tf.keras.losses.SparseCategoricalCrossentropy())
regression = tf.keras.Sequential([tf.keras.layers.Dense(1)])
regression.compile("adam", loss="mse")
