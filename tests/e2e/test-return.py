"""Leaving asks nothing and loses nothing: the window comes back with its runs as they were."""

import os
import re
import signal

import harness
from window import Window


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens', needed=True):
        window.start()
        window.wait_status(r'^Ready · convnet')

    step = leave_while_training(app, tap, window)
    step = go_on(app, tap, window, step)
    crash(app, tap, window, step)
    end_of_desktop(app, tap, window)
    saved(app, tap, window)

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def work(app):
    """What is kept on disk."""
    folder = os.path.join(app.environment['XDG_STATE_HOME'], 'layerwise', 'work')
    return [name for name in os.listdir(folder) if name.endswith('.keras')] if os.path.isdir(folder) else []


def leave_while_training(app, tap, window):
    with tap.step('while it trains the window closes without a question'):
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: window.step() > 20, 20, 'the curve to move')
        before = window.step()
        app.key('ctrl+w')
        assert app.wait_exit() == 0

    with tap.step('started again it has the run, paused, beyond what was seen last', needed=True):
        window.start()
        toast = window.wait_toast(r'^Run 1 is back at step [\d,]+: press Space to train on$')
        status = window.wait_status(r'^Stopped · epoch \d of 5 · step [\d,]+$')
        tap.note(f'{toast.name} | {status}')
        step = int(re.search(r'step ([\d,]+)$', status).group(1).replace(',', ''))
        assert step >= before, f'{step} was {before}'
        app.wait_until(lambda: window.step() == step, 5, 'the curve up to there')
        assert not window.is_training()
        assert window.kinds()[0] == 'Conv2D', window.kinds()
    return step


def go_on(app, tap, window, step):
    with tap.step('and goes on with it'):
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: window.step() > step, 20, 'the curve to move')
        app.key('space')
        window.wait_training(False)
        return window.wait_still()


def crash(app, tap, window, step):
    with tap.step('an unfinished model is kept as well'):
        app.click(window.card(r'^Flatten'))
        app.key('Delete')
        window.wait_status(r'^Cannot train')
        app.wait_until(lambda: work(app), 10, 'the work to be kept')
        window.wait_status(r'^Cannot train')
        kinds = window.kinds()
        app.key('ctrl+q')
        assert app.wait_exit() == 0
        window.start()
        window.wait_kinds(*kinds)
        window.wait_status(r'^Cannot train')
        app.wait_until(lambda: window.step() == step, 5, 'the curve up to there')

    with tap.step('a crash loses a moment at most', needed=True):
        window.load_preset('logistic')
        window.wait_status(r'^Ready · logistic')
        folder = os.path.join(app.environment['XDG_STATE_HOME'], 'layerwise', 'work')
        path = os.path.join(folder, work(app)[0])
        before = os.stat(path).st_mtime_ns
        window.focus_chart()
        app.wait_until(lambda: os.stat(path).st_mtime_ns > before, 10, 'the work to be kept again')
        app.process.send_signal(signal.SIGKILL)
        app.process.wait(10)
        window.start()
        window.wait_kinds('Flatten', 'Dense')
        window.wait_status(r'^Ready · logistic')


def end_of_desktop(app, tap, window):
    with tap.step('the end of the desktop is a close like any other', needed=True):
        window.load_preset('lenet5')
        window.wait_status(r'^Ready · lenet5')
        app.process.send_signal(signal.SIGTERM)
        assert app.wait_exit() == 0
        window.start()
        window.wait_status(r'^Ready · lenet5')


def saved(app, tap, window):
    path = app.path('left.keras')

    with tap.step('once saved, nothing is kept: the next start is a fresh one', needed=True):
        app.key('ctrl+s')
        window.choose_file(path, 'Save the model')
        window.wait_toast(r'^Saved left\.keras$')
        app.wait_until(lambda: not work(app), 10, 'what was kept to go')
        app.key('ctrl+q')
        assert app.wait_exit() == 0
        window.start()
        window.wait_status(r'^Ready · convnet on MNIST')
        assert window.step() == 0

    with tap.step('the saved file has the runs'):
        app.key('ctrl+o')
        window.choose_file(path, 'Open a model')
        window.wait_toast(r'^Opened left\.keras$')
        app.find('label', r'^Run 1$', within=window.frame)

    with tap.step('saved in answer to the question, nothing is kept either'):
        window.load_preset('mlp')
        app.wait_until(lambda: work(app), 10, 'the work to be kept')
        app.key('F10')
        app.click(app.find('menu item', r'^Discard and Close', within=window.frame))
        app.find('label', r'^Discard what is not saved\?$')
        app.key('Return')
        assert app.wait_exit() == 0
        assert not work(app), work(app)


harness.run(test)
