"""From nothing to a model, and out of every fault by its button: by pointer, in the real window."""

import re

import harness
from window import Window, fresh

CONVNET = ['Conv2D', 'MaxPooling2D', 'Conv2D', 'MaxPooling2D', 'Flatten', 'Dropout', 'Dense']


def test(app, tap):
    window = Window(app)

    with tap.step('the window opens', needed=True):
        window.start()
        window.wait_status(r'^Ready')
        launch = window.cards()

    costs(app, tap, window)
    faults(app, tap, window, launch)
    hints(app, tap, window)
    drag(app, tap, window)
    empty(app, tap, window)
    settings(app, tap, window)

    with tap.step('GTK has nothing to complain of'):
        window.check_stderr()


def set_number(app, card, name, text):
    app.click(app.find('spin button', rf'^{name}', within=card), 20)
    app.key('ctrl+a')
    app.type_text(text)
    app.key('Tab')


def mend(app, window, sentence, label):
    """The card says the sentence, Train is off; the button mends it, and Train comes back."""
    window.card(sentence)
    app.wait_until(lambda: not window.train.has_state('sensitive'), 3, 'Train to be off')
    window.wait_status(r'^Cannot train: ')
    button = app.find('push button', rf'^{label}', within=window.layers)
    app.click(button)
    app.wait_until(lambda: window.train.has_state('sensitive'), 3, 'Train to be on')
    window.wait_status(r'^Ready')


def back_to(app, window, cards):
    app.key('Escape')
    window.focus_chart()
    undo = app.find('push button', r'^Undo$', within=window.frame)
    while undo.has_state('sensitive'):
        app.key('ctrl+z')
    app.wait_until(lambda: window.cards() == cards, 5, 'the cards of before')


def costs(app, tap, window):
    with tap.step('each layer tells its share of the time, before anything was trained'):
        app.wait_until(lambda: all(re.search(r'\d+\u202f% of time', name)
                                   for name in window.cards(costs=True)[1:]), 20, 'the shares')
        shares = [int(re.search(r'(\d+)\u202f% of time', name)[1]) for name in window.cards(costs=True)[1:]]
        tap.note(shares)
        assert 95 <= sum(shares) <= 105, shares

    with tap.step('the line under the stack tells memory and the time of an epoch'):
        tap.note(app.find('label', r'^[\d.,]+.(KiB|MiB|GiB) of memory$', within=window.frame).name)
        tap.note(app.find('label', r'^(about|≈) .* per epoch$', within=window.frame).name)
        window.wait_status(r'^Ready · convnet on MNIST · .* · about \d+:\d\d for 5 epochs$')


def faults(app, tap, window, launch):
    with tap.step('Insert Flatten'):
        app.click(window.card(r'^Flatten'), 100, 14)
        app.key('Delete')
        mend(app, window, r'^Dense .*insert Flatten before it', 'Insert Flatten')
        back_to(app, window, launch)

    with tap.step('Use same padding'):
        app.click(window.card(r'^Conv2D conv2d_1'), 100, 14)
        set_number(app, window.card(r'^Conv2D conv2d_1'), 'Kernel', '20')
        mend(app, window, r'^Conv2D conv2d_1.*The 20×20 kernel of conv2d_1 does not fit in an image of 13×13',
             'Use same padding')
        back_to(app, window, launch)

    with tap.step('Set units to 10'):
        app.click(window.card(r'^Dense'), 100, 14)
        set_number(app, window.card(r'^Dense'), 'Units', '12')
        mend(app, window, r'^Dense .*The output of dense is one row of 12, but the loss compares one row of 10',
             'Set units to 10')
        back_to(app, window, launch)

    for label in ('Remove softmax', 'Turn from_logits off'):
        with tap.step(label):
            window.load_preset('mlp')
            window.wait_kinds('Flatten', 'Dense', 'Dense')
            row = window.setting('Loss')
            app.click(row)
            app.click(app.find('check box', r'^From logits', within=row))
            app.key('Escape')
            app.wait_gone('check box', r'^From logits', within=row)
            mend(app, window, r'^Dense dense_1.*The softmax of dense_1 makes probabilities, but the loss '
                 r'expects logits', label)
            back_to(app, window, launch)

    with tap.step('the input as the data has it'):
        card = window.card(r'^Input')
        app.click(card, 100, 14)
        set_number(app, card, 'Height', '32')
        window.card(r'^Input .*32 × 32 × 1')
        tap.note(window.wait_status(r'^Cannot train: The model.s input is 32×32×1, but the images of MNIST are 28×28×1$'))
        mend(app, window, r'^Input MNIST, output 32 × 32 × 1\. .*set the input to their size',
             'Use 28 × 28 of MNIST')
        back_to(app, window, launch)


def hints(app, tap, window):
    with tap.step('a suspicious model gets a hint, and Train stays on'):
        app.click(window.card(r'^Dense'), 100, 14)
        app.key('Escape')
        app.click(app.find('push button', r'^Add layer', within=window.frame))
        app.find('list', r'^Layers to add')
        app.type_text('dense')
        app.key('Return')
        window.wait_kinds(*CONVNET, 'Dense')
        tap.note(window.card(r'^Dense dense,.*Hint: Without an activation between them, dense and dense_1').name)
        assert window.train.has_state('sensitive')
        window.wait_status(r'^Ready')

    with tap.step('its button does as it says, and the hint goes'):
        app.click(app.find('push button', r'^Use relu', within=window.layers))
        window.card(r'^Dense dense, 10 units · relu')
        app.wait_until(lambda: not any('Hint' in name for name in window.cards()), 3, 'the hint to go')

    with tap.step('the menu names what Undo undoes'):
        app.key('F10')
        app.find('menu item', r'^_?Undo Use relu')
        app.key('Escape')
        app.wait_gone('menu item', r'^_?Undo Use relu')

    with tap.step('a learning rate that is too large is hinted at where it is set'):
        window.set_number('Optimizer', 'Learning rate', '5')
        row = window.setting('Optimizer')
        app.wait_until(lambda: re.search(r'A learning rate of 5 is very large for Adam', fresh(row).description),
                       3, 'the hint in the row')
        app.click(row)
        app.click(app.find('push button', r'^Set learning rate to 0\.001', within=row))
        app.key('Escape')
        window.wait_setting('Optimizer: Adam · 0.001')
        app.wait_gone('push button', r'^Set learning rate', within=row)


def drag(app, tap, window):
    with tap.step('a block is dragged from the palette onto the stack'):
        window.load_preset('convnet')
        window.wait_kinds(*CONVNET)
        app.click(app.find('push button', r'^Add layer', within=window.frame))
        app.find('list', r'^Layers to add')
        app.type_text('batch')
        row = app.find('list item', r'^BatchNormalization$', within=window.frame)
        app.wait_until(lambda: row.has_state('selected'), 3, 'BatchNormalization to be found')
        app.hover(row, 40, 14)
        target = window.card(r'^Conv2D conv2d_1')
        from_x, from_y = app.position(row, 40, 14)
        to_x, to_y = app.position(target, 120, 8)
        app.drag(row, [(40, 14), (46, 20), (40 + to_x - from_x, 14 + to_y - from_y)], pause=0.3)
        window.wait_kinds('Conv2D', 'MaxPooling2D', 'BatchNormalization', 'Conv2D', *CONVNET[3:])
        app.wait_gone('list', r'^Layers to add')

    with tap.step('it has the focus, so that a key can take it away again'):
        app.wait_until(lambda: window.card(r'^BatchNormalization').has_state('focused'), 3, 'the focus')
        app.key('Delete')
        window.wait_kinds(*CONVNET)


def empty(app, tap, window):
    with tap.step('Start empty invites and does not complain'):
        app.click(app.find('push button', r'^Presets', within=window.frame))
        app.click(app.find('menu item', r'^Start empty', within=window.frame))
        window.wait_kinds()
        app.find('label', r'^Add a first layer$', within=window.frame)
        app.find('label', r'^No layers yet$', within=window.frame)
        said = window.wait_status(r'^The model has no layers yet; ')
        tap.note(said)
        assert not window.train.has_state('sensitive')
        window.lint()

    with tap.step('a click adds the first layer'):
        app.click(app.find('push button', r'^Add Conv2D', within=window.frame))
        window.wait_kinds('Conv2D')
        app.wait_gone('label', r'^Add a first layer$', within=window.frame)

    with tap.step('a button adds what is missing, and it trains'):
        mend(app, window, r'^Conv2D', 'Add Dense with 10 units')
        window.wait_kinds('Conv2D', 'Flatten', 'Dense')
        app.click(window.train)
        window.wait_training(True)
        app.click(window.train)
        window.wait_training(False)


def settings(app, tap, window):
    with tap.step('early stopping, the best weights and threads'):
        row = window.setting('Run')
        app.click(row)
        patience = app.find('spin button', r'^Early stopping', within=row)
        app.click(patience, 20)
        app.key('ctrl+a')
        app.type_text('3')
        app.key('Return')
        app.wait_until(lambda: patience.text == '3', 3, 'a patience of 3')
        best = app.find('check box', r'^Keep the best weights', within=row)
        app.click(best)
        app.wait_until(lambda: best.has_state('checked'), 3, 'the switch')
        app.key('Escape')
        app.wait_gone('spin button', r'^Early stopping', within=row)

    with tap.step('each is undone by its name'):
        app.key('F10')
        app.find('menu item', r'^_?Undo Keep the best weights')
        app.key('Escape')
        app.wait_gone('menu item', r'^_?Undo Keep')
        window.focus_chart()
        app.key('ctrl+z')
        app.key('F10')
        app.find('menu item', r'^_?Undo Change early stopping')
        app.find('menu item', r'^_?Redo Keep the best weights')
        app.key('Escape')


harness.run(test)
