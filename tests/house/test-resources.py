"""The desktop's resources are valid, and the lists of files name every file.

    test-resources.py SOURCE_ROOT BUILD_ROOT VERSION
    test-resources.py SOURCE_ROOT --update            writes both lists anew
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tap import Tap  # noqa: E402

SOURCE = sys.argv[1]
RESOURCES = os.path.join(SOURCE, 'resources')
ID = 'io.github.layerwise.Layerwise'
GRESOURCE = 'resources/resources.gresource.xml'
POTFILES = 'resources/po/POTFILES.in'
CURE = 'run: python3 tests/house/test-resources.py . --update'
WORDS = re.compile(r'(?<!\w)(?:_|N_|C_|NC_|g_dngettext|ngettext|g_dpgettext2?) ?\(')
SVG = '{http://www.w3.org/2000/svg}'


def files_below(directory, *endings):
    """Paths relative to the source root, sorted."""
    found = []
    for folder, unused, names in os.walk(os.path.join(SOURCE, directory)):
        found += [os.path.relpath(os.path.join(folder, name), SOURCE)
                  for name in names if name.endswith(endings)]
    return sorted(found)


def accepted(*command):
    """A program that checks a file finds nothing to say."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f'{command[0]} says:\n{result.stdout}{result.stderr}'


def read(path):
    with open(os.path.join(SOURCE, path), encoding='utf-8') as file:
        return file.read()


def gresource_files():
    """What GtkApplication finds by itself: style sheets, and icons for GtkIconTheme, which looks for
    icons/scalable/actions/… below the application's resource path."""
    paths = [os.path.relpath(path, 'resources') for path in files_below('resources', '.svg', '.css')]
    return {path: path.replace('icons/hicolor/', 'icons/') for path in paths}


def gresource_lists_all():
    tree = ElementTree.parse(os.path.join(SOURCE, GRESOURCE))
    listed = {file.text: file.get('alias', file.text) for file in tree.iter('file')}
    wanted = gresource_files()
    assert listed == wanted, (
        f'{GRESOURCE} lacks {sorted(set(wanted.items()) - set(listed.items()))} and has '
        f'{sorted(set(listed.items()) - set(wanted.items()))} too many; {CURE}')


def update_gresource():
    text = read(GRESOURCE)
    lines = [f'    <file>{path}</file>' if path == alias else
             f'    <file alias="{alias}">{path}</file>' for path, alias in gresource_files().items()]
    text = re.sub(r'(<gresource [^>]*>\n).*?( *</gresource>)',
                  lambda match: match[1] + '\n'.join(lines) + '\n' + match[2], text, flags=re.S)
    with open(os.path.join(SOURCE, GRESOURCE), 'w', encoding='utf-8') as file:
        file.write(text)


def symbolic_icons_recolour():
    """GTK recolours a symbolic icon by giving every shape a fill: a stroke would stay behind, and
    a shape without fill would become solid."""
    for path in files_below('resources/icons', '-symbolic.svg'):
        for shape in ElementTree.parse(os.path.join(SOURCE, path)).iter():
            tag = shape.tag.replace(SVG, '')
            if tag in ('path', 'rect', 'circle', 'ellipse', 'polygon'):
                assert shape.get('fill') != 'none' and not shape.get('stroke'), (
                    f'{path}: a {tag} is stroked or unfilled; draw its outline as a filled shape')


def potfiles():
    paths = [path for path in files_below('app', '.c') + files_below('engine', '.c') +
             files_below('ui', '.c') if WORDS.search(read(path))]
    paths += files_below('app', '.ui') + files_below('ui', '.ui')
    paths += files_below('resources', '.desktop.in', '.metainfo.xml.in')
    return sorted(paths)


def potfiles_lists_all():
    listed = read(POTFILES).splitlines()
    wanted = potfiles()
    assert listed == wanted, (
        f'{POTFILES} lacks {sorted(set(wanted) - set(listed))} and has '
        f'{sorted(set(listed) - set(wanted))} too many, or is not sorted; {CURE}')


def update_potfiles():
    with open(os.path.join(SOURCE, POTFILES), 'w', encoding='utf-8') as file:
        file.writelines(f'{path}\n' for path in potfiles())


def words_can_be_translated():
    """xgettext understands every string: it cannot look into G_GSIZE_FORMAT and the like, so a
    string with one is cut off there. Use %zu, %d, or PRId64, which it knows."""
    result = subprocess.run(
        ['xgettext', '--output=/dev/null', '--from-code=UTF-8', '--language=C', '--keyword=_',
         '--keyword=N_', '--keyword=C_:1c,2', '--keyword=g_dngettext:2,3', '--flag=_:1:pass-c-format',
         '--flag=g_strdup_printf:1:c-format', '--flag=g_set_error:4:c-format', '--directory', SOURCE,
         *(path for path in potfiles() if path.endswith('.c'))],
        capture_output=True, text=True, check=False)
    assert result.returncode == 0 and not result.stderr, result.stderr


def release_is_this_version(version):
    tree = ElementTree.parse(os.path.join(RESOURCES, f'{ID}.metainfo.xml.in'))
    newest = next(tree.iter('release')).get('version')
    assert newest == version, f'the newest release is {newest}, the program is {version}'


def one_id():
    tree = ElementTree.parse(os.path.join(RESOURCES, f'{ID}.metainfo.xml.in'))
    assert tree.findtext('id') == ID
    desktop = read(f'resources/{ID}.desktop.in').splitlines()
    assert f'Icon={ID}' in desktop and f'StartupWMClass={ID}' in desktop
    assert os.path.exists(os.path.join(RESOURCES, f'icons/hicolor/scalable/apps/{ID}.svg'))


def main():
    if sys.argv[2:] == ['--update']:
        update_gresource()
        update_potfiles()
        return

    build, version = sys.argv[2:]
    built = os.path.join(build, 'resources', ID)
    checks = {
        'desktop file': lambda: accepted('desktop-file-validate', '--no-hints', f'{built}.desktop'),
        'metainfo': lambda: accepted('appstreamcli', 'validate', '--no-net', f'{built}.metainfo.xml'),
        'settings': lambda: accepted('glib-compile-schemas', '--strict', '--dry-run', RESOURCES),
        'one application id': one_id,
        'newest release is this version': lambda: release_is_this_version(version),
        'gresource names every icon and style sheet': gresource_lists_all,
        'symbolic icons recolour': symbolic_icons_recolour,
        'POTFILES.in names every file with words': potfiles_lists_all,
        'xgettext understands every string': words_can_be_translated,
    }
    tap = Tap()
    for name, check in checks.items():
        with tap.step(name):
            check()
    sys.exit(tap.finish())


if __name__ == '__main__':
    main()
