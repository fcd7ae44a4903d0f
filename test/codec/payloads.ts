import type { Payload } from '@temporalio/common';

/** A payload as made by the default converter. */
export function payloadOf(value: unknown): Payload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) };
}

export function metadataOf({ metadata }: Payload): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
  );
}

export function contentOf({ data }: Payload): unknown {
  return JSON.parse(Buffer.from(data ?? []).toString());
}
