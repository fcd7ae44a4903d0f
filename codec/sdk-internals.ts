/**
 * Internal functions of Temporal's SDK, imported by path because the SDK does not export an equivalent. If an upgrade
 * moves one, only this file fails to compile.
 */

/** Payload codecs, converters and failures, applied as in the SDK's own client and worker. */
export {
  decode,
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
  encode,
  encodeToPayload,
} from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
export { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/data-converter-helpers.js';
/** Conversions of protobuf's timestamps and durations. */
export { msToTs, optionalTsToDate, optionalTsToMs, tsToMs } from '@temporalio/common/lib/time.js';
