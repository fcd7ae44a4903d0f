import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { PayloadMessage } from './proto.js';

/** Keys of 32 bytes by their id. The first encrypts, and each decrypts what was encrypted with it. */
export type EncryptionKeys = ReadonlyMap<string, KeyObject>;

const algorithm = 'aes-256-gcm';
const encoding = 'binary/encrypted';
/** In bytes, as AES-GCM recommends them: a random nonce of this size is safe for 2^32 payloads a key. */
const nonceLength = 12;
const tagLength = 16;

/**
 * Encrypts payloads with AES-256-GCM, in the format of Temporal's published encryption samples, which other SDKs read:
 * metadata `encoding` `binary/encrypted` and `encryption-key-id`; data: nonce, ciphertext of the whole payload as
 * protobuf, tag.
 *
 * What is not encrypted passes `decode` as it is: a client in any language may start a conversation in plain JSON.
 * Without keys everything passes `encode`, too.
 *
 * @throws Error from `decode` that names the key, where that is missing or the payload was tampered with
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
      const key = this.keys.get(keyId);
      if (!key) throw new Error(`a payload is encrypted with key '${keyId}': ${describeKeys(this.keys)}`);
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
    throw new Error(`a payload can't be decrypted: it was changed, or its key '${keyId}' was another one`, {
      cause: error,
    });
  }
}

function describeKeys(keys: EncryptionKeys): string {
  return keys.size === 0 ? 'no key is set (PAYLOAD_ENCRYPTION_KEYS)' : `the keys here are ${[...keys.keys()]}`;
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
