import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The sandbox of the agent server stand-in. It really runs commands and stores files, in a folder of its own. */
export class AgentServerSandbox {
  #folder: string | undefined;

  /** The folder in which commands start. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'sandbox-'));
    return this.#folder;
  }

  /** `POST /api/bash/execute_bash_command`: returns a BashOutput. */
  execute({ command, timeout = 300 }: { command: string; timeout?: number }): Record<string, unknown> {
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: timeout * 1000,
    });
    return {
      id: randomUUID().replaceAll('-', ''),
      command_id: randomUUID().replaceAll('-', ''),
      order: 0,
      exit_code: status ?? -1,
      stdout: stdout || null,
      stderr: stderr || null,
      kind: 'BashOutput',
    };
  }

  /** `POST /api/file/upload`: returns the problem with the request, if there is one. */
  upload(path: string | null, body: unknown): string | undefined {
    if (path === null || !isAbsolute(path)) return 'Path must be absolute';
    const [, text] = /\r\n\r\n(.*?)\r\n--/s.exec(String(body)) ?? [];
    if (text === undefined) return 'Field required: file';
    // An existing file keeps its mode.
    writeFileSync(path, text);
    return undefined;
  }

  remove(): void {
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }
}
