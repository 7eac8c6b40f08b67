"""When things go wrong or are stopped: the window says what, and what to do, and lives on."""

import os
import re
import shutil

import harness
from window import Window

CONVNET = ['Conv2D', 'MaxPooling2D', 'Conv2D', 'MaxPooling2D', 'Flatten', 'Dropout', 'Dense']
BATCHES = 60000 // 32  # of an epoch of the preset logistic
MNIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'resources', 'data',
                     'mnist.npz')


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens', needed=True):
        window.start()
        window.wait_status(r'^Ready · convnet')

    chart_keys(app, tap, window)
    stop_and_reset(app, tap, window)
    divergence(app, tap, window)
    finish(app, tap, window)
    close(app, tap, window)
    bad_data(app, tap, window)
    bad_files(app, tap, window)

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def chart_keys(app, tap, window):
    with tap.step('with the focus on the chart → trains one batch'):
        window.focus_chart()
        app.key('Right')
        window.wait_status(r'^Paused · epoch 1 of 5 · step 1$')
        app.key('Right')
        window.wait_status(r'^Paused · epoch 1 of 5 · step 2$')
        app.wait_until(lambda: window.step() == 2, 5, 'the chart to tell of step 2')
        assert not window.is_training()

    with tap.step('R begins anew'):
        app.key('r')
        window.wait_toast(r'^Weights reset$')
        window.wait_status(r'^Ready')
        app.wait_until(lambda: window.step() == 0, 5, 'an empty chart')

    with tap.step('and its toast takes that back'):
        app.click(window.toast_button('Undo'))
        window.wait_status(r'epoch 1 of 5 · step 2$')
        app.wait_until(lambda: window.step() == 2, 5, 'the curve to come back')


def stop_and_reset(app, tap, window):
    with tap.step('Stop stops and keeps the curve'):
        window.focus_chart()
        app.key('space')
        window.wait_status(r'^Epoch 1 of 5')
        app.click(window.status_button(r'^Stop'))
        window.wait_training(False)
        said = window.wait_status(r'^Stopped · epoch 1 of 5 · step [\d,]+')
        tap.note(said)
        step = window.wait_still()
        assert step > 2 and f'step {step:,}' in said, (step, said)

    with tap.step('Space goes on from there'):
        window.focus_chart()
        app.key('space')
        window.wait_training(True)
        app.wait_until(lambda: window.step() > step, 10, 'the curve to move')
        app.key('space')
        window.wait_training(False)
        window.wait_status(r'^Paused')

    with tap.step('Reset is undone by Ctrl+Z, done again by Ctrl+Shift+Z'):
        step = window.wait_still()
        app.click(app.find('push button', r'^Reset', within=window.frame))
        app.wait_until(lambda: window.step() == 0, 5, 'an empty chart')
        app.key('ctrl+z')
        app.wait_until(lambda: window.step() == step, 5, 'the curve to come back')
        app.key('ctrl+shift+z')
        app.wait_until(lambda: window.step() == 0, 5, 'an empty chart again')
        window.wait_status(r'^Ready')


def divergence(app, tap, window):
    # Two layers without a relu between them, and logits: nothing dies or is clipped, so that
    # everything explodes.
    with tap.step('a run with SGD', needed=True):
        window.load_preset('tiny-cnn')
        window.wait_kinds('Conv2D', 'Conv2D', 'GlobalAveragePooling2D', 'Dense')
        app.click(window.card(r'^Dense'), 100, 14)
        app.click(app.find('push button', r'^Add layer', within=window.frame))
        app.find('list', r'^Layers to add')
        app.type_text('dense')
        app.key('Return')
        window.wait_kinds('Conv2D', 'Conv2D', 'GlobalAveragePooling2D', 'Dense', 'Dense')
        window.choose_optimizer('SGD')
        window.set_number('Run', 'Epochs', '500')
        window.wait_setting('Run: 500 epochs')
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: window.step() > 20, 20, 'step 20')
        tap.note(window.status)

    with tap.step('a learning rate of 1000 stops it by itself'):
        window.set_number('Optimizer', 'Learning rate', '1000')
        said = window.wait_status(r'^Stopped at step [\d,]+: the loss became (NaN|infinite)\. '
                                  r'The learning rate 1000 is probably too high\.', timeout=30)
        tap.note(said)
        window.wait_training(False)

    with tap.step('Back to the last good step'):
        button = window.status_button(r'^Back to step [\d,]+')
        good = int(re.search(r'step ([\d,]+)', button.name).group(1).replace(',', ''))
        bad = int(re.search(r'step ([\d,]+)', said).group(1).replace(',', ''))
        tap.note(f'{button.name}, {bad - good} before the fault')
        assert 0 < good < bad, (good, bad)
        app.click(button)
        window.wait_toast(r'^Back at step \d+')
        window.wait_status(rf'step {good:,}$')
        app.wait_until(lambda: window.step() == good, 5, f'the curve up to step {good}')

    with tap.step('with a lower rate it goes on'):
        # So low that it is safe even from weights that have begun to explode.
        window.set_number('Optimizer', 'Learning rate', '1e-8')
        window.wait_setting('Optimizer: SGD · 1e-8')
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: window.step() > good, 10, 'the curve to move')
        tap.note(window.loss.name)
        assert window.is_training(), window.status
        app.key('space')
        window.wait_training(False)

    with tap.step('and the window answers'):
        window.draw()
        tap.note(' | '.join(window.wait_bars()))


def finish(app, tap, window):
    with tap.step('one epoch of a small model comes to its end'):
        window.load_preset('logistic')
        window.wait_kinds('Flatten', 'Dense')
        assert window.setting('Run').name.endswith('batch 32 Run'), window.setting('Run').name
        window.set_number('Run', 'Epochs', '1')
        window.wait_setting('Run: 1 epoch')
        window.focus_chart()
        app.key('space')
        tap.note(window.wait_status(r'^Done · \d\d\.\d.% of the test images right · 1 epoch in 0:\d\d',
                                    timeout=60))
        window.wait_training(False)

    with tap.step('Continue for 5 epochs'):
        app.click(window.status_button(r'^Continue for 5 epochs'))
        tap.note(window.wait_status(r'^Done · \d\d\.\d.% of the test images right · 6 epochs in ',
                                    timeout=60))
        app.wait_until(lambda: window.step() == 6 * BATCHES, 5, 'the last step on the chart')

    with tap.step('Space begins a second run'):
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: 0 < window.step() <= BATCHES, 20,
                       'the steps of a new run')
        window.wait_status(r'^Done · .* · 1 epoch in', timeout=60)


def close(app, tap, window):
    heading = r'^Discard what is not saved\?$'

    def discard():
        app.key('F10')
        app.click(app.find('menu item', r'^Discard and Close', within=window.frame))
        app.find('label', heading)

    with tap.step('unsaved work is thrown away on request only: Escape cancels'):
        discard()
        app.key('Escape')
        app.wait_gone('label', heading)
        assert app.process.poll() is None
        window.wait_status(r'^Done')

    with tap.step('Discard closes'):
        discard()
        app.click(app.find('push button', r'Discard'))
        assert app.wait_exit() == 0


def bad_data(app, tap, window):
    folder = app.path('images')
    path = os.path.join(folder, 'mnist.npz')
    os.mkdir(folder)

    with tap.step('without the images the window says where it looked', needed=True):
        window.start(LAYERWISE_DATA_DIR=folder)
        said = window.wait_status(r'^Cannot train: ')
        tap.note(said)
        assert path in said and 'LAYERWISE_DATA_DIR' in said, said
        app.wait_until(lambda: not window.train.has_state('sensitive'), 3, 'Train to be off')
        assert path in window.train.description, window.train.description
        window.focus_chart()
        app.key('space')
        assert not window.is_training() and window.step() == 0

    with tap.step('Try again with a file cut short tells that'):
        with open(MNIST, 'rb') as whole, open(path, 'wb') as part:
            part.write(whole.read(4_000_000))
        app.click(window.status_button(r'^Try again'))
        tap.note(app.wait_until(lambda: window.status != said and path in window.status
                                and window.status, 10, 'another sentence'))

    with tap.step('Try again with the whole file works'):
        shutil.copyfile(MNIST, path)
        app.click(window.status_button(r'^Try again'))
        window.wait_status(r'^Ready · convnet on MNIST')
        app.wait_until(lambda: window.train.has_state('sensitive'), 3, 'Train to be on')
        window.wait_kinds(*CONVNET)
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: window.step() > 0, 10, 'the curve to move')
        app.key('space')
        window.wait_training(False)


def bad_files(app, tap, window):
    heading = r'^The file could not be opened$'

    def sentence():
        head = app.find('label', heading)
        texts = [node.name for node in app.find_all('label', within=head.parent)]
        text = max(texts, key=len)
        tap.note(text)
        return text

    with tap.step('a text opened as a model is answered by a sentence'):
        path = app.path('notes.txt')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('Buy milk.\n')
        app.key('ctrl+o')
        window.choose_file(path, 'Open a model')
        assert 'notes.txt' in sentence()

    with tap.step('Escape closes it, the window is as it was'):
        app.key('Escape')
        app.wait_gone('label', heading)
        window.wait_kinds(*CONVNET)
        assert window.step() > 0
        app.stop()

    with tap.step('a damaged archive named on the command line likewise', needed=True):
        path = app.path('half.keras')
        with open(MNIST, 'rb') as whole, open(path, 'wb') as part:
            part.write(whole.read(100_000))
        window.start(path)
        assert 'half.keras' in sentence()
        app.key('Escape')
        app.wait_gone('label', heading)

    with tap.step('with the model of the launch, ready to train'):
        window.wait_kinds(*CONVNET)
        window.wait_status(r'^Ready · convnet on MNIST')
        app.key('ctrl+q')
        assert app.wait_exit() == 0

    with tap.step('work that was left and cannot be read any more is told of, once', needed=True):
        folder = os.path.join(app.environment['XDG_STATE_HOME'], 'layerwise', 'work')
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        with open(os.path.join(folder, 'lost.keras'), 'w', encoding='utf-8') as file:
            file.write('nothing of the kind')
        window.start()
        lost = r'^What was left the last time could not be read$'
        head = app.find('label', lost)
        assert any('lost.keras' in node.name for node in app.find_all('label', within=head.parent))
        app.key('Escape')
        app.wait_gone('label', lost)
        window.wait_kinds(*CONVNET)
        app.key('ctrl+q')
        assert app.wait_exit() == 0
        window.start()
        window.wait_status(r'^Ready · convnet on MNIST')
        assert not app.find_all('label', lost)
        app.key('ctrl+q')
        assert app.wait_exit() == 0


harness.run(test)
