"""app/run.sh and tests/run.sh, in a copy of the tree with stand-ins for everything they call.

    test-scripts.py SOURCE_ROOT
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tap import Tap  # noqa: E402

SOURCE = sys.argv[1]

# What the scripts may use of the real system: without dpkg, apt and sudo.
REAL_TOOLS = ('cat', 'dirname', 'env', 'find', 'flock', 'grep', 'mkdir', 'rm', 'sh', 'sleep')

# The stand-ins write what they were asked to a log; behaviour comes from the environment.
STAND_INS = {
    # Everything is installed but what $MISSING names.
    'dpkg-query': '''
        echo "dpkg-query" >>"$LOG"
        for word; do
          case $word in -*) continue ;; esac
          case " $MISSING " in *" $word "*) echo "not-installed $word" ;; *) echo "installed $word" ;; esac
        done''',
    'apt-get': '''
        echo "apt-get $* ($DEBIAN_FRONTEND)" >>"$LOG"
        echo "words of apt-get"
        exit "${APT_STATUS:-0}"''',
    'sudo': '''
        echo "sudo $*" >>"$LOG"
        [ "$1" != -n ] || shift
        exec "$@"''',
    'id': 'echo "${USER_ID:-0}"',
    'meson': '''
        echo "meson $1" >>"$LOG"
        echo "words of meson"
        [ "$1" = setup ] || exit 0
        while [ $# -gt 2 ]; do shift; done
        mkdir -p "$1/app"
        : >"$1/build.ninja"
        for program in layerwise layerwise-cli; do
          { echo '#!/bin/sh'
            echo 'echo "schemas: $GSETTINGS_SCHEMA_DIR" >>"$LOG"; echo "pid $$" >>"$LOG"'
            echo "printf '%s' $program; printf ' <%s>' \\"\\$@\\"; echo"
            echo '[ -z "$SLEEP" ] || exec sleep "$SLEEP"'
            echo 'exit 7'; } >"$1/app/$program"
          chmod +x "$1/app/$program"
        done''',
    'ninja': '''
        echo "ninja" >>"$LOG"
        if [ -n "$NINJA_STATUS_CODE" ]; then echo "words of ninja"; exit "$NINJA_STATUS_CODE"; fi
        echo "ninja: no work to do."''',
}


class House:
    """A copy of the scripts in a directory whose name asks for quotes."""

    def __init__(self, top):
        self.top = top
        self.root = os.path.join(top, "a tree's $copy")
        self.log_path = os.path.join(top, 'log')
        self.tools = os.path.join(top, 'tools')
        for folder in ('app', 'tests'):
            os.makedirs(os.path.join(self.root, folder))
        for path in ('app/run.sh', 'app/packages.sh', 'tests/run.sh', 'tests/report.py'):
            shutil.copy(os.path.join(SOURCE, path), os.path.join(self.root, path))
        os.mkdir(self.tools)
        for name in REAL_TOOLS:
            os.symlink(shutil.which(name), os.path.join(self.tools, name))
        os.symlink(shutil.which('chmod'), os.path.join(self.tools, 'chmod'))
        for name, body in STAND_INS.items():
            path = os.path.join(self.tools, name)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(f'#!/bin/sh\n{body}\n')
            os.chmod(path, 0o755)

    def command(self, script, *arguments):
        return [os.path.join(self.root, script), *arguments]

    def environment(self, **extra):
        return {'PATH': self.tools, 'LOG': self.log_path, 'MISSING': '', **extra}

    def run(self, script, *arguments, **extra):
        """Returns the finished process; `log` is then what the stand-ins were asked."""
        if os.path.exists(self.log_path):
            os.remove(self.log_path)
        return subprocess.run(self.command(script, *arguments), env=self.environment(**extra), cwd='/',
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=60)

    @property
    def log(self):
        if not os.path.exists(self.log_path):
            return []
        with open(self.log_path, encoding='utf-8') as file:
            return file.read().splitlines()

    def remove_tool(self, name):
        os.remove(os.path.join(self.tools, name))


def equal(got, wanted):
    assert got == wanted, f'got {got!r}, wanted {wanted!r}'


def check_run(tap, house):
    with tap.step('arguments, stdout and exit status are the program\'s'):
        result = house.run('app/run.sh', 'a b', '*', '', '$HOME')
        equal(result.stdout, 'layerwise <a b> <*> <> <$HOME>\n')
        equal(result.returncode, 7)
        assert 'words of meson' in result.stderr, result.stderr
        assert f'schemas: {house.root}/build/resources' in house.log, house.log

    with tap.step('the second start looks once, configures nothing and is silent'):
        result = house.run('app/run.sh', 'x')
        equal([line for line in house.log if not line.startswith(('schemas', 'pid'))],
              ['dpkg-query', 'ninja'])
        equal(result.stderr, '')

    with tap.step('--cli runs the command line'):
        result = house.run('app/run.sh', '--cli', 'train', '--preset', 'mlp')
        equal(result.stdout, 'layerwise-cli <train> <--preset> <mlp>\n')
        equal(result.returncode, 7)

    with tap.step('without a display it says so and trains the launch preset'):
        for display in ({}, {'DISPLAY': ':6543'}):
            result = house.run('app/run.sh', **display)
            equal(result.stdout, 'layerwise-cli <train> <--preset> <convnet>\n')
            equal(result.stderr.count('\n'), 1)
            assert 'no display' in result.stderr, result.stderr

    with tap.step('the program takes the place of the script'):
        house.run('app/run.sh', 'x')
        os.remove(house.log_path)
        process = subprocess.Popen(house.command('app/run.sh', 'x'), stdout=subprocess.PIPE,
                                   env=house.environment(SLEEP='60'))
        try:
            process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            equal(process.wait(20), -signal.SIGTERM)
            assert f'pid {process.pid}' in house.log, house.log
        finally:
            process.kill()
            process.stdout.close()

    with tap.step('a build that fails says so'):
        result = house.run('app/run.sh', 'x', NINJA_STATUS_CODE='3')
        equal((result.returncode, result.stdout), (1, ''))
        assert 'could not be built' in result.stderr, result.stderr

    with tap.step('a tree that was moved is configured afresh'):
        moved = house.root + ' moved'
        os.rename(house.root, moved)
        house.root = moved
        result = house.run('app/run.sh', 'x')
        assert 'meson setup' in house.log, house.log
        equal(result.stdout, 'layerwise <x>\n')


def check_packages(tap, house):
    options = '-o DPkg::Lock::Timeout=600 -q -y'

    def asked():
        return [line for line in house.log if line.startswith(('apt-get', 'sudo'))]

    with tap.step('root installs what is missing, no test packages'):
        result = house.run('app/run.sh', 'x', MISSING='libzip-dev fonts-cantarell xdotool')
        equal(asked(), [f'apt-get {options} update (noninteractive)',
                        f'apt-get {options} install --no-install-recommends libzip-dev fonts-cantarell '
                        '(noninteractive)'])
        equal(result.stdout, 'layerwise <x>\n')

    with tap.step('others use sudo'):
        house.run('app/run.sh', 'x', MISSING='meson', USER_ID='1000')
        assert any(line.startswith('sudo -n env DEBIAN_FRONTEND=noninteractive apt-get')
                   and line.endswith('install --no-install-recommends meson')
                   for line in asked()), house.log

    def gives_up(script, missing, **extra):
        result = house.run(script, MISSING=missing, **extra)
        equal(result.returncode, 1)
        equal(result.stderr.splitlines()[-1], f'apt-get install --no-install-recommends {missing}')
        assert not any(line.startswith(('meson', 'ninja')) for line in house.log), house.log

    with tap.step('what cannot be installed is named in one line'):
        gives_up('app/run.sh', 'gcc zlib1g-dev', APT_STATUS='1')

    with tap.step('the tests want theirs as well'):
        gives_up('tests/run.sh', 'gcc xvfb xdotool', APT_STATUS='1')

    with tap.step('without sudo nothing is tried'):
        house.remove_tool('sudo')
        gives_up('app/run.sh', 'gcc', USER_ID='1000')
        equal(asked(), [])

    with tap.step('without apt-get nothing is tried'):
        house.remove_tool('apt-get')
        gives_up('app/run.sh', 'gcc')


def check_report(tap, top):
    """tests/report.py counts what a program says, and what it fails to say."""
    good = '1..2\nok 1 /a/one\nok 2 /a/two\n'
    cases = [
        ('all passed', good, 'OK', 2, 0),
        ('plan at the end', 'ok 1 - one\n1..1\n', 'OK', 1, 0),
        ('not ok', '1..2\nnot ok 1 - one\nok 2 - two\n', 'FAIL', 1, 1),
        ('not ok, then abort', '1..3\nok 1 /a\nnot ok /b - ERROR\nBail out!\n', 'ERROR', 1, 1),
        ('bail out', '1..3\nok 1 /a\nBail out! ERROR:x.c:5: assertion failed\n', 'ERROR', 1, 1),
        ('crash after all passed', good, 'ERROR', 2, 1),
        ('time-out', '1..2\nok 1 /a\n', 'TIMEOUT', 1, 1),
        ('skipped', '1..2\nok 1 /a # SKIP no reason\nok 2 /b\n', 'OK', 1, 1),
        ('all skipped', '1..0 # SKIP\n', 'SKIP', 0, 1),
        ('plan not fulfilled', '1..3\nok 1 /a\n', 'OK', 1, 1),
        ('no plan', 'ok 1 /a\n', 'OK', 1, 1),
        ('no TAP', 'hello\n', 'OK', 0, 1),
        ('nothing', '', 'OK', 0, 1),
    ]

    def report(build, tests, logged, *arguments):
        for folder, name, lines in (('meson-info', 'intro-tests.json', [tests]),
                                    ('meson-logs', 'testlog.json', logged)):
            os.makedirs(os.path.join(build, folder), exist_ok=True)
            with open(os.path.join(build, folder, name), 'w', encoding='utf-8') as file:
                file.write('\n'.join(json.dumps(line) for line in lines))
        result = subprocess.run([sys.executable, os.path.join(SOURCE, 'tests/report.py'), build,
                                 *arguments], capture_output=True, text=True, check=False)
        return result.stdout.splitlines()[-1], result.returncode

    def listed(name, protocol='tap'):
        return {'name': name, 'suite': ['layerwise:engine'], 'protocol': protocol}

    def log(name, stdout, outcome):
        return {'name': f'layerwise:engine / {name}', 'stdout': stdout, 'result': outcome}

    build = os.path.join(top, 'report')
    for name, stdout, outcome, passed, failed in cases:
        with tap.step(f'report: {name}'):
            equal(report(build, [listed('t')], [log('t', stdout, outcome)]),
                  (f'{passed} passed, {failed} failed', int(failed > 0)))

    with tap.step('report: a program without TAP that says so by its exit status'):
        equal(report(build, [listed('t', 'exitcode')], [log('t', '', 'OK')]), ('1 passed, 0 failed', 0))
        equal(report(build, [listed('t', 'exitcode')], [log('t', '', 'FAIL')]), ('0 passed, 1 failed', 1))

    with tap.step('report: a test that did not run'):
        equal(report(build, [listed('t'), listed('u')], [log('t', good, 'OK')]), ('2 passed, 1 failed', 1))

    with tap.step('report: nothing ran'):
        equal(report(build, [], []), ('0 passed, 0 failed', 1))
        equal(report(build, [listed('t')], [], '--suite', 'other'), ('0 passed, 0 failed', 1))


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix='layerwise-house-') as top:
        house = House(top)
        check_run(tap, house)
        check_packages(tap, house)
        check_report(tap, top)
    sys.exit(tap.finish())


if __name__ == '__main__':
    main()
