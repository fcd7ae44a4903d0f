import { ApplicationFailure, CancelledFailure, ensureApplicationFailure } from '@temporalio/common';
import { notReadyYet } from '../contract/failures.js';
import { isOwnWords } from '../contract/printing/own-words.js';
import { type PrintOptions, printable, printableValue } from '../contract/printing/printable.js';
import { repeatedParts } from '../contract/printing/repeated-parts.js';
import { failureOfNoAnswer, failureOfNotSent } from './nested-server/failures.js';
import { NoAnswerError } from './nested-server/http-client.js';
import { NotSentError } from './nested-server/transport.js';

/**
 * In bytes, as JSON writes them. A failure of over about 4 KB loses its message, type and details when it is retried:
 * these keep it below, encrypted, too.
 */
const bounds = { message: 1000, detail: 400, type: 100 };

/** Notes a text that no failure may repeat, and that is not in the activity's input. */
export type KeepSecret = (text: string) => void;

/**
 * Runs an activity's work, and lets its failures out as the contract has them: typed, short, and with no secret of the
 * activity's input.
 */
export async function withinContract<T>(input: unknown, work: (keepSecret: KeepSecret) => Promise<T>): Promise<T> {
  const others: string[] = [];
  try {
    return await work((text) => others.push(text));
  } catch (error) {
    if (error instanceof CancelledFailure || isNotReadyYet(error)) throw error;
    const failure = failureOf(error);
    const texts = [failure.message, ...textsIn(failure.details)];
    const parts = await Promise.all(others.map((secret) => repeatedParts(secret, texts)));
    throw presentable(failure, { secretsOf: input, parts: parts.flat() });
  }
}

/** Whether a look has just ended so: `notReadyYetFailure` makes its failure of what is presentable already. */
function isNotReadyYet(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === notReadyYet;
}

/** The same for a text that gets out in another way: short, in one line, and with no secret of the activity's input. */
export function presentableText(text: string, input: unknown): string {
  // Where there is nothing to hide, the secrets of the input need not be collected.
  return isOwnWords(text) ? text : printable(text, { secretsOf: input, maximumBytes: bounds.detail });
}

function failureOf(error: unknown): ApplicationFailure {
  if (error instanceof NoAnswerError) return failureOfNoAnswer(error);
  return error instanceof NotSentError ? failureOfNotSent(error) : ensureApplicationFailure(error);
}

/** What our own code has made of a server's answer: of few values. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.entries(value).flat().flatMap(textsIn) : [];
}

function presentable(failure: ApplicationFailure, options: PrintOptions): ApplicationFailure {
  const { type, nonRetryable, nextRetryDelay, category } = failure;
  const presented = ApplicationFailure.create({
    message: printable(failure.message, { ...options, maximumBytes: bounds.message }),
    details: (failure.details ?? []).map((details) =>
      printableValue(details, { ...options, maximumBytes: bounds.detail }),
    ),
    ...(type != null && { type: printable(type, { maximumBytes: bounds.type }) }),
    ...(nonRetryable != null && { nonRetryable }),
    ...(nextRetryDelay != null && { nextRetryDelay }),
    ...(category != null && { category }),
  });
  // The stack would only point at this function.
  presented.stack = '';
  return presented;
}
