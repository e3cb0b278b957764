import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4)])
target = tf.keras.models.clone_model(model)


@tf.function
def update_target(tau):
    for t, s in zip(target.variables, model.variables):
        t.assign(tau * s + (1.0 - tau) * t)


def hard_update():
    target.set_weights(model.get_weights())


for _ in range(100):
    update_target(0.005)
