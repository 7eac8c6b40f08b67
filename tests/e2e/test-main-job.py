"""Train, ask, save, start again, load: the same answers."""

import re
import time
import zipfile

import harness
from window import Window

CONVNET = ['Conv2D', 'MaxPooling2D', 'Conv2D', 'MaxPooling2D', 'Flatten', 'Dropout', 'Dense']
# Hard to read, so that their bars say more than 100 %.
TILES = 'Test image 61', 'Test image 259', 'Test image 447'


def percent(text):
    found = re.search(r'([\d.]+)\s*%', text)
    return float(found.group(1)) if found else 0.0


def test(app, tap):
    window = Window(app)
    path = app.path('digits.keras')

    with tap.step('the window opens with the convnet', needed=True):
        window.start()
        assert window.kinds() == CONVNET, window.kinds()
        window.wait_status(r'^Ready · convnet on MNIST · 2 threads')
        assert window.step() == 0, window.loss.name

    with tap.step('every control has a name'):
        window.lint()

    with tap.step('the chart has the focus'):
        assert window.loss.has_state('focused')

    with tap.step('Space trains: the curve moves, Train has become Pause', needed=True):
        began = time.monotonic()
        app.key('space')
        status = window.wait_status(r'^Epoch 1 of 5 · [1-9][\d,]* of 469')
        tap.note(f'{time.monotonic() - began:.2f} s from Space to "{status}"')
        # A screen reader is told once a second.
        app.wait_until(lambda: window.step() > 0, 10, 'the curve to move')
        tap.note(f'{time.monotonic() - began:.2f} s from Space to "{window.loss.name}"')
        window.wait_training(True)

    with tap.step('a digit drawn while training is answered'):
        window.draw()
        bars = window.wait_bars(timeout=30)
        tap.note(' | '.join(bars))
        assert [bar.split(':')[0] for bar in bars] == [str(digit) for digit in range(10)]

    with tap.step('test accuracy above 0.9', needed=True):
        began = time.monotonic()
        note = app.find('label', r'9\d\.\d\s*% of [\d,]+ right', timeout=60, within=window.frame)
        tap.note(f'"{note.name}" {time.monotonic() - began:.1f} s later, at step {window.step()}')
        assert percent(note.name) > 90, note.name

    with tap.step('Space pauses'):
        window.focus_chart()
        app.key('space')
        window.wait_training(False)
        tap.note(window.wait_status(r'^Paused · epoch \d of 5 · step [\d,]+'))
        step = window.wait_still()
        assert step > 0 and f'{step:,}' in window.status, (step, window.status)
        app.wait_until(lambda: window.spoken_status == window.status, 5,
                       'a screen reader to be told the same')

    with tap.step('the bars say 7, the strip has its guesses'):
        bars = window.wait_bars()
        tap.note(' | '.join(bars))
        sure = [percent(bar) for bar in bars]
        assert sure.index(max(sure)) == 7, bars
        assert 97 <= sum(sure) <= 103, bars
        guesses = window.wait_guesses()
        assert len(guesses) == 18, guesses
        right = sum(bool(re.search(r'guessed (\d), is \1', guess)) for guess in guesses)
        tap.note(f'{right} of 18 right')
        assert right >= 9, guesses

    tiles = {}
    with tap.step('test digits are asked of in place of the drawing'):
        before = bars
        for name in TILES:
            app.click(tile(window, name))
            app.wait_until(lambda: window.bars() != before, 5, 'other bars')
            before = tiles[name] = window.wait_bars()
            tap.note(f'{name}: ' + ' | '.join(before))

    with tap.step('Ctrl+S saves', needed=True):
        app.key('ctrl+s')
        window.choose_file(path, 'Save the model')
        window.wait_toast(r'^Saved digits\.keras$')
        app.find('frame', r'^digits — Layerwise$')

    with tap.step('the file is a Keras archive'):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            tap.note(', '.join(names))
            assert archive.testzip() is None
        for name in ('config.json', 'metadata.json', 'model.weights.h5'):
            assert name in names, names

    with tap.step('with nothing unsaved the window closes without a question'):
        app.key('ctrl+q')
        assert app.wait_exit() == 0

    with tap.step('started again it knows nothing', needed=True):
        window.start()
        assert window.step() == 0, window.loss.name
        assert all('—' in bar for bar in window.bars()), window.bars()

    with tap.step('Ctrl+O opens the file', needed=True):
        app.key('ctrl+o')
        window.choose_file(path, 'Open a model')
        window.wait_toast(r'^Opened digits\.keras$')
        app.wait_until(lambda: window.step() == step, 5, f'the curve up to step {step}')
        tap.note(window.loss.name)
        tap.note(window.wait_status(rf'epoch \d of 5 · step {step:,}$'))

    same_answers(app, tap, window, guesses, bars, tiles)

    with tap.step('a file named on the command line opens', needed=True):
        app.key('ctrl+q')
        assert app.wait_exit() == 0
        window.start(path)
        window.wait_status(rf'epoch \d of 5 · step {step:,}$')
        app.find('frame', r'^digits — Layerwise$')

    same_answers(app, tap, window, guesses, bars, tiles)

    with tap.step('training goes on from there'):
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: window.step() > step, 10, 'the curve to move')
        tap.note(window.wait_status(r'^Epoch \d of 5'))
        app.key('space')
        window.wait_training(False)

    with tap.step('every control has a name in a trained window'):
        window.lint()

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def tile(window, name):
    return window.app.find('table cell', rf'^{name}:', within=window.strip)


def same_answers(app, tap, window, guesses, bars, tiles):
    with tap.step('the same guesses of the test digits'):
        assert window.wait_guesses() == guesses, window.guesses()

    with tap.step('the same bars for the same strokes'):
        window.draw()
        now = window.wait_bars()
        assert now == bars, f'{now} were {bars}'

    with tap.step('the same bars for the same test digits'):
        for name, was in tiles.items():
            app.click(tile(window, name))
            app.wait_until(lambda: window.bars() == was, 5, f'{was}')


harness.run(test)
