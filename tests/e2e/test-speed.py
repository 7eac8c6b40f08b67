"""The speed dial: slow motion that can be followed on the cards, one batch, one example, and full speed; and
going on for some more epochs."""

import re

import harness
from window import Window, fresh


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens', needed=True):
        window.start()
        window.wait_status(r'^Ready')

    slow_motion(app, tap, window)
    single_steps(app, tap, window)
    full(app, tap, window)
    continue_for(app, tap, window)

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def choose(app, window, now, then):
    app.click(app.find(None, rf'^Speed: {now}$', within=window.frame))
    app.click(app.find('radio menu item', rf'^{then}$', within=window.frame))
    app.find(None, rf'^Speed: {then}$', within=window.frame)


def slow_motion(app, tap, window):
    phases = ('forward: the images go through the layers',
              'loss: the answers are compared with the labels',
              'backward: each layer is told how its weights should change',
              'update: the optimizer changes the weights')

    with tap.step('slow motion goes through the phases in order, in words'):
        choose(app, window, 'Full speed', 'Slow motion')
        window.focus_chart()
        app.key('space')
        for phase in phases:
            window.wait_status(rf'^Step 1 · {phase}$')
        window.wait_status(r'^Step 2 · forward')
        assert window.is_training()
        app.wait_until(lambda: window.step() == 1, 5, 'the first step on the chart')

    with tap.step('Space pauses it between two steps'):
        app.key('space')
        window.wait_training(False)
        tap.note(window.wait_status(r'^Paused · epoch 1 of 5 · step \d+$'))


def single_steps(app, tap, window):
    with tap.step('one batch each time that Train, now Step, is pressed'):
        choose(app, window, 'Slow motion', 'One batch')
        step = window.wait_still()
        app.find('push button', r'^Step$', within=window.frame)
        window.focus_chart()
        for i in range(1, 4):
            app.key('space')
            app.wait_until(lambda: window.step() == step + i, 5, f'step {step + i}')
        window.wait_status(rf'^Paused · epoch 1 of 5 · step {step + 3}$')

    with tap.step('one example each time'):
        choose(app, window, 'One batch', 'One example')
        window.focus_chart()
        app.key('space')
        app.wait_until(lambda: window.step() == step + 4, 5, f'step {step + 4}')
        app.key('Right')
        app.wait_until(lambda: window.step() == step + 5, 5, f'step {step + 5}')
        window.wait_status(rf'^Paused · epoch 1 of 5 · step {step + 5}$')


def full(app, tap, window):
    with tap.step('from slow to full speed while it goes'):
        choose(app, window, 'One example', 'Slow motion')
        step = window.wait_still()
        window.focus_chart()
        app.key('space')
        window.wait_status(r'^Step [\d,]+ · forward')
        choose(app, window, 'Slow motion', 'Full speed')
        app.wait_until(lambda: window.step() > step + 2, 20, 'the curve to move')
        assert window.is_training()
        # The epoch has more steps than it would have had in batches alone.
        tap.note(window.wait_status(r'^Epoch 1 of 5 · [\d,]+ of 47[0-9] '))

    with tap.step('a run that goes can be slowed down'):
        choose(app, window, 'Full speed', 'Slow motion')
        window.wait_status(r'^Step [\d,]+ · (forward|loss|backward|update)')
        window.focus_chart()
        app.key('space')
        window.wait_training(False)
        choose(app, window, 'Slow motion', 'Full speed')


def continue_for(app, tap, window):
    with tap.step('a run that is done goes on for as many epochs as one likes', needed=True):
        window.load_preset('logistic')
        window.set_number('Run', 'Epochs', '1')
        window.focus_chart()
        app.key('space')
        window.wait_status(r'^Done · .* · 1 epoch in', timeout=60)
        menu = next(node for node in fresh(window.status_bar).walk()
                    if node.name == 'Continue for another number of epochs')
        app.click(menu)
        app.click(app.find('menu item', r'^For 2 epochs$', within=window.status_bar))
        tap.note(window.wait_status(r'^Done · .* · 3 epochs in', timeout=60))


harness.run(test)
