/** Stores data that is too large for Temporal: a client writes it, and `createConversation` reads it. */
export interface PayloadStore {
  /** The store's name in messages, e.g. `s3://bucket/prefix`. */
  readonly url: string;
  /** Returns when all bytes are stored. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Returns `undefined` if the store does not have this key. */
  read(key: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}
