import {
  defaultPayloadConverter,
  type Payload,
  type PayloadCodec,
  type PayloadConverter,
  type SerializationContext,
} from '@temporalio/common';
import { boundBrokenBy } from '../contract/json-text.js';
import { limits } from '../contract/limits.js';
import {
  lockedPayload,
  type UnreadablePayload,
  undecodablePayload,
  whyLocked,
  whyUndecodable,
} from '../contract/unreadable.js';
import { LockedPayloadError } from './encryption-codec.js';
import { maximumMetadataEntries, sizeOf } from './payload-size.js';
import { decode, encode } from './sdk-internals.js';
import { isCompressed, ZlibCodec } from './zlib-codec.js';

/** Called when a payload can't be read. */
export type OnUnreadable = (kind: 'undecodable' | 'locked', reason: string) => void;

/** How a worker reads payloads, if it differs from a worker that runs nothing but conversation starts. */
export interface TolerantCodecOptions {
  readonly onUnreadable?: OnUnreadable | undefined;
  /** The worker's payload converter. @default Temporal's own */
  readonly payloadConverter?: PayloadConverter | undefined;
  /** Whether a payload belongs to a conversation start. @default every payload does */
  readonly isOurs?: ((context: SerializationContext | undefined) => boolean) | undefined;
  /** The codecs for payloads that are not ours. What they throw is thrown, as on any other worker. @default none */
  readonly otherCodecs?: readonly PayloadCodec[] | undefined;
}

/** In bytes. The JSON of smaller payloads is not bounded, since it can't take much memory. */
const small = 64 * 1024;

/**
 * Bounds of a payload's JSON. An input may have a quarter of these values, and none of our payloads is nested deeper.
 */
const jsonBounds = { levels: 2 * limits.nestingLevels, values: 4 * limits.values };

/** Maximum payloads per call. Thousands of small ones take many times their bytes in memory. Ours have one. */
const maximumTogether = 100;

const tooMuch = `with the other payloads of its run it comes to more than ${limits.activationBytes} bytes`;

/** The rest of the bytes that one activation's payloads may have. */
interface Activation {
  bytesLeft: number;
  waiting: number;
  previous: Promise<unknown>;
  /**
   * Set when a payload exceeded the bound. Further payloads are then not decompressed, since they would exceed it too.
   */
  isFull: boolean;
}

/**
 * A worker's outermost codec. A payload that the inner codecs, or Temporal's payload converter, can't read becomes a
 * value that says so (see `UnreadablePayload`). Without it, one malformed payload would fail its workflow task again
 * and again: an input, but also a memo or a signal that nobody reads.
 *
 * It also limits the content of each payload, and the total size of an activation's large payloads.
 */
export class TolerantCodec implements PayloadCodec {
  /** The SDK passes the same context object for all payloads of an activation. */
  readonly #activations = new WeakMap<SerializationContext, Activation>();
  readonly #converter: PayloadConverter;

  constructor(
    /** The codecs of a client. */
    readonly codecs: readonly PayloadCodec[],
    private readonly options: TolerantCodecOptions = {},
  ) {
    this.#converter = options.payloadConverter ?? defaultPayloadConverter;
  }

  encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return encode([...this.codecs], payloads, context);
  }

  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const { isOurs, otherCodecs = [] } = this.options;
    if (isOurs?.(context) === false) return decode([...otherCodecs], payloads, context);
    const decoded: Payload[] = [];
    for (const payload of payloads.slice(0, maximumTogether)) decoded.push(await this.#inTurn(payload, context));
    if (payloads.length > maximumTogether) {
      decoded.push(this.#unreadable('undecodable', `behind ${maximumTogether} payloads there are others`));
    }
    return decoded;
  }

  /** Decodes an activation's payloads one at a time, so that those beyond the bound are never in memory together. */
  async #inTurn(payload: Payload, context: SerializationContext | undefined): Promise<Payload> {
    if (!context) return this.#decodeOne(payload, context, undefined);
    const activation = this.#activations.get(context) ?? {
      bytesLeft: limits.activationBytes,
      waiting: 0,
      previous: Promise.resolve(),
      isFull: false,
    };
    this.#activations.set(context, activation);
    activation.waiting++;
    const decoded = activation.previous.then(() => this.#decodeOne(payload, context, activation));
    activation.previous = decoded;
    try {
      return await decoded;
    } finally {
      activation.waiting--;
      // The activation's next payload arrives before this callback runs.
      setImmediate(() => {
        if (activation.waiting === 0) this.#activations.delete(context);
      });
    }
  }

  async #decodeOne(
    payload: Payload,
    context: SerializationContext | undefined,
    activation: Activation | undefined,
  ): Promise<Payload> {
    try {
      const codecs = activation?.isFull ? this.codecs.filter((codec) => !(codec instanceof ZlibCodec)) : this.codecs;
      const [decoded = {}] = await decode([...codecs], [payload], context);
      if (activation?.isFull && isCompressed(decoded)) return this.#unreadable('undecodable', tooMuch);
      const problem = problemWith(decoded, sizeOf(payload), activation, this.#converter);
      return problem === undefined ? decoded : this.#unreadable('undecodable', problem);
    } catch (error) {
      if (error instanceof LockedPayloadError) return this.#unreadable('locked', error.message);
      return this.#unreadable('undecodable', reasonOf(error));
    }
  }

  #unreadable(kind: 'undecodable' | 'locked', reason: string): Payload {
    this.options.onUnreadable?.(kind, reason);
    const value: UnreadablePayload = kind === 'locked' ? lockedPayload(reason) : undecodablePayload(reason);
    return this.#converter.toPayload(value) as Payload;
  }
}

function problemWith(
  payload: Payload,
  sentBytes: number,
  activation: Activation | undefined,
  converter: PayloadConverter,
): string | undefined {
  const data = payload.data ?? new Uint8Array();
  if (Object.keys(payload.metadata ?? {}).length > maximumMetadataEntries) {
    return `it has more than ${maximumMetadataEntries} entries of metadata`;
  }
  const size = sizeOf(payload);
  // Small payloads that were compressed count, too: a run accepts 10,000 signals.
  if (activation && (size > small || size > sentBytes)) {
    if (activation.bytesLeft < size) {
      activation.isFull = true;
      return tooMuch;
    }
    activation.bytesLeft -= size;
  }
  if (size > small) {
    const isJson = encodingOf(payload) === 'json/plain';
    // A converter of the service's own may have an encoding of its own.
    if (!isJson && converter === defaultPayloadConverter) return `it holds ${size} bytes that are not JSON`;
    const broken =
      isJson && boundBrokenBy(Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1'), jsonBounds);
    if (broken) return `its JSON has more than ${jsonBounds[broken]} ${broken}`;
  }
  let value: unknown;
  try {
    // The SDK will do the same, in workflows and in activities.
    value = converter.fromPayload(payload);
  } catch {
    // The converter's message might quote the payload.
    return encodingOf(payload) === 'json/plain'
      ? 'its JSON can not be parsed; NaN and Infinity, for two, are no JSON'
      : `its encoding is unknown here: '${encodingOf(payload)}'`;
  }
  // Only this codec may produce such a value.
  if (whyLocked(value) ?? whyUndecodable(value)) return 'it says of itself that it can not be read';
  return undefined;
}

/** The payload's encoding, sanitized because a client chose it. */
function encodingOf({ metadata }: Payload): string {
  return Buffer.from(metadata?.encoding ?? [])
    .toString('latin1')
    .replace(/[^\w/.+-]/g, '?')
    .slice(0, 50);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_BUFFER_TOO_LARGE') return `it inflates to more than ${limits.inflatedBytes} bytes`;
  return code?.startsWith('Z_') ? 'what is compressed in it is cut off, or something else' : message;
}
