import type { Payload } from '@temporalio/common';

/**
 * Maximum metadata entries of a payload. Clients set at most two, and each one takes many times its bytes in memory.
 */
export const maximumMetadataEntries = 100;

/** The payload's size in bytes, including its metadata. */
export function sizeOf({ data, metadata }: Payload): number {
  const entries = Object.entries(metadata ?? {});
  return entries.reduce((sum, [name, value]) => sum + name.length + value.length, data?.length ?? 0);
}
