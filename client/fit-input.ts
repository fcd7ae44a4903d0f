import type { LoadedDataConverter } from '@temporalio/common';
import { encodeToPayload } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import type { ClaimCheck } from '../codec/claim-check.js';
import { PayloadMessage } from '../codec/proto.js';
import type { ReplayClaim } from '../contract/claim.js';
import type { CreateNestedConversationInput } from '../contract/input.js';
import { limits } from '../contract/limits.js';
import { InvalidInputError } from './errors.js';

/** The input as it is sent: its replay may have been left in the payload store. */
export type SentInput = Omit<CreateNestedConversationInput, 'replayJson'> & {
  readonly replayJson?: string | ReplayClaim | null | undefined;
};

/**
 * Makes the input fit into a payload of Temporal. Compression often does that; where it does not, the replay is left in
 * the payload store.
 *
 * @throws {@link InvalidInputError} that names the sizes, where there is no store, or something else is too large
 */
export async function fitInput(
  input: CreateNestedConversationInput,
  dataConverter: LoadedDataConverter,
  claimCheck: ClaimCheck | undefined,
): Promise<SentInput> {
  const bytes = await payloadBytes(input, dataConverter);
  if (bytes <= limits.payloadBytes) return input;
  if (!input.replayJson) throw tooLarge('', bytes, 'make settings or initialUserMsg smaller');
  if (!claimCheck) throw tooLarge('replayJson', bytes, 'set PAYLOAD_STORE for clients and workers, or drop old events');
  const rest = { ...input, replayJson: null };
  const restBytes = await payloadBytes(rest, dataConverter);
  if (restBytes > limits.payloadBytes) throw tooLarge('', restBytes, 'make settings smaller');
  return { ...rest, replayJson: { claim: await claimCheck.leave(input.replayJson) } };
}

async function payloadBytes(input: SentInput, dataConverter: LoadedDataConverter): Promise<number> {
  return PayloadMessage.encode(await encodeToPayload(dataConverter, input)).finish().length;
}

function tooLarge(field: string, bytes: number, mend: string): InvalidInputError {
  const problem = `makes ${bytes} bytes, compressed, of the ${limits.payloadBytes} that Temporal takes: ${mend}`;
  return InvalidInputError.of([{ field, problem }]);
}
