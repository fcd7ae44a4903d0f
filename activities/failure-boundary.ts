import { ApplicationFailure, CancelledFailure, ensureApplicationFailure } from '@temporalio/common';
import { isOwnWords } from '../contract/printing/own-words.js';
import { printable, printableValue } from '../contract/printing/printable.js';
import { failureOfNoAnswer, failureOfNotSent } from './nested-server/failures.js';
import { NoAnswerError } from './nested-server/http-client.js';
import { NotSentError } from './nested-server/transport.js';
import { isNotReadyYet } from './not-ready-yet.js';

/**
 * In bytes, as JSON writes them. A failure of over about 4 KB loses its message, type and details when it is retried:
 * these keep it below, encrypted, too.
 */
const bounds = { message: 1000, detail: 400, type: 100 };

/**
 * Runs an activity's work, and lets its failures out as the contract has them: typed, short, and with no secret of the
 * activity's input.
 */
export async function withinContract<T>(input: unknown, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CancelledFailure || isNotReadyYet(error)) throw error;
    throw presentable(failureOf(error), input);
  }
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

function presentable(failure: ApplicationFailure, input: unknown): ApplicationFailure {
  const { type, nonRetryable, nextRetryDelay, category } = failure;
  const presented = ApplicationFailure.create({
    message: printable(failure.message, { secretsOf: input, maximumBytes: bounds.message }),
    details: (failure.details ?? []).map((details) =>
      printableValue(details, { secretsOf: input, maximumBytes: bounds.detail }),
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
