import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4)])
opt = tf.keras.optimizers.Adam()
loss_fn = tf.keras.losses.CategoricalCrossentropy(
    from_logits=True, reduction=tf.keras.losses.Reduction.NONE
)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        per_example = loss_fn(y, model(x, training=True))  # expect: DRS308
    grads = tape.gradient(per_example, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
