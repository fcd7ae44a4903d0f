import type { Payload } from '@temporalio/common';

/** Entries of metadata that a payload may have: two are all that anybody sets, and each costs many times its bytes. */
export const maximumMetadataEntries = 100;

/** In bytes, with its metadata. */
export function sizeOf({ data, metadata }: Payload): number {
  const entries = Object.entries(metadata ?? {});
  return entries.reduce((sum, [name, value]) => sum + name.length + value.length, data?.length ?? 0);
}
