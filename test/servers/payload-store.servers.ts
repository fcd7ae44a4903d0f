import assert from 'node:assert/strict';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { S3Store } from '../../codec/s3-store.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { forFile, forTest } from '../harness/fixtures.js';
import { startS3Server } from '../harness/s3-server.js';
import { startDevServer } from '../harness/temporal.js';

/** The payload store on a server with S3's protocol. */

const server = await forFile(startS3Server(console.error));
Object.assign(process.env, {
  AWS_ENDPOINT_URL_S3: server.url,
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'any',
  AWS_SECRET_ACCESS_KEY: 'any',
});
const s3 = new S3Client({ forcePathStyle: true });
const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
await s3.send(new CreateBucketCommand({ Bucket: 'conversations', CreateBucketConfiguration }));

const timeLimit = () => AbortSignal.timeout(30_000);

describe('a bucket', () => {
  const store = new S3Store('conversations', 'replays');

  test('keeps 50 MB unchanged', async () => {
    const bytes = randomBytes(50 * 1024 * 1024);
    const key = randomUUID();
    await store.write(key, bytes);
    assert(bytes.equals((await store.read(key, timeLimit())) ?? Buffer.alloc(0)));
  });

  test('returns nothing for a key that was never written', async () => {
    assert.equal(await store.read(randomUUID(), timeLimit()), undefined);
  });

  test('that does not exist is an error', async () => {
    await assert.rejects(new S3Store('missing', '').read(randomUUID(), timeLimit()), { name: 'NoSuchBucket' });
  });

  test('carries a replay of 10 MB from a client to the server', async (t) => {
    const dataConverter = dataConverterFor(new Map([['test', createSecretKey(randomBytes(32))]]));
    const temporal = await forTest(t, startDevServer({ dataConverter, payloadStore: store }));
    const nestedServer = await forTest(t, OpenHandsStandIn.listen());
    const message = { source: 'user', action: 'message', args: { content: 'Fix the build' } };
    const answer = { source: 'agent', action: 'message', args: { content: randomBytes(7_500_000).toString('base64') } };
    const input = inputFor(nestedServer.url, { initialUserMsg: null, replayJson: JSON.stringify([message, answer]) });
    const conversations = new NestedConversations(temporal.env.client, { payloadStore: store });
    assert.equal((await conversations.ensureReady(input)).status, 'RUNNING');
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'conversations', Prefix: 'replays/' }));
    assert.equal(Contents.length, 2);
  });
});
