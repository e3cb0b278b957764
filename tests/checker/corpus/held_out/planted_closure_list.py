import tensorflow as tf


def make_step(model, optimizer):
    losses = []

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - model(x, training=True)))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        losses.append(loss)  # expect: DRS102
        return loss

    return step, losses
