import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { findPython } from '../../dev-stack/find-python.js';
import { findUv } from '../../dev-stack/find-uv.js';
import { readPipIndex } from '../../dev-stack/pip-index.js';
import { installPythonPackages } from '../../dev-stack/python-package.js';
import { type FakeMachine, makeFakeMachine, pythonScript } from './fake-machine.js';

describe('Python packages', { skip: process.platform === 'win32' && 'the fakes are shell scripts' }, () => {
  let machine: FakeMachine;
  const report = () => undefined;
  beforeEach(() => {
    machine = makeFakeMachine();
  });
  afterEach(() => machine.remove());

  test('a Python that pyenv has installed but not activated is found', async () => {
    machine.install(join(machine.bin, 'python3.12'), 'echo "pyenv: python3.12: command not found" >&2; exit 127');
    machine.install(join(machine.bin, 'python3'), pythonScript('3.11.7', 'exit 1'));
    const hidden = machine.install(
      join(machine.pyenv, 'versions', '3.12.1', 'bin', 'python'),
      pythonScript('3.12.1', 'exit 1'),
    );

    assert.equal(await findPython(['3.12', '3.13']), hidden);
  });

  test('the preferred version wins over the first one on the PATH', async () => {
    machine.install(join(machine.bin, 'python3'), pythonScript('3.13.0', 'exit 1'));
    const wanted = machine.install(join(machine.bin, 'python3.12'), pythonScript('3.12.9', 'exit 1'));

    assert.equal(await findPython(['3.12', '3.13']), wanted);
  });

  test('version 3.1 is not mistaken for 3.12', async () => {
    machine.install(join(machine.bin, 'python3'), pythonScript('3.12.9', 'exit 1'));

    assert.equal(await findPython(['3.1']), undefined);
  });

  test('a Python with neither pip nor venv is rejected with the package to install', async () => {
    machine.install(join(machine.bin, 'python3'), pythonScript('3.11.2', 'exit 1'));

    await assert.rejects(findUv(report), /neither pip nor a working venv module.*apt install python3-venv/);
  });

  test('without a suitable Python, the error names the versions that would work', async () => {
    machine.install(join(machine.bin, 'uv'), '[ "$1" = --version ] || { echo "error: no download" >&2; exit 2; }');
    const installed = installPythonPackages({
      folder: join(machine.cache, 'venv'),
      requirements: ['example==1.0'],
      python: ['3.12', '3.13'],
      report,
    });

    await assert.rejects(installed, /^Error: Python 3\.12 or 3\.13 is needed\. .*error: no download/s);
  });

  test("pip's mirror is passed to uv", async () => {
    const config = `global.index-url='https://mirror.example/simple'\nglobal.trusted-host='\\na.example\\nb.example'`;
    machine.install(join(machine.bin, 'python3'), pythonScript('3.11.2', `cat <<'END'\n${config}\nEND`));
    process.env.PATH = `${machine.bin}:/usr/bin:/bin`;

    assert.deepEqual(await readPipIndex(), {
      UV_DEFAULT_INDEX: 'https://mirror.example/simple',
      UV_INSECURE_HOST: 'a.example b.example',
    });
  });

  test("pip's environment is passed to uv if there is no pip", async () => {
    process.env.PIP_INDEX_URL = 'https://mirror.example/simple';

    assert.deepEqual(await readPipIndex(), { UV_DEFAULT_INDEX: 'https://mirror.example/simple' });
  });

  test("uv's own index, from its environment or its file, is kept", async () => {
    process.env.PIP_INDEX_URL = 'https://pip.example/simple';

    process.env.UV_DEFAULT_INDEX = 'https://uv.example/simple';
    assert.deepEqual(await readPipIndex(), {});

    delete process.env.UV_DEFAULT_INDEX;
    writeFileSync(process.env.UV_CONFIG_FILE as string, '[[index]]\nurl = "https://uv.example/simple"\n');
    assert.deepEqual(await readPipIndex(), {});
  });
});
