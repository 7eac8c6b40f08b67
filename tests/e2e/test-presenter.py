"""Presenter mode: into it while training, Space and Tab in it, and back to the window as it was."""

import harness
from window import Window


def figure(app, window, pattern, timeout=10):
    """One of the three figures: `Training loss: 0.2, smoothed, started at 2.3`."""
    return app.find(name=pattern, timeout=timeout, within=window.frame)


def pressed(node):
    return node.has_state('pressed')


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens', needed=True):
        window.start()
        window.wait_status(r'^Ready · ')
        before = {'frame': window.frame.extents, 'layers': window.layers.extents,
                  'loss': window.loss.extents, 'pad': window.pad.extents}

    def is_back():
        now = {'frame': window.frame.extents, 'layers': window.layers.extents,
               'loss': window.loss.extents, 'pad': window.pad.extents}
        return now == before

    with tap.step('F11 before any training: the chart, the hint and three figures', needed=True):
        app.key('F11')
        figure(app, window, r'^Test accuracy: —, not tested yet$')
        figure(app, window, r'^Training loss: —, no step yet$')
        figure(app, window, r'^Time: ')
        app.find('label', r'^Press Space to train$', within=window.frame)
        app.find('label', r'^F11 or Esc leaves presenter mode$', within=window.frame)
        for role, name in (('list', r'^Layers'), ('image', r'^Drawing pad'), ('table', r'^Test digits'),
                           ('push button', r'^Main menu')):
            app.wait_gone(role, name, within=window.frame)
        assert len(app.find_all('status bar', within=window.frame)) == 1
        chart = app.find('image', r'^Loss,', within=window.frame)
        assert chart.has_state('focused')

    with tap.step('every control has a name'):
        window.lint()

    with tap.step('how to leave goes away, and comes back with the pointer'):
        app.wait_gone('label', r'^F11 or Esc', timeout=6, within=window.frame)
        app.hover(chart, 300, 300)
        app.find('label', r'^F11 or Esc', within=window.frame)

    with tap.step('F11 goes back to the window as it was'):
        app.key('F11')
        app.wait_until(is_back, 5, 'everything to be in its place')
        app.wait_until(lambda: window.loss.has_state('focused'), 3, 'the focus on the chart')

    with tap.step('the focus comes back to where it was'):
        app.click(window.setting('Run'))
        app.key('Escape')
        row = window.setting('Run')
        app.wait_until(lambda: row.has_state('focused'), 3, 'the focus on the row')
        app.key('F11')
        chart = app.find('image', r'^Loss,', within=window.frame)
        app.wait_until(lambda: chart.has_state('focused'), 3, 'the focus on the large chart')
        app.key('Escape')
        app.wait_until(is_back, 5, 'everything to be in its place')
        app.wait_until(lambda: row.has_state('focused'), 3, 'the focus on the row')

    with tap.step('F11 while training', needed=True):
        window.focus_chart()
        app.key('space')
        window.wait_status(r'^Epoch 1 of 5 · [1-9]')
        app.key('F11')
        found = figure(app, window, r'^Training loss: \d+\.\d+, smoothed, started at 2\.\d$')
        tap.note(found.name)
        app.find('label', r'^Epoch 1 of 5$', within=window.frame)
        app.find('label', r'^step [\d,]+ of 2,345$', within=window.frame)
        app.find('label', r'^Run 1$', within=window.frame)
        tap.note(figure(app, window, r'^Test accuracy: \d+\.\d.%, at step [\d,]+, 1,000 images$', 30).name)
        tap.note(figure(app, window, r'^Time left: \d+:\d\d, [\d,]+ images/s$').name)

    with tap.step('Tab shows the accuracy, and again the loss'):
        app.key('Tab')
        accuracy = app.find('image', r'^Accuracy,', within=window.frame)
        app.wait_until(lambda: accuracy.has_state('focused'), 3, 'the focus on the accuracy')
        assert pressed(app.find('push button', r'^Accuracy', within=window.frame))
        app.key('Tab')
        app.wait_until(lambda: pressed(app.find('push button', r'^Loss', within=window.frame)), 3,
                       'the loss')

    with tap.step('the buttons do the same'):
        app.click(app.find('push button', r'^Accuracy', within=window.frame))
        app.find('image', r'^Accuracy,', within=window.frame)
        app.click(app.find('push button', r'^Loss', within=window.frame))
        chart = app.find('image', r'^Loss,', within=window.frame)
        app.wait_until(lambda: chart.has_state('focused'), 3, 'the focus on the loss')

    with tap.step('Space pauses'):
        app.key('space')
        paused = app.find('label', r'^Paused · epoch \d of 5 · step [\d,]+$', within=window.frame)
        tap.note(paused.name)
        tap.note(figure(app, window, r'^Time: \d+:\d\d, step [\d,]+ of 2,345$').name)

    with tap.step('→ takes one step'):
        step = int(paused.name.split('step ')[1].replace(',', ''))
        app.key('Right')
        app.find('label', rf'step {step + 1:,}$', within=window.frame)

    with tap.step('R starts over; the toast can be undone'):
        app.key('r')
        window.wait_toast(r'^Weights reset')
        app.click(window.toast_button('Undo'))
        app.find('label', rf'step {step + 1:,}$', within=window.frame)

    with tap.step('Escape goes back, paused where it was'):
        app.key('Escape')
        app.find('list', r'^Layers', within=window.frame)
        app.find('image', r'^Drawing pad', within=window.frame)
        window.wait_status(rf'step {step + 1:,}$')
        app.wait_until(lambda: window.layers.extents == before['layers']
                       and window.pad.extents == before['pad'], 3, 'the panes in their places')

    with tap.step('a fault is told, and its button leads to the card'):
        card = window.card(r'^Flatten')
        app.click(card, 60, 12)
        app.key('Escape', 'Delete')
        window.wait_status(r'^Cannot train: ')
        app.key('F11')
        button = app.find('push button', r'^Show card', within=window.frame)
        app.find('label', r'^Cannot train: ', within=window.frame)
        app.click(button)
        app.find('list', r'^Layers', within=window.frame)
        window.wait_status(r'^Cannot train: ')

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


harness.run(test)
