import type { S3Client } from '@aws-sdk/client-s3';
import type { PayloadStore } from './payload-store.js';

/**
 * A bucket of Amazon S3, or of a server that speaks its protocol. Region, credentials and endpoint are found as the AWS
 * CLI finds them: `AWS_REGION`, `AWS_ENDPOINT_URL_S3`, a profile, a role, …
 */
export class S3Store implements PayloadStore {
  readonly url: string;
  #client: S3Client | undefined;

  /** @param prefix Without slashes around it; empty for none. */
  constructor(
    private readonly bucket: string,
    private readonly prefix: string,
  ) {
    this.url = ['s3:/', bucket, prefix].filter(Boolean).join('/');
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const { client, PutObjectCommand } = await this.#connect();
    await client.send(new PutObjectCommand({ ...this.#objectOf(key), Body: bytes }));
  }

  async read(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { client, GetObjectCommand, NoSuchKey } = await this.#connect();
    try {
      const { Body } = await client.send(new GetObjectCommand(this.#objectOf(key)), { abortSignal: signal });
      return await Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  /** Loads the SDK where it is needed: few starts need it. */
  async #connect() {
    const sdk = await import('@aws-sdk/client-s3');
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
    this.#client ??= new sdk.S3Client({
      // A server of one's own seldom has a host name for each bucket, or the newer checksums.
      forcePathStyle: Boolean(AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL),
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    return { ...sdk, client: this.#client };
  }

  #objectOf(key: string) {
    return { Bucket: this.bucket, Key: [this.prefix, key].filter(Boolean).join('/') };
  }
}
