import { setTimeout as sleep } from 'node:timers/promises';
import { oneLine } from '../../contract/printing/one-line.js';

/** The result of a check. */
export interface Verdict {
  /** `warning`: conversations can start, but something deserves attention. */
  readonly verdict: 'ok' | 'warning' | 'problem';
  /** One line. */
  readonly found: string;
  /** How to fix it. Absent if `found` says so, or nothing needs fixing. Callers of `doctor --json` read this name. */
  readonly mend?: string | undefined;
}

export interface Finding extends Verdict {
  readonly check: string;
}

/** A check's finding, and its value for later checks if it passed. */
export type Checked<T> = readonly [finding: Finding, value: T | undefined];

/** Finding out why Temporal can't be reached takes up to a connection and a handshake, of 10 seconds each. */
const checkTimeoutMs = 25_000;

/** Runs a check. An error or a timeout becomes a finding of type `problem`. */
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

export function warning(found: string, fix?: string): Verdict {
  return { verdict: 'warning', found, mend: fix };
}

export function problem(found: string, fix?: string): Verdict {
  return { verdict: 'problem', found, mend: fix };
}

const signs = { ok: '✔', warning: '!', problem: '✖' };

/** One line for a person, and the fix on the next line. */
export function describeFinding({ check: name, verdict, found, mend: fix }: Finding): string {
  const line = `${signs[verdict]} ${name.padEnd(17)} ${found}`;
  return fix ? `${line}\n${' '.repeat(20)}${fix}` : line;
}
