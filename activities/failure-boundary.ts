import { ApplicationFailure } from '@temporalio/common';
import { failureOfNoAnswer } from './nested-server/failures.js';
import { NoAnswerError } from './nested-server/http-client.js';
import { redact } from './secrets.js';

/** A failure of over about 4 KB loses its type and details when it is retried: these bounds keep it well below. */
const bounds = { message: 1000, detail: 400, details: 10 };

/** Runs an activity's work, and lets its failures out as the contract has them: typed, short, and with no secret. */
export async function withinContract<T>(secrets: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = error instanceof NoAnswerError ? failureOfNoAnswer(error) : error;
    throw failure instanceof ApplicationFailure ? presentable(failure, secrets) : failure;
  }
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
  if (Array.isArray(value)) return value.slice(0, bounds.details).map(shortenAll);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortenAll(inner)]));
}

function shorten(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
