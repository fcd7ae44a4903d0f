import { randomUUID } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { PayloadStore } from './payload-store.js';
import { PayloadMessage } from './proto.js';
import { decode, encode } from './sdk-internals.js';
import { strictCodecs } from './strict-codecs.js';
import { largestInflated, ZlibCodec } from './zlib-codec.js';

/** Thrown when the stored text can't be decoded: it was changed, or encrypted with a key that is missing here. */
export class UnreadableClaimError extends Error {
  override readonly name = 'UnreadableClaimError';
}

/**
 * Stores large texts outside Temporal. Only the claim, a UUID, goes through Temporal. In the store, texts are
 * compressed and encrypted like payloads.
 */
export class ClaimCheck {
  readonly #codecs: PayloadCodec[];

  constructor(
    private readonly store: PayloadStore,
    codecs: readonly PayloadCodec[],
  ) {
    // A replay may be larger than any payload, and a decoding error must be thrown.
    this.#codecs = strictCodecs(codecs).map((codec) =>
      codec instanceof ZlibCodec ? new ZlibCodec(largestInflated) : codec,
    );
  }

  /** The store's name in messages. */
  get storeUrl(): string {
    return this.store.url;
  }

  /** Stores a text and returns its claim. */
  async leave(text: string): Promise<string> {
    const claim = randomUUID();
    const [payload] = await encode(this.#codecs, [{ metadata: {}, data: Buffer.from(text) }]);
    await this.store.write(claim, PayloadMessage.encode(payload as Payload).finish());
    return claim;
  }

  /**
   * The text of a claim; `undefined` if the store does not have it, or no longer has it.
   * @throws {@link UnreadableClaimError}, or the store's own error
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
