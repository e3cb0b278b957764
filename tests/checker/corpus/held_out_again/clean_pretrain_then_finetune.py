import tensorflow as tf

encoder = tf.keras.Sequential([tf.keras.layers.Dense(32)])
head = tf.keras.Sequential([tf.keras.layers.Dense(4)])


def train(models, loss_of, ds, lr):
    opt = tf.keras.optimizers.Adam(lr)
    variables = [v for m in models for v in m.trainable_variables]

    @tf.function
    def step(batch):
        with tf.GradientTape() as tape:
            loss = loss_of(batch)
        opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    for batch in ds:
        step(batch)


def pipeline(ds):
    train([encoder], lambda b: tf.reduce_mean(encoder(b) ** 2), ds, 1e-3)
    train([encoder, head], lambda b: tf.reduce_mean(head(encoder(b)) ** 2), ds, 1e-4)
