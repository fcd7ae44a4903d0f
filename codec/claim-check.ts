import { randomUUID } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { PayloadStore } from './payload-store.js';
import { PayloadMessage } from './proto.js';
import { decode, encode } from './sdk-internals.js';
import { strictCodecs } from './strict-codecs.js';
import { largestInflated, ZlibCodec } from './zlib-codec.js';

/** Thrown for what is in the store and can't be decoded: it was changed, or encrypted with a key that is not here. */
export class UnreadableClaimError extends Error {
  override readonly name = 'UnreadableClaimError';
}

/**
 * Leaves large texts in a store, and fetches them from there: what travels through Temporal is the claim, a UUID. In the
 * store, too, they are encoded as payloads are: compressed and encrypted.
 */
export class ClaimCheck {
  readonly #codecs: PayloadCodec[];

  constructor(
    private readonly store: PayloadStore,
    codecs: readonly PayloadCodec[],
  ) {
    // A replay may be larger than any payload, and what can't be decoded is to be told.
    this.#codecs = strictCodecs(codecs).map((codec) =>
      codec instanceof ZlibCodec ? new ZlibCodec(largestInflated) : codec,
    );
  }

  /** What the store is called in messages. */
  get storeUrl(): string {
    return this.store.url;
  }

  /** Leaves a text, and returns its claim. */
  async leave(text: string): Promise<string> {
    const claim = randomUUID();
    const [payload] = await encode(this.#codecs, [{ metadata: {}, data: Buffer.from(text) }]);
    await this.store.write(claim, PayloadMessage.encode(payload as Payload).finish());
    return claim;
  }

  /**
   * The text that was left; `undefined` where there is none, or none any more.
   * @throws {@link UnreadableClaimError}, or whatever kept the store from being read
   */
  async fetch(claim: string, signal: AbortSignal): Promise<string | undefined> {
    const bytes = await this.store.read(claim, signal);
    if (bytes === undefined) return undefined;
    try {
      const [payload] = await decode(this.#codecs, [PayloadMessage.decode(bytes)]);
      return Buffer.from(payload?.data ?? []).toString();
    } catch (error) {
      throw new UnreadableClaimError((error as Error).message);
    }
  }
}
