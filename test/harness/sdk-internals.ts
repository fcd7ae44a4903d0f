/** The SDK internals that only tests use: see `codec/sdk-internals.ts`. */
export { encodeErrorToFailure } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
export { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
export { msToTs } from '@temporalio/common/lib/time.js';
