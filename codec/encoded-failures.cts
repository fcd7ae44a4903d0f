import common = require('@temporalio/common');

/**
 * Puts messages and stack traces of failures into payloads, which the codecs encrypt.
 *
 * CommonJS, and a file of its own: the Temporal SDK requires it by its path (see `data-converter.ts`), and a workflow
 * bundle includes it.
 */
export = { failureConverter: new common.DefaultFailureConverter({ encodeCommonAttributes: true }) };
