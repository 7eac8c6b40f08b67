"""Keras 3 as a constructor sees it: every call is checked against the signature that Keras has, and kept
as the config that Keras would give. Nothing is computed. `record` is what a script has asked for.

The signatures are those of Keras 3.5 (keras/src/layers, optimizers, losses, callbacks), up to what
Layerwise has a field for.
"""

import re
import sys
import types

from arrays import Array, make_images

record = {}
_names = {}


def reset():
    record.clear()
    record['calls'] = []
    _names.clear()


def _snake(class_name):
    name = re.sub(r'\W+', '', class_name)
    name = re.sub('(.)([A-Z][a-z]+)', r'\1_\2', name)
    return re.sub('([a-z])([A-Z])', r'\1_\2', name).lower()


def _automatic(class_name):
    stem = _snake(class_name)
    count = _names.get(stem, 0)
    _names[stem] = count + 1
    return f'{stem}_{count}' if count else stem


def _check_name(name):
    if not isinstance(name, str) or '/' in name:
        raise ValueError('Argument `name` must be a string and cannot contain character `/`.')
    name.encode('utf-8')
    return name


class Made:
    """An object that remembers its class and how it was made."""

    def __init__(self, class_name, config):
        self.class_name = class_name
        self.config = config

    def to_record(self):
        return {'class_name': self.class_name, 'config': _plain(self.config)}


def _plain(value):
    if isinstance(value, (Made, Array, Model)):
        return value.to_record()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _maker(class_name, signature, check=None, named=False):
    bind = eval(f'lambda {signature}: dict(locals())')  # Python itself refuses what Keras would

    def make(*arguments, **keywords):
        name = keywords.pop('name', None) if named else None
        config = bind(*arguments, **keywords)
        if check:
            check(config)
        if named:
            config['name'] = _check_name(_automatic(class_name) if name is None else name)
        return Made(class_name, config)

    return make


def _module(name, **members):
    module = types.ModuleType(f'keras.{name}')
    module.__dict__.update(members)
    sys.modules[module.__name__] = module
    return module


def _pairs(*keys):
    def check(config):
        for key in keys:
            value = config[key]
            if isinstance(value, int):
                config[key] = (value, value)
            elif value is not None:
                assert isinstance(value, tuple) and len(value) == 2, (key, value)
    return check


def _shape(config):
    assert isinstance(config['target_shape'], tuple), config


def _rate(config):
    if not isinstance(config['rate'], (int, float)) or not 0 <= config['rate'] <= 1:
        raise ValueError(f'Invalid value received for argument `rate`: {config["rate"]}')


_KERNEL = ('kernel_initializer="glorot_uniform", bias_initializer="zeros", kernel_regularizer=None, '
           'bias_regularizer=None')

layers = _module('layers', **{
    class_name: _maker(class_name, signature, check, named=True) for class_name, signature, check in (
        ('Conv2D', 'filters, kernel_size, strides=(1, 1), padding="valid", data_format=None, '
         f'dilation_rate=(1, 1), groups=1, activation=None, use_bias=True, {_KERNEL}',
         _pairs('kernel_size', 'strides', 'dilation_rate')),
        ('Dense', f'units, activation=None, use_bias=True, {_KERNEL}', None),
        ('MaxPooling2D', 'pool_size=(2, 2), strides=None, padding="valid", data_format=None',
         _pairs('pool_size', 'strides')),
        ('AveragePooling2D', 'pool_size, strides=None, padding="valid", data_format=None',
         _pairs('pool_size', 'strides')),
        ('GlobalAveragePooling2D', 'data_format=None, keepdims=False', None),
        ('GlobalMaxPooling2D', 'data_format=None, keepdims=False', None),
        ('Flatten', 'data_format=None', None),
        ('Reshape', 'target_shape', _shape),
        ('Dropout', 'rate, noise_shape=None, seed=None', _rate),
        ('BatchNormalization', 'axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True, '
         'beta_initializer="zeros", gamma_initializer="ones", moving_mean_initializer="zeros", '
         'moving_variance_initializer="ones"', None),
        ('Activation', 'activation', None),
        ('ReLU', 'max_value=None, negative_slope=0.0, threshold=0.0', None),
        ('Softmax', 'axis=-1', None),
        ('Rescaling', 'scale, offset=0.0', None),
    )})

Input = _maker('InputLayer', 'shape=None', named=True)

regularizers = _module('regularizers', L2=_maker('L2', 'l2=0.01'))


def _real_momentum(config):
    if not isinstance(config['momentum'], float) or not 0 <= config['momentum'] <= 1:
        raise ValueError('`momentum` must be a float between [0, 1].')


_COMMON = ('weight_decay={}, clipnorm=None, clipvalue=None, global_clipnorm=None, use_ema=False, '
           'ema_momentum=0.99, ema_overwrite_frequency=None')
_BETAS = 'beta_1=0.9, beta_2=0.999, epsilon=1e-7'

schedules = _module(
    'optimizers.schedules',
    ExponentialDecay=_maker('ExponentialDecay', 'initial_learning_rate, decay_steps, decay_rate, staircase=False'),
    CosineDecay=_maker('CosineDecay', 'initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", '
                       'warmup_target=None, warmup_steps=0'),
    PiecewiseConstantDecay=_maker('PiecewiseConstantDecay', 'boundaries, values'))

optimizers = _module('optimizers', schedules=schedules, **{
    class_name: _maker(class_name, f'{signature}, {_COMMON.format(decay)}', check)
    for class_name, signature, decay, check in (
        ('Adam', f'learning_rate=0.001, {_BETAS}, amsgrad=False', None, None),
        ('AdamW', f'learning_rate=0.001, {_BETAS}, amsgrad=False', 0.004, None),
        ('Nadam', f'learning_rate=0.001, {_BETAS}', None, None),
        ('SGD', 'learning_rate=0.01, momentum=0.0, nesterov=False', None, _real_momentum),
        ('RMSprop', 'learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False', None, None),
        ('Adagrad', 'learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7', None, None),
    )})

losses = _module(
    'losses',
    SparseCategoricalCrossentropy=_maker('SparseCategoricalCrossentropy', 'from_logits=False'),
    CategoricalCrossentropy=_maker('CategoricalCrossentropy', 'from_logits=False, label_smoothing=0.0'),
    BinaryCrossentropy=_maker('BinaryCrossentropy', 'from_logits=False, label_smoothing=0.0'),
    MeanSquaredError=_maker('MeanSquaredError', '*, reduction="sum_over_batch_size"'),
    MeanAbsoluteError=_maker('MeanAbsoluteError', '*, reduction="sum_over_batch_size"'),
    Huber=_maker('Huber', 'delta=1.0'))

callbacks = _module('callbacks', EarlyStopping=_maker(
    'EarlyStopping', 'monitor="val_loss", min_delta=0, patience=0, restore_best_weights=False'))


def _set_random_seed(seed):
    # Refused by NumPy.
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError('Seed must be between 0 and 2**32 - 1')
    record['seed'] = seed


utils = _module('utils', set_random_seed=_set_random_seed,
                to_categorical=lambda array, num_classes=None: array.one_hot(num_classes))


def _load_data():
    images = make_images(60000, 10000, (28, 28))
    return (images['x_train'], images['y_train']), (images['x_test'], images['y_test'])


datasets = _module('datasets', mnist=_module('datasets.mnist', load_data=_load_data))


class Model:
    """What keras.Sequential makes."""

    def __init__(self, made, name=None):
        self.name = _check_name(_automatic('Sequential') if name is None else name)
        self.layers = list(made)
        names = [layer.config['name'] for layer in self.layers]
        if len(set(names)) != len(names):
            raise ValueError(f'All layers added to a Sequential model should have unique names: {names}')
        record['model'] = self

    def to_record(self):
        return {'name': self.name, 'layers': [_plain(layer) for layer in self.layers]}

    def compile(self, optimizer, loss, metrics=None):
        record['compile'] = {'optimizer': optimizer, 'loss': loss, 'metrics': metrics}

    def fit(self, x, y, *, batch_size=32, epochs=1, shuffle=True, validation_data=None, callbacks=None):
        assert 'compile' in record
        assert len(x) == len(y), (len(x), len(y))
        record['calls'].append('fit')
        record['fit'] = {'x': x, 'y': y, 'batch_size': batch_size, 'epochs': epochs, 'shuffle': shuffle,
                         'validation': validation_data, 'callbacks': callbacks or []}

    def evaluate(self, x, y):
        record['calls'].append('evaluate')
        record['evaluate'] = [x, y]

    def save(self, path):
        assert path.endswith('.keras'), path
        record['calls'].append('save')
        record['save'] = path


Sequential = Model


def get_record():
    return _plain(record)


reset()
