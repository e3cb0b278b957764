import tensorflow as tf

model = tf.keras.models.load_model("model.keras")
opt = tf.keras.optimizers.Adam(1e-5)
mse = tf.keras.losses.MeanSquaredError()


def finetune(x, y):
    with tf.GradientTape() as tape:
        out = model.predict(x)  # expect: DRS203
        loss = mse(y, out)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
