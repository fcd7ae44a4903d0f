import { type ClaimCheck, UnreadableClaimError } from '../codec/claim-check.js';
import { replayClaimOf } from '../contract/claim.js';
import { invalidInput } from './check-input.js';
import type { KeepSecret } from './failure-boundary.js';
import { failure } from './nested-server/failures.js';

/** With the baseline's three reads of 6 s, it must fit into the heartbeat timeout of 30 s: see `heartbeatDuring`. */
const fetchTimeoutMs = 8_000;

/** The claim becomes part of a path, so its format is checked. */
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * Returns the input with its replay, fetched from the store if the client left it there.
 *
 * @throws ApplicationFailure of type InvalidInput if it is missing or unreadable (final), or NestedServerUnavailable if
 *   the store does not answer (retried)
 */
export async function redeemReplay(
  input: unknown,
  claimCheck: ClaimCheck | undefined,
  keepSecret: KeepSecret,
): Promise<unknown> {
  const claim = replayClaimOf(input);
  if (claim === undefined) return input;
  const invalid = (problem: string) => invalidInput([{ field: 'replayJson', problem }]);
  if (!uuid.test(claim)) throw invalid('must be a string: its claim is not a UUID');
  if (!claimCheck)
    throw invalid('is in a payload store, but this worker has none: set PAYLOAD_STORE as for the client');
  const place = `${claimCheck.storeUrl}/${claim}`;
  try {
    const replayJson = await claimCheck.fetch(claim, AbortSignal.timeout(fetchTimeoutMs));
    if (replayJson !== undefined) {
      keepSecret(replayJson);
      return { ...(input as object), replayJson };
    }
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof UnreadableClaimError) throw invalid(`can't be read from ${place}: ${message}`);
    throw failure('NestedServerUnavailable', `replayJson can't be fetched from ${place}: ${message}`, {});
  }
  throw invalid(`is missing from the payload store: there is no ${place}. Start again with the replay itself`);
}
