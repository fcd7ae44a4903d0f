import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A machine with only the programs that a test installs, as far as this process's environment can simulate one. */
export interface FakeMachine {
  /** The only folder on its PATH. */
  bin: string;
  cache: string;
  pyenv: string;
  /** Installs an executable shell script at a path. */
  install(path: string, script: string): string;
  remove(): void;
}

export function makeFakeMachine(): FakeMachine {
  const root = mkdtempSync(join(tmpdir(), 'fake-machine-'));
  const before = { ...process.env };
  const bin = join(root, 'bin');
  const cache = join(root, 'cache');
  const pyenv = join(root, 'pyenv');
  for (const name of Object.keys(process.env)) {
    if (/^(UV_|PIP_)/.test(name)) delete process.env[name];
  }
  Object.assign(process.env, {
    PATH: bin,
    PYENV_ROOT: pyenv,
    NESTED_CONVERSATIONS_CACHE: cache,
    UV_CONFIG_FILE: join(root, 'uv.toml'),
    // Nothing listens there, so there is no internet access.
    HTTPS_PROXY: 'http://127.0.0.1:9',
  });
  return {
    bin,
    cache,
    pyenv,
    install(path, script) {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return path;
    },
    remove() {
      restoreEnvironment(before);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export function restoreEnvironment(before: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, before);
}

/** A script that answers like a Python of this version, and runs `alsoDo` for anything except the version query. */
export function pythonScript(version: string, alsoDo: string): string {
  return `if [ "$1" = -c ]; then echo ${version}; echo "$0"; exit 0; fi\n${alsoDo}`;
}
