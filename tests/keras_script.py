"""Runs Keras scripts with a Keras of our own that computes nothing, and says what they ask for.

    keras_script.py DIRECTORY     checks every NAME.py there against NAME.json (the model's config.json, as
                                  Layerwise writes it) and NAME.expected.json (what it is trained with)

`run` is for tests of the window. The oracle is the config: what a script's constructors make of their
arguments and of Keras' defaults must be what the config says, and the other way round.
"""

import json
import os
import runpy
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'fake'))

import keras  # noqa: E402
import numpy  # noqa: E402

# Which keys of the config a script leaves to Keras, and what Keras makes of them.
IMPLIED = {'dtype': 'float32', 'trainable': True, 'groups': 1, 'data_format': 'channels_last'}

# What a config leaves out.
STANDARD = {'kernel_initializer': 'glorot_uniform', 'bias_initializer': 'zeros', 'beta_initializer': 'zeros',
            'gamma_initializer': 'ones', 'moving_mean_initializer': 'zeros',
            'moving_variance_initializer': 'ones'}


def run(path):
    """The script's record: seed, model, compile, fit, evaluate, save, calls."""
    keras.reset()
    numpy.loaded.clear()
    runpy.run_path(path, run_name='__main__')
    return keras.get_record()


def class_words(class_name):
    """`HeNormal` as Keras' word `he_normal`."""
    return ''.join('_' + letter.lower() if letter.isupper() else letter for letter in class_name)[1:]


def normalize(key, value, config):
    """A value of either side in one form."""
    if isinstance(value, dict):
        inner = {name: normalize(name, item, value['config'])
                 for name, item in value['config'].items() if name != 'name'}
        if key.endswith('_initializer'):
            return class_words(value['class_name'])
        return value['class_name'], inner
    if key == 'activation' and value is None:
        return 'linear'
    if key == 'strides' and value is None:
        return list(config['pool_size'])
    return value


def compare(what, made, config, implied):
    """Both configs say the same, key by key."""
    for key in sorted({*made, *config}):
        if key in implied and key not in made:
            assert config[key] == implied[key], f'{what}: {key} is {config[key]}'
            continue
        if key in implied and made[key] is None:
            continue
        assert key in made, f'{what}: no such argument: {key}'
        have = normalize(key, made[key], made)
        if key not in config:
            # Left out of the config: standard initializers, no regularizer, what Layerwise has no field for.
            assert have is None or key == 'reduction' or have == STANDARD.get(key), \
                f'{what}: {key} is {have}, but not in the config'
            continue
        want = normalize(key, config[key], config)
        assert have == want, f'{what}: {key} is {have!r}, not {want!r}'
        assert isinstance(have, float) == isinstance(want, float), f'{what}: {key} is {have!r}'


def check_model(made, config):
    assert made['name'] == config['name'].replace('/', '_'), (made['name'], config['name'])
    assert len(made['layers']) == len(config['layers'])
    for index, (layer, wanted) in enumerate(zip(made['layers'], config['layers'])):
        what = f'layer {index}, {wanted["class_name"]}'
        assert layer['class_name'] == wanted['class_name'], f'{what}: it is {layer["class_name"]}'
        wanted = dict(wanted['config'])
        if index == 0:
            wanted['shape'] = wanted.pop('batch_shape')[1:]
        if '/' in wanted['name']:
            layer['config']['name'] = wanted['name']  # the same but for what Keras refuses
        compare(what, layer['config'], wanted, IMPLIED)


def check_compile(made, config):
    for part in ('optimizer', 'loss'):
        have, wanted = made[part], config[part]
        assert have['class_name'] == wanted['class_name'], have['class_name']
        wanted = {key: value for key, value in wanted['config'].items() if key != 'name'}
        compare(have['class_name'], have['config'], wanted, {})
    assert made['metrics'] == config['metrics']


def check_training(record, expected):
    """What fit() has been given, rows of images included."""
    fit = record['fit']
    rows = 10 if expected['rows'] else None
    for name, array in (('x', fit['x']), ('y', fit['y'])):
        assert array['name'] == f'{name}_train', array
        assert (array['first'], array['shape'][0]) == (0, expected['n_training']), array
    assert fit['x']['shape'][1:] == [28, 28, 1] and fit['x']['dtype'] == 'float32', fit['x']
    assert fit['x']['done'] == ['/ 255'], fit['x']
    assert fit['y']['done'] == ([f'one of {rows}'] if rows else []), fit['y']
    for key in ('batch_size', 'epochs', 'shuffle'):
        assert fit[key] == expected[key], f'{key} is {fit[key]}, not {expected[key]}'
    assert record['seed'] == expected['seed'] % 2**32, record['seed']

    if expected['validation'] is None:
        assert fit['validation'] is None
    else:
        x, y = fit['validation']
        name, first, count = expected['validation']
        for array in (x, y):
            assert array['name'][1:] == f'_{name}', array
            assert (array['first'], array['shape'][0]) == (first, count), array
        assert x['shape'][1:] == [28, 28, 1] and x['done'] == ['/ 255'], x
    wanted = [] if expected['stopping'] is None else [
        {'class_name': 'EarlyStopping',
         'config': {'monitor': 'val_loss', 'min_delta': 0, 'patience': expected['stopping'][0],
                    'restore_best_weights': expected['stopping'][1]}}]
    assert fit['callbacks'] == wanted, fit['callbacks']
    assert [array['name'] for array in record['evaluate']] == ['x_test', 'y_test']
    assert record['calls'] == ['fit', 'evaluate', 'save'], record['calls']
    assert record['save'] == expected['save'], record['save']
    assert [path.decode('latin-1') for path in numpy.loaded] == expected['loaded'], numpy.loaded


def read_json(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def main():
    directory = sys.argv[1]
    names = sorted(name[:-3] for name in os.listdir(directory) if name.endswith('.py'))
    assert names, f'{directory} has no script'
    failed = 0
    for name in names:
        stem = os.path.join(directory, name)
        try:
            record = run(f'{stem}.py')
            config = read_json(f'{stem}.json')
            check_model(record['model'], config['config'])
            check_compile(record['compile'], config['compile_config'])
            check_training(record, read_json(f'{stem}.expected.json'))
        except Exception as error:  # a script may fail in any way
            failed += 1
            with open(f'{stem}.py', encoding='utf-8') as file:
                print(f'{name}: {type(error).__name__}: {error}\n{file.read()}')
    print(f'{len(names)} scripts, {failed} wrong')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
