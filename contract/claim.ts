/**
 * What a client passes as `replayJson` in place of a replay that is too large for Temporal: where the payload store keeps
 * it. Only `createConversation` looks there.
 */
export interface ReplayClaim {
  /** A UUID, the key in the store. */
  readonly claim: string;
  /**
   * SHA-256 of the replay, in hexadecimal: tells whether another caller's is the same, without fetching it. Absent in
   * claims of clients before version 0.2.
   */
  readonly sha256?: string;
}

/** The claim in an input, still unchecked; `undefined` where its replay is in it, or it has none. */
export function replayClaimOf(input: unknown): string | undefined {
  const { replayJson } = (input ?? {}) as { replayJson?: Partial<ReplayClaim> | null };
  return typeof replayJson === 'object' && typeof replayJson?.claim === 'string' ? replayJson.claim : undefined;
}
