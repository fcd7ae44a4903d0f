import common = require('@temporalio/common');

/**
 * What a worker says of a payload that it has no key for: see `encryption-codec.ts`. Whoever is to find the key must be
 * able to read it without one; it tells ids of keys alone, which each payload has in plain.
 */
const aboutKeys =
  /^a payload (is encrypted with key '[\w.-]{1,100}': (no key is set \(PAYLOAD_ENCRYPTION_KEYS\)|the keys here are [\w.,-]+)|can't be decrypted: it was changed, or its key '[\w.-]{1,100}' was another one)$/;

/** Puts messages and stack traces of failures into payloads, which the codecs encrypt. */
class EncodedFailureConverter extends common.DefaultFailureConverter {
  readonly #plain = new common.DefaultFailureConverter();

  constructor() {
    super({ encodeCommonAttributes: true });
  }

  override errorToFailure(...[error, ...rest]: Parameters<common.DefaultFailureConverter['errorToFailure']>) {
    if (!(error instanceof Error && error.cause === undefined && aboutKeys.test(error.message))) {
      return super.errorToFailure(error, ...rest);
    }
    return { ...this.#plain.errorToFailure(error, ...rest), stackTrace: '' };
  }
}

/**
 * CommonJS, and a file of its own: the Temporal SDK requires it by its path (see `data-converter.ts`), and a workflow
 * bundle includes it.
 */
export = { failureConverter: new EncodedFailureConverter() };
