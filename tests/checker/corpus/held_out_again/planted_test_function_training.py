import tensorflow as tf

net = tf.keras.applications.DenseNet121(weights=None, classes=5)
top1 = tf.keras.metrics.SparseCategoricalAccuracy()


@tf.function
def validation_step(x, y):
    top1.update_state(y, net(x, training=True))  # expect: DRS302


def run(train_batches, val_batches, train_fn):
    for epoch in range(30):
        for x, y in train_batches:
            train_fn(x, y)
        for x, y in val_batches:
            validation_step(x, y)
        print(epoch, float(top1.result()))  # expect: DRS305
