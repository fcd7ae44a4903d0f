/**
 * The bounds of the input. Each refuses what can only be a mistake, or an attack; change it here, and the contract, its
 * error messages and its tests follow. They are checked before anything looks closer at what they bound.
 */
export const limits = {
  /** OpenHands' own bound on a conversation id. */
  sidCharacters: 100,
  /** Temporal's visibility stores keep keywords of up to 255 characters. */
  userIdCharacters: 255,
  /** What browsers and proxies agree on. Parsing a URL costs more than linear time. */
  apiUrlCharacters: 2048,
  /** Servers take headers of 8 KB and more, all of them together. */
  sessionApiKeyCharacters: 8000,
  /** Of a Git provider. It becomes a header, and a variable of the environment, which Linux bounds to 128 KiB. */
  providerTokenCharacters: 8000,
  /** Of a path: Linux takes 4,096 bytes. */
  workingDirCharacters: 4000,
  /** Names of repositories and branches: Git hosts stop at some 250 characters a part. */
  nameCharacters: 1000,
  /** Characters of any text but a replay. Temporal's payloads have 2 MiB: a longer text came compressed. */
  textCharacters: 2 * 1024 * 1024,
  /** Characters of a key in an object. */
  keyCharacters: 1000,
  /** Items of a list. Nobody writes so many; a generated list is not settings. */
  listItems: 10_000,
  /** Keys of an object, as above. */
  objectKeys: 10_000,
  /** Texts, numbers, objects and lists of an input together: each costs memory that its bytes do not show. */
  values: 50_000,
  /** Problems that an answer names. Nobody reads more. */
  problems: 20,
  /** Characters of an unknown key that a problem repeats. */
  unknownKeyCharacters: 40,
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
  /** Below this, no repository comes over a network, and no script is worth the wait. */
  minimumJobTimeout: '1 second',
  /** Three tries of two such jobs stay within `startToCloseTimeout` of the policy for preparing, 8 hours. */
  maximumJobTimeout: '1 hour',
  /** What converts, checks and sends JSON recurses: far deeper, it would run out of stack. */
  nestingLevels: 100,
  /** In bytes, as it is sent. Temporal takes 2 MiB; what is left is for the evidence that goes along with the input. */
  payloadBytes: 2_000_000,
  /**
   * In bytes, what a payload may inflate to. A worker holds an input several times over, and keeps it with each workflow in
   * its cache; what is larger goes through a payload store, where `createConversation` alone fetches it.
   */
  inflatedBytes: 4 * 1024 * 1024,
  /** In bytes, what the large payloads of one activation may come to: an input, and signals that came with it. */
  activationBytes: 8 * 1024 * 1024,
  /** Characters of a replay. It is held in memory several times on its way; a trajectory of this size is a mistake. */
  replayCharacters: 64 * 1024 * 1024,
  /** Values in a replay. A million of them parse to some 100 MB; a trajectory of 64 MB is mostly long texts. */
  replayValues: 1_000_000,
  /** A look is one glance: a server that needs longer is not ready. */
  maximumLookTimeout: '1 minute',
} as const;
