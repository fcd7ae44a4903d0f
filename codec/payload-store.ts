/** Keeps what is too large for Temporal: a client puts it there, and `createConversation` takes it from there. */
export interface PayloadStore {
  /** What it is called in messages, e.g. `s3://bucket/prefix`. */
  readonly url: string;
  /** Returns when all of it is stored. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** `undefined` where nothing is stored under this key. */
  read(key: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}
