import tensorflow as tf
from tensorflow.keras import layers


def make_generator():
    model = tf.keras.Sequential()
    model.add(layers.Dense(64))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())
    model.add(layers.Dense(784, activation="tanh"))
    return model


def make_discriminator():
    model = tf.keras.Sequential()
    model.add(layers.Dense(64))
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(1))
    return model


generator = make_generator()
discriminator = make_discriminator()
cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
g_opt = tf.keras.optimizers.Adam(1e-4)
d_opt = tf.keras.optimizers.Adam(1e-4)


def generator_loss(fake):
    return cross_entropy(tf.ones_like(fake), fake)


def discriminator_loss(real, fake):
    return cross_entropy(tf.ones_like(real), real) + cross_entropy(tf.zeros_like(fake), fake)


@tf.function
def train_step(images):
    noise = tf.random.normal([256, 100])
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        generated = generator(noise, training=True)
        real = discriminator(images, training=True)
        fake = discriminator(generated, training=True)
        gen_loss = generator_loss(fake)
        disc_loss = discriminator_loss(real, fake)
    g = gen_tape.gradient(gen_loss, generator.trainable_variables)
    d = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
    g_opt.apply_gradients(zip(g, generator.trainable_variables))
    d_opt.apply_gradients(zip(d, discriminator.trainable_variables))
