import type { LoadedDataConverter } from '@temporalio/common';
import type { ClaimCheck } from '../codec/claim-check.js';
import { PayloadMessage } from '../codec/proto.js';
import { encodeToPayload } from '../codec/sdk-internals.js';
import type { ReplayClaim } from '../contract/claim.js';
import type { CreateNestedConversationInput } from '../contract/input.js';
import { limits } from '../contract/limits.js';
import { InvalidInputError } from './errors.js';
import { sha256Of } from './started-input.js';

/** The input as sent to Temporal. Its replay may be in the payload store. */
export type SentInput = Omit<CreateNestedConversationInput, 'replayJson'> & {
  readonly replayJson?: string | ReplayClaim | null | undefined;
};

/** Whether the input's replay, not compressed, is too large for one of Temporal's payloads. */
export function hasLargeReplay({ replayJson }: CreateNestedConversationInput): boolean {
  return Buffer.byteLength(replayJson ?? '') > limits.payloadBytes;
}

/**
 * Makes the input fit into one of Temporal's payloads. A large replay goes to the payload store even if it would fit
 * when compressed, since every worker that runs the workflow would have to decompress and parse it. Without a store it
 * is compressed.
 *
 * @throws {@link InvalidInputError} with the sizes, if the replay is too large and there is no store, or if the rest is
 *   too large
 */
export async function fitInput(
  input: CreateNestedConversationInput,
  dataConverter: LoadedDataConverter,
  claimCheck: ClaimCheck | undefined,
): Promise<SentInput> {
  const { replayJson } = input;
  const leaves = claimCheck && replayJson && hasLargeReplay(input);
  const kept = leaves ? { ...input, replayJson: null } : input;
  const bytes = await payloadBytes(kept, dataConverter);
  if (bytes > limits.payloadBytes) {
    throw hasLargeReplay(kept)
      ? tooLarge('replayJson', bytes, 'set PAYLOAD_STORE for clients and workers, or drop old events')
      : tooLarge('', bytes, 'make settings or initialUserMsg smaller');
  }
  // It fits when compressed, but workers refuse to decompress it.
  const inflated = Buffer.byteLength(JSON.stringify(kept));
  if (inflated > limits.inflatedBytes) {
    const fix = 'set PAYLOAD_STORE for clients and workers, or drop old events';
    throw InvalidInputError.of([
      {
        field: 'replayJson',
        problem: `has ${inflated} bytes when decompressed, and a worker accepts ${limits.inflatedBytes}: ${fix}`,
      },
    ]);
  }
  return leaves
    ? { ...kept, replayJson: { claim: await claimCheck.leave(replayJson), sha256: sha256Of(replayJson) } }
    : kept;
}

async function payloadBytes(input: SentInput, dataConverter: LoadedDataConverter): Promise<number> {
  return PayloadMessage.encode(await encodeToPayload(dataConverter, input)).finish().length;
}

function tooLarge(field: string, bytes: number, fix: string): InvalidInputError {
  const problem = `has ${bytes} bytes when compressed, and Temporal accepts ${limits.payloadBytes}: ${fix}`;
  return InvalidInputError.of([{ field, problem }]);
}
