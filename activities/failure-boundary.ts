import { ApplicationFailure } from '@temporalio/common';
import { failureOfNoAnswer } from './nested-server/failures.js';
import { NoAnswerError } from './nested-server/http-client.js';
import { redact } from './secrets.js';

/** Runs `work`, and lets its failures out as the contract has them: typed, and with no secret in them. */
export async function translateFailures<T>(secrets: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const translated = error instanceof NoAnswerError ? failureOfNoAnswer(error) : error;
    if (!(translated instanceof ApplicationFailure)) throw translated;
    const { message, details, type, nonRetryable, nextRetryDelay, category } = translated;
    throw ApplicationFailure.create({
      ...redact({ message, details: details ?? [] }, secrets),
      ...(type != null && { type }),
      ...(nonRetryable != null && { nonRetryable }),
      ...(nextRetryDelay != null && { nextRetryDelay }),
      ...(category != null && { category }),
    });
  }
}
