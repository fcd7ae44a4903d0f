/**
 * The bounds of the input. A value beyond its bound is a mistake or an attack. Change a bound here only: the contract,
 * its error messages and its tests use these values. Bounds are checked before the value is processed in any other way.
 */
export const limits = {
  /** The bound that OpenHands has on a conversation id. */
  sidCharacters: 100,
  /** Temporal's visibility stores keep keywords of up to 255 characters. */
  userIdCharacters: 255,
  /** The length that browsers and proxies accept. Parsing a URL takes more than linear time. */
  apiUrlCharacters: 2048,
  /** Servers accept at least 8 KB of headers in total. */
  sessionApiKeyCharacters: 8000,
  /** A Git provider's token. It is sent as a header and as an environment variable, which Linux limits to 128 KiB. */
  providerTokenCharacters: 8000,
  /** A path: Linux accepts 4,096 bytes. */
  workingDirCharacters: 4000,
  /** Names of repositories and branches. Git hosts accept about 250 characters for each part. */
  nameCharacters: 1000,
  /** Any text except a replay. Temporal's payloads have 2 MiB, so a longer text was sent compressed. */
  textCharacters: 2 * 1024 * 1024,
  /** A key in an object. */
  keyCharacters: 1000,
  /** A list. Settings written by a person have far fewer items. */
  listItems: 10_000,
  /** An object, for the same reason. */
  objectKeys: 10_000,
  /** Texts, numbers, objects and lists of an input in total: each one takes more memory than its bytes in JSON. */
  values: 50_000,
  /** The number of problems that one answer lists. Nobody reads more. */
  problems: 20,
  /** The part of an unknown key that an error message repeats. */
  unknownKeyCharacters: 40,
  /** Temporal rounds shorter activity retry intervals up to one second. */
  minimumInterval: '1 second',
  /** A longer interval is not useful for waiting. */
  maximumInterval: '1 hour',
  /** At the default interval of 2 seconds, five and a half hours. */
  maximumAttempts: 10_000,
  /** No server answers faster over a network. */
  minimumTimeout: '100 milliseconds',
  /**
   * An attempt makes a few requests, and must finish within the create policy's `startToCloseTimeout` of 45 minutes.
   */
  maximumTimeout: '5 minutes',
  /** No repository can be fetched faster over a network. */
  minimumJobTimeout: '1 second',
  /** Three attempts at two jobs must finish within the `startToCloseTimeout` for preparing, 8 hours. */
  maximumJobTimeout: '1 hour',
  /** The functions that convert, check and send JSON are recursive: much deeper nesting would overflow the stack. */
  nestingLevels: 100,
  /** In bytes, as sent. Temporal accepts 2 MiB; the rest is for the evidence that is sent along with the input. */
  payloadBytes: 2_000_000,
  /**
   * In bytes, the decompressed size of a payload. A worker holds several copies of an input, and one more with each
   * workflow in its cache. Larger values go to a payload store, and only `createConversation` fetches them.
   */
  inflatedBytes: 4 * 1024 * 1024,
  /**
   * In bytes, the decompressed size of all large payloads of one activation: an input, and the signals that came with
   * it.
   */
  activationBytes: 8 * 1024 * 1024,
  /** A replay. It is copied in memory several times. No real trajectory is this long. */
  replayCharacters: 64 * 1024 * 1024,
  /**
   * Values in a replay. A million values take about 100 MB when parsed; a trajectory of 64 MB consists mostly of long
   * texts.
   */
  replayValues: 1_000_000,
  /** A server that needs longer than this for a readiness check is not ready. */
  maximumLookTimeout: '1 minute',
} as const;
