import { ApplicationFailure, CancelledFailure, ensureApplicationFailure } from '@temporalio/common';
import { notReadyYet } from '../contract/failures.js';
import { isOwnWords } from '../contract/printing/own-words.js';
import { type PrintOptions, printable, printableValue } from '../contract/printing/printable.js';
import { repeatedParts } from '../contract/printing/repeated-parts.js';
import { failureOfNoAnswer, failureOfNotSent } from './nested-server/failures.js';
import { NoAnswerError } from './nested-server/http-client.js';
import { NotSentError } from './nested-server/transport.js';

/**
 * Sizes in bytes, as JSON. A failure of more than about 4 KB loses its message, type and details when it is retried.
 * These bounds keep a failure below that size, even encrypted.
 */
const bounds = { message: 1000, detail: 400, type: 100 };

/** Registers a secret text that is not in the activity's input, so that no failure repeats it. */
export type KeepSecret = (text: string) => void;

/**
 * Runs an activity's work and turns its errors into failures of the contract: typed, short, and without any secret of
 * the activity's input.
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

/** A look's NotReadyYet needs no masking: `notReadyYetFailure` gets text that is already masked. */
function isNotReadyYet(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === notReadyYet;
}

/** Makes text safe to show in the same way: short, on one line, and without any secret of the activity's input. */
export function presentableText(text: string, input: unknown): string {
  // Our own words hold no secret, so the input's secrets need not be collected.
  return isOwnWords(text) ? text : printable(text, { secretsOf: input, maximumBytes: bounds.detail });
}

function failureOf(error: unknown): ApplicationFailure {
  if (error instanceof NoAnswerError) return failureOfNoAnswer(error);
  return error instanceof NotSentError ? failureOfNotSent(error) : ensureApplicationFailure(error);
}

/** Safe to recurse: our own code built this value, from a few parts of the server's answer. */
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
