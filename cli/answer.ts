import type { Command } from 'commander';
import { type Connected, type ConnectionOptions, environmentOf, LazyConnection } from './connection.js';
import { exitCodeOf } from './exit-codes.js';
import { say, sayJson } from './print.js';
import { reportError } from './report-error.js';

/** What a command has to say: to a person, and to a program. */
export interface Answer {
  readonly text: string;
  readonly json: object;
  /** @default 0 */
  readonly exitCode?: number;
}

export interface OutputOptions {
  readonly json?: boolean;
}

/** What a command is given beside its own options. */
export interface Context {
  /** The environment, with the command line's own settings in it. */
  readonly env: NodeJS.ProcessEnv;
  readonly connect: () => Promise<Connected>;
}

/** Runs a command: prints what it answers, or what went wrong, and sets the exit code. */
export async function answer(command: Command, work: (context: Context) => Promise<Answer>): Promise<void> {
  const { json, ...options } = command.optsWithGlobals<ConnectionOptions & OutputOptions>();
  const env = environmentOf(options);
  const connection = new LazyConnection(env);
  try {
    const { text, json: object, exitCode = 0 } = await work({ env, connect: () => connection.connect() });
    if (json) sayJson(object);
    else say(text);
    process.exitCode = exitCode;
  } catch (error) {
    reportError(error, { json });
    process.exitCode = exitCodeOf(error);
  } finally {
    await connection.close();
  }
}
