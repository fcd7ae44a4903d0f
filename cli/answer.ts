import type { Command } from 'commander';
import { type Connected, type ConnectionOptions, environmentOf, LazyConnection } from './connection.js';
import { exitCodeOf } from './exit-codes.js';
import { say, sayJson } from './print.js';
import { reportError } from './report-error.js';

/** The result of a command, for a person and for a program. */
export interface Answer {
  readonly text: string;
  readonly json: object;
  /** @default 0 */
  readonly exitCode?: number;
}

export interface OutputOptions {
  readonly json?: boolean;
}

/** What a command gets in addition to its own options. */
export interface Context {
  /** The environment, including the connection options of the command line. */
  readonly env: NodeJS.ProcessEnv;
  readonly connect: () => Promise<Connected>;
}

/** Runs a command, prints its answer or its error, and sets the exit code. */
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
