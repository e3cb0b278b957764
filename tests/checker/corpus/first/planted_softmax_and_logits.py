import tensorflow as tf

model = tf.keras.Sequential(
    [tf.keras.layers.Flatten(), tf.keras.layers.Dense(10, activation="softmax")]
)
model.compile(
    optimizer="adam",
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),  # expect: DRS306
    metrics=["accuracy"],
)
