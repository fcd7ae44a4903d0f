import type { S3Client } from '@aws-sdk/client-s3';
import type { PayloadStore } from './payload-store.js';

/**
 * A bucket of Amazon S3 or of a compatible server. Region, credentials and endpoint are found in the same way as by the
 * AWS CLI: `AWS_REGION`, `AWS_ENDPOINT_URL_S3`, a profile, a role, …
 */
export class S3Store implements PayloadStore {
  readonly url: string;
  #client: S3Client | undefined;

  /** @param prefix Without leading or trailing slashes; empty for none. */
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

  /** Loads the SDK on first use, since few starts need it. */
  async #connect() {
    const sdk = await import('@aws-sdk/client-s3');
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
    this.#client ??= new sdk.S3Client({
      // A self-hosted server rarely has a host name per bucket, or the newer checksums.
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
