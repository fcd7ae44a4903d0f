import { setTimeout as sleep } from 'node:timers/promises';
import { oneLine } from '../../contract/printing/one-line.js';

/** What a check came to. */
export interface Verdict {
  /** `warning`: starts work, and something is worth knowing. */
  readonly verdict: 'ok' | 'warning' | 'problem';
  /** In one line. */
  readonly found: string;
  /** What to do about it; absent where `found` tells, or nothing is to be done. */
  readonly mend?: string | undefined;
}

export interface Finding extends Verdict {
  readonly check: string;
}

/** A check that passed may have something for the next ones. */
export type Checked<T> = readonly [finding: Finding, value: T | undefined];

/** Longer than it takes to find out why Temporal can't be reached: a connection and a handshake of 10 seconds each. */
const checkTimeoutMs = 25_000;

/** Runs a check. It always comes to something: what it throws is a problem, and so is that it takes too long. */
export async function check<T>(
  name: string,
  work: (signal: AbortSignal) => Promise<Verdict & { readonly value?: T }>,
): Promise<Checked<T>> {
  const ended = new AbortController();
  const timeout = sleep(checkTimeoutMs, undefined, { signal: ended.signal }).then(
    () => problem(`no answer within ${checkTimeoutMs / 1000} seconds`),
    () => problem('ended'),
  );
  try {
    const outcome: Verdict & { readonly value?: T } = await Promise.race([work(ended.signal), timeout]);
    const { value, ...verdict } = outcome;
    return [{ check: name, ...verdict }, value];
  } catch (error) {
    return [{ check: name, ...problem(oneLine(error)) }, undefined];
  } finally {
    ended.abort();
  }
}

export function ok(found: string): Verdict {
  return { verdict: 'ok', found };
}

export function warning(found: string, mend?: string): Verdict {
  return { verdict: 'warning', found, mend };
}

export function problem(found: string, mend?: string): Verdict {
  return { verdict: 'problem', found, mend };
}

const signs = { ok: '✔', warning: '!', problem: '✖' };

/** A line for a person, and below it the mend. */
export function describeFinding({ check: name, verdict, found, mend }: Finding): string {
  const line = `${signs[verdict]} ${name.padEnd(17)} ${found}`;
  return mend ? `${line}\n${' '.repeat(20)}${mend}` : line;
}
