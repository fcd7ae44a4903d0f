import { ApplicationFailure, CancelledFailure, ensureApplicationFailure } from '@temporalio/common';
import { failureOfNoAnswer, failureOfNotSent } from './nested-server/failures.js';
import { NoAnswerError } from './nested-server/http-client.js';
import { NotSentError } from './nested-server/transport.js';
import { redact, secretsOf } from './secrets.js';

/**
 * In bytes, as JSON writes them. A failure of over about 4 KB loses its message, type and details when it is retried:
 * these keep it below, encrypted, too.
 */
const bounds = { message: 1000, detail: 400 };

/** Details of a list, such as the problems of an input. */
const maximumItems = 10;

/**
 * Runs an activity's work, and lets its failures out as the contract has them: typed, short, and with no secret of the
 * activity's input.
 */
export async function withinContract<T>(input: unknown, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CancelledFailure) throw error;
    throw presentable(failureOf(error), secretsOf(input));
  }
}

/** The same for a text that gets out in another way: short, in one line, and with no secret of the activity's input. */
export function presentableText(text: string, input: unknown): string {
  return shorten(inOneLine(redact(text, secretsOf(input))), bounds.detail);
}

function failureOf(error: unknown): ApplicationFailure {
  if (error instanceof NoAnswerError) return failureOfNoAnswer(error);
  return error instanceof NotSentError ? failureOfNotSent(error) : ensureApplicationFailure(error);
}

/** Hides the secrets first: half of one would pass for none. */
function presentable(failure: ApplicationFailure, secrets: readonly string[]): ApplicationFailure {
  const { type, nonRetryable, nextRetryDelay, category } = failure;
  const presented = ApplicationFailure.create({
    message: shorten(inOneLine(redact(failure.message, secrets)), bounds.message),
    details: (failure.details ?? []).map((details) => shortenAll(redact(details, secrets))),
    ...(type != null && { type }),
    ...(nonRetryable != null && { nonRetryable }),
    ...(nextRetryDelay != null && { nextRetryDelay }),
    ...(category != null && { category }),
  });
  // It would tell of this function, and take the room of what tells something.
  presented.stack = '';
  return presented;
}

function shortenAll(value: unknown): unknown {
  if (typeof value === 'string') return shorten(value, bounds.detail);
  if (Array.isArray(value)) return value.slice(0, maximumItems).map(shortenAll);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortenAll(inner)]));
}

/** After the secrets were hidden: folded, one of several lines would not be recognised. */
function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Well-formed, too: a failure with half a surrogate pair in it can't be sent, and would end the worker. */
function shorten(text: string, bytes: number): string {
  const whole = text.toWellFormed();
  if (jsonBytes(whole) <= bytes) return whole;
  const ellipsis = '…';
  let left = bytes - jsonBytes(ellipsis);
  let kept = '';
  for (const character of whole) {
    left -= jsonBytes(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + ellipsis;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - '""'.length;
}
