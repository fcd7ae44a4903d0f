import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** The failure with which a run or an activity ends. */
export async function failureOf(outcome: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await outcome.then(
    (result) => assert.fail(`It did not fail, but resulted in ${JSON.stringify(result)}`),
    (error: unknown) => error,
  );
  const failure = error instanceof WorkflowFailedError ? error.cause : error;
  if (failure instanceof ApplicationFailure) return failure;
  throw error;
}
