import { ApplicationFailure, CancelledFailure, ensureApplicationFailure } from '@temporalio/common';
import { failureOfNoAnswer, failureOfNotSent } from './nested-server/failures.js';
import { NoAnswerError } from './nested-server/http-client.js';
import { NotSentError } from './nested-server/transport.js';
import { redact } from './secrets.js';

/** In bytes. A failure of over about 4 KB loses its type and details when it is retried: these keep it below. */
const bounds = { message: 1000, detail: 400 };

/** Details of a list, such as the problems of an input. */
const maximumItems = 10;

/** Runs an activity's work, and lets its failures out as the contract has them: typed, short, and with no secret. */
export async function withinContract<T>(secrets: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CancelledFailure) throw error;
    throw presentable(failureOf(error), secrets);
  }
}

function failureOf(error: unknown): ApplicationFailure {
  if (error instanceof NoAnswerError) return failureOfNoAnswer(error);
  return error instanceof NotSentError ? failureOfNotSent(error) : ensureApplicationFailure(error);
}

/** Hides the secrets first: half of one would pass for none. */
function presentable(failure: ApplicationFailure, secrets: readonly string[]): ApplicationFailure {
  const { type, nonRetryable, nextRetryDelay, category } = failure;
  return ApplicationFailure.create({
    message: shorten(redact(failure.message, secrets), bounds.message),
    details: (failure.details ?? []).map((details) => shortenAll(redact(details, secrets))),
    ...(type != null && { type }),
    ...(nonRetryable != null && { nonRetryable }),
    ...(nextRetryDelay != null && { nextRetryDelay }),
    ...(category != null && { category }),
  });
}

function shortenAll(value: unknown): unknown {
  if (typeof value === 'string') return shorten(value, bounds.detail);
  if (Array.isArray(value)) return value.slice(0, maximumItems).map(shortenAll);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortenAll(inner)]));
}

/** Well-formed, too: a failure with half a surrogate pair in it can't be sent, and would end the worker. */
function shorten(text: string, bytes: number): string {
  const encoded = Buffer.from(text.toWellFormed());
  if (encoded.length <= bytes) return encoded.toString();
  const ellipsis = '…';
  // A character that is cut in half is left out: as in a stream, its other half might still come.
  const whole = new TextDecoder().decode(encoded.subarray(0, bytes - Buffer.byteLength(ellipsis)), { stream: true });
  return whole + ellipsis;
}
