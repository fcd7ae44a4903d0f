/**
 * The key of a replay that is too large for Temporal and was put into the payload store. A client passes it as
 * `replayJson`; only `createConversation` fetches the replay.
 */
export interface ReplayClaim {
  /** A UUID, the key in the store. */
  readonly claim: string;
  /**
   * SHA-256 of the replay, in hexadecimal, to compare two replays without fetching them. Clients before version 0.2 do
   * not set it.
   */
  readonly sha256?: string;
}

/** The claim in an input, not validated. `undefined` when the replay is inline or there is none. */
export function replayClaimOf(input: unknown): string | undefined {
  const { replayJson } = (input ?? {}) as { replayJson?: Partial<ReplayClaim> | null };
  return typeof replayJson === 'object' && typeof replayJson?.claim === 'string' ? replayJson.claim : undefined;
}
