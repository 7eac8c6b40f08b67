"""Building a model: by pointer and by keys, into a fault and out of it, and back."""

import re

import harness
from window import Window

CONVNET = ['Conv2D', 'MaxPooling2D', 'Conv2D', 'MaxPooling2D', 'Flatten', 'Dropout', 'Dense']


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens with the convnet', needed=True):
        window.start()
        window.wait_kinds(*CONVNET)
        window.wait_status(r'^Ready')
        launch = window.cards()

    edit_by_pointer(app, tap, window)
    reorder(app, tap, window)
    fault(app, tap, window)
    choose(app, tap, window)

    with tap.step('Ctrl+Z leads all the way back to the model of the launch', needed=True):
        window.focus_chart()
        undo = app.find('push button', r'^Undo$', within=window.frame)
        n = 0
        while undo.has_state('sensitive') and n < 40:
            app.key('ctrl+z')
            n += 1
        tap.note(f'{n} edits')
        app.wait_until(lambda: window.cards() == launch, 5, 'the cards of the launch')
        assert window.setting('Optimizer').name.startswith('Optimizer: Adam · 0.001')
        assert app.find_all('label', r'^Untitled$', within=window.frame), 'the title marks unsaved work'

    with tap.step('Ctrl+Shift+Z does it all again'):
        for unused in range(n):
            app.key('ctrl+shift+z')
        app.wait_until(lambda: not window.status.startswith('Ready · convnet'), 5, 'another model')
        for unused in range(n):
            app.key('ctrl+z')
        app.wait_until(lambda: window.cards() == launch, 5, 'the cards of the launch')

    keys_only(app, tap, window)
    space(app, tap, window)

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def edit_by_pointer(app, tap, window):
    with tap.step('a layer typed into the palette comes behind the selected card'):
        app.click(window.card(r'^MaxPooling2D max_pooling2d,'), 100, 14)
        app.key('Escape')
        app.click(app.find('push button', r'^Add layer', within=window.frame))
        app.find('list', r'^Layers to add')
        app.type_text('drop')
        app.key('Return')
        window.wait_kinds('Conv2D', 'MaxPooling2D', 'Dropout', *CONVNET[2:])
        app.wait_gone('list', r'^Layers to add')
        tap.note(window.cards()[3])

    with tap.step('filters are edited in place'):
        card = window.card(r'^Conv2D conv2d,')
        app.click(card, 100, 14)
        app.click(app.find('spin button', r'^Filters', within=card), 20)
        app.key('ctrl+a')
        app.type_text('24')
        app.key('Tab')
        tap.note(window.card(r'^Conv2D conv2d, 24 filters .* output 26 × 26 × 24, 240 param').name)

    with tap.step('every control of an open card has a name'):
        window.lint()

    with tap.step('what is no number is refused'):
        spin = app.find('spin button', r'^Filters', within=card)
        app.click(spin, 20)
        app.key('ctrl+a')
        app.type_text('many')
        app.key('Tab')
        app.wait_until(lambda: spin.text == '24', 3, f'24 in place of "{spin.text}"')
        window.card(r'^Conv2D conv2d, 24 filters')

    with tap.step('Escape closes the card'):
        app.key('Escape')
        app.wait_until(lambda: not card.has_state('expanded'), 3, 'the card to close')

    with tap.step('Delete deletes the card with the focus, the toast undoes it'):
        app.click(window.card(r'^Dropout dropout_1'), 100, 14)
        app.key('Delete')
        window.wait_kinds(*CONVNET)
        window.wait_toast(r'^Dropout deleted$')
        app.click(window.toast_button('Undo'))
        window.wait_kinds('Conv2D', 'MaxPooling2D', 'Dropout', *CONVNET[2:])

    with tap.step('Ctrl+Z undoes a deletion too, Ctrl+Shift+Z repeats it'):
        app.click(window.card(r'^Dropout dropout_1'), 100, 14)
        app.key('Delete')
        window.wait_kinds(*CONVNET)
        app.key('ctrl+z')
        window.wait_kinds('Conv2D', 'MaxPooling2D', 'Dropout', *CONVNET[2:])
        app.key('ctrl+shift+z')
        window.wait_kinds(*CONVNET)


def reorder(app, tap, window):
    moved = CONVNET[:4] + ['Dropout', 'Flatten', 'Dense']

    with tap.step('a card is dragged by its handle'):
        card = window.card(r'^Dropout')
        flatten = window.card(r'^Flatten')
        # Into the upper half of the card before it.
        up = flatten.extents[1] + 6 - card.extents[1]
        app.drag(card, [(14, 18), (14, 8), (24, up)], pause=0.2)
        window.wait_kinds(*moved)

    with tap.step('Alt+Down and Alt+Up move it'):
        app.wait_until(lambda: window.card(r'^Dropout').has_state('focused'), 3,
                       'the focus on the dragged card')
        app.key('alt+Down')
        window.wait_kinds(*CONVNET)
        app.key('alt+Up', 'alt+Up')
        window.wait_kinds('Conv2D', 'MaxPooling2D', 'Conv2D', 'Dropout', 'MaxPooling2D', 'Flatten',
                          'Dense')
        app.key('alt+Down', 'alt+Down')
        window.wait_kinds(*CONVNET)


def fault(app, tap, window):
    sentence = r'The output of dense is 5×5×10, but the loss compares one row of 10 per image'

    with tap.step('without Flatten the card at fault says the sentence'):
        app.click(window.card(r'^Flatten'), 100, 14)
        app.key('Delete')
        tap.note(window.card(rf'^Dense .*{sentence}; insert Flatten before it').name)
        app.find('label', r'^1 card needs a fix$', within=window.frame)

    with tap.step('Train is off, its tooltip and the status line say why'):
        app.wait_until(lambda: not window.train.has_state('sensitive'), 3, 'Train to be off')
        assert re.search(rf'^Train is off: {sentence}$', window.train.description), \
            window.train.description
        tap.note(window.wait_status(rf'^Cannot train: {sentence}$'))

    with tap.step('Space does not train it'):
        window.focus_chart()
        app.key('space')
        window.wait_status(r'^Cannot train')
        assert window.step() == 0 and not window.is_training()

    with tap.step('Show card puts the focus on its first fix'):
        app.click(window.status_button(r'^Show card'))
        fix = app.find('push button', r'^Insert Flatten', within=window.layers)
        app.wait_until(lambda: fix.has_state('focused'), 3, 'the focus on the fix')

    with tap.step('the fix mends it'):
        app.click(fix)
        window.wait_kinds(*CONVNET[:4], 'Dropout', 'Flatten', 'Dense')
        window.wait_status(r'^Ready')
        app.wait_until(lambda: window.train.has_state('sensitive'), 3, 'Train to be on')
        assert not re.search(r'is off', window.train.description), window.train.description


def choose(app, tap, window):
    with tap.step('a preset replaces the model'):
        window.load_preset('mlp')
        window.wait_status(r'^Ready · mlp on MNIST')
        window.wait_kinds('Flatten', 'Dense', 'Dense')

    with tap.step('the optimizer is chosen in its popover'):
        window.choose_optimizer('SGD')

    with tap.step('and its learning rate'):
        window.set_number('Optimizer', 'Learning rate', '0.05')
        window.wait_setting('Optimizer: SGD · 0.05')


def keys_only(app, tap, window):
    with tap.step('without a pointer: Shift+Tab reaches the cards'):
        window.focus_chart()

        def in_cards():
            return next((node for node in window.card_nodes() if node.has_state('focused')), None)

        for count in range(1, 31):
            app.key('shift+Tab')
            if in_cards():
                break
        assert in_cards(), 'no card has the focus after 30 Shift+Tab'
        tap.note(f'{count} times; {in_cards()}')

    with tap.step('arrows choose a card, Return opens it, Tab leads to the number'):
        for unused in range(8):
            app.key('Up')
        app.key('Down')
        card = window.card(r'^Conv2D conv2d,')
        app.wait_until(lambda: card.has_state('focused'), 3, 'the focus on the first Conv2D')
        app.key('Return')
        app.wait_until(lambda: card.has_state('expanded'), 3, 'the card to open')
        filters = app.find('spin button', r'^Filters', within=card)
        app.key('Tab')
        app.wait_until(lambda: any(node.has_state('focused') for node in filters.walk()), 3,
                       'the focus in Filters')
        app.key('ctrl+a')
        app.type_text('8')
        app.key('Return')
        window.card(r'^Conv2D conv2d, 8 filters')
        app.key('Up')
        window.card(r'^Conv2D conv2d, 9 filters')
        app.key('Escape')
        app.wait_until(lambda: card.has_state('focused'), 3, 'the focus back on the card')

    with tap.step('Delete and Ctrl+Z without a pointer'):
        app.key('Down', 'Delete')
        window.wait_kinds('Conv2D', *CONVNET[2:])
        app.key('ctrl+z')
        window.wait_kinds(*CONVNET)


def space(app, tap, window):
    def idle(where):
        assert window.step() == 0 and not window.is_training(), f'Space in {where} has started training'

    with tap.step('Space in an entry is a space'):
        app.click(app.find('push button', r'^Add layer', within=window.frame))
        palette = app.find('list', r'^Layers to add')
        app.type_text('average pool')
        app.wait_until(lambda: any(node.name == 'AveragePooling2D' and node.has_state('selected')
                                   for node in palette.children), 3, 'AveragePooling2D to be chosen')
        app.key('Escape')
        app.wait_gone('list', r'^Layers to add')
        idle('the search')

    with tap.step('Space in a number is a space'):
        card = window.card(r'^Conv2D conv2d,')
        app.click(card, 100, 14)
        app.click(app.find('spin button', r'^Filters', within=card), 20)
        app.key('space', 'space')
        idle('a number')
        app.key('Escape')
        app.wait_until(lambda: not card.has_state('expanded'), 3, 'the card to close')

    with tap.step('Space on a button presses it'):
        log_y = app.find('push button', r'^Log y', within=window.frame)
        was = log_y.has_state('pressed')
        app.click(log_y)
        app.wait_until(lambda: log_y.has_state('pressed') != was, 3, 'Log y to change')
        app.key('space')
        app.wait_until(lambda: log_y.has_state('pressed') == was, 3, 'Log y to change back')
        idle('a button')

    with tap.step('Space on a card trains'):
        app.click(window.card(r'^Dense'), 100, 14)
        app.key('space')
        window.wait_training(True)
        app.key('space')
        window.wait_training(False)


harness.run(test)
