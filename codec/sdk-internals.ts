/**
 * What is taken from inside Temporal's SDK, by path: it exports nothing that does the same. An upgrade that moves one of
 * these fails to compile here, and nowhere else.
 */

/** Payload codecs, converters and failures, as the SDK's own client and worker apply them. */
export {
  decode,
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
  encode,
  encodeToPayload,
} from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
/** Protobuf's timestamps and durations. */
export { msToTs, optionalTsToDate, optionalTsToMs, tsToMs } from '@temporalio/common/lib/time.js';
