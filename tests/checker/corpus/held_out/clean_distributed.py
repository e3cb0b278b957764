import tensorflow as tf

strategy = tf.distribute.MirroredStrategy()
BATCH = 64
with strategy.scope():
    model = tf.keras.Sequential([tf.keras.layers.Dropout(0.1), tf.keras.layers.Dense(10)])
    optimizer = tf.keras.optimizers.Adam()
    loss_object = tf.keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction=tf.keras.losses.Reduction.NONE
    )
    accuracy = tf.keras.metrics.SparseCategoricalAccuracy()


def train_step(inputs):
    images, labels = inputs
    with tf.GradientTape() as tape:
        predictions = model(images, training=True)
        per_example = loss_object(labels, predictions)
        loss = tf.nn.compute_average_loss(per_example, global_batch_size=BATCH)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    accuracy.update_state(labels, predictions)
    return loss


@tf.function
def distributed_train_step(inputs):
    losses = strategy.run(train_step, args=(inputs,))
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


def fit(dataset):
    for epoch in range(10):
        total, batches = 0.0, 0
        for x in dataset:
            total += distributed_train_step(x)
            batches += 1
        print(epoch, total / batches, accuracy.result())
        accuracy.reset_state()
