import time

import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(3)])
opt = tf.keras.optimizers.Adam()
step = tf.Variable(0, dtype=tf.int64)
ckpt = tf.train.Checkpoint(model=model, opt=opt, step=step)
manager = tf.train.CheckpointManager(ckpt, "ckpts", max_to_keep=3)
loss_log = tf.keras.metrics.Mean()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.mse(y, model(x, training=True)))
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
    step.assign_add(1)
    loss_log(loss)
    return loss


def main(ds):
    begin = time.time()
    for epoch in range(3):
        for x, y in ds:
            train_step(x, y)
            if int(step) % 100 == 0:
                print(int(step), loss_log.result().numpy(), time.time() - begin)
                loss_log.reset_state()
                manager.save()
