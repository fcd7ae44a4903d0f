import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { PayloadMessage } from './proto.js';

/** Keys of 32 bytes by id. The first one encrypts; all of them decrypt. */
export type EncryptionKeys = ReadonlyMap<string, KeyObject>;

const algorithm = 'aes-256-gcm';
const encoding = 'binary/encrypted';
/** In bytes, the size that AES-GCM recommends. Random nonces of this size are safe for 2^32 payloads per key. */
const nonceLength = 12;
const tagLength = 16;

/** Thrown for a payload whose key is missing or does not match. Another key could decrypt it. */
export class LockedPayloadError extends Error {
  override readonly name = 'LockedPayloadError';
}

/** A nonce, a tag, and the smallest payload. Shorter data was never encrypted. */
const shortest = nonceLength + tagLength + 1;

/**
 * Encrypts payloads with AES-256-GCM, in the format of Temporal's published encryption samples, which other SDKs can
 * read. Metadata: `encoding` `binary/encrypted` and `encryption-key-id`. Data: nonce, ciphertext of the whole payload
 * as protobuf, tag.
 *
 * `decode` returns plain payloads unchanged, since a client in any language may start a conversation in plain JSON.
 * Without keys, `encode` also returns payloads unchanged.
 *
 * @throws {@link LockedPayloadError} from `decode`, with the key's id, if the key is missing or does not match. A
 *   changed payload looks like a key that does not match. An Error if the payload claims to be encrypted but is not.
 */
export class EncryptionCodec implements PayloadCodec {
  constructor(private readonly keys: EncryptionKeys) {}

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const [active] = this.keys;
    return active ? payloads.map((payload) => encrypt(payload, ...active)) : payloads;
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (textOf(payload.metadata?.encoding) !== encoding) return payload;
      const keyId = textOf(payload.metadata?.['encryption-key-id']);
      if (!/^[\w.-]{1,100}$/.test(keyId) || (payload.data?.length ?? 0) < shortest) {
        throw new Error('it is marked as encrypted, but has no key id, nonce or tag');
      }
      const key = this.keys.get(keyId);
      if (!key) throw new LockedPayloadError(`a payload is encrypted with key '${keyId}': ${describeKeys(this.keys)}`);
      return decrypt(payload, keyId, key);
    });
  }
}

function encrypt(payload: Payload, keyId: string, key: KeyObject): Payload {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv(algorithm, key, nonce);
  const ciphertext = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()];
  return {
    metadata: { encoding: Buffer.from(encoding), 'encryption-key-id': Buffer.from(keyId) },
    data: Buffer.concat([nonce, ...ciphertext, cipher.getAuthTag()]),
  };
}

function decrypt({ data }: Payload, keyId: string, key: KeyObject): Payload {
  const bytes = Buffer.from(data ?? []);
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceLength), { authTagLength: tagLength });
    decipher.setAuthTag(bytes.subarray(-tagLength));
    const plain = [decipher.update(bytes.subarray(nonceLength, -tagLength)), decipher.final()];
    return PayloadMessage.decode(Buffer.concat(plain));
  } catch (error) {
    throw new LockedPayloadError(
      `a payload can't be decrypted: it was changed, or its key '${keyId}' was another one`,
      {
        cause: error,
      },
    );
  }
}

function describeKeys(keys: EncryptionKeys): string {
  return keys.size === 0 ? 'no key is set (PAYLOAD_ENCRYPTION_KEYS)' : `the keys here are ${[...keys.keys()]}`;
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
