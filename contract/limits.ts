/**
 * The bounds of the input. Each refuses what can only be a mistake; change it here, and the contract, its error
 * messages and its tests follow.
 */
export const limits = {
  /** OpenHands' own bound on a conversation id. */
  sidCharacters: 100,
  /** Temporal's visibility stores keep keywords of up to 255 characters. */
  userIdCharacters: 255,
  /** Temporal rounds shorter activity retry intervals up to a second: a smaller one would be a promise not kept. */
  minimumInterval: '1 second',
  /** Slower than this is not waiting for a start but forgetting about it. */
  maximumInterval: '1 hour',
  /** With the default interval of 2 s, five and a half hours. */
  maximumAttempts: 10_000,
  /** Below this, no server over a network answers. */
  minimumTimeout: '100 milliseconds',
  /** An attempt makes a handful of requests within `startToCloseTimeout` of the create policy, 45 minutes. */
  maximumTimeout: '5 minutes',
  /** What converts, checks and sends JSON recurses: far deeper, it would run out of stack. */
  nestingLevels: 100,
  /** In bytes, as it is sent. Temporal takes 2 MiB; what is left is for the evidence that goes along with the input. */
  payloadBytes: 2_000_000,
  /** Characters of a replay. It is held in memory several times on its way; a trajectory of this size is a mistake. */
  replayCharacters: 64 * 1024 * 1024,
  /** A look is one glance: a server that needs longer is not ready. */
  maximumLookTimeout: '1 minute',
} as const;
