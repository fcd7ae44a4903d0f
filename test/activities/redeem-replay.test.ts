import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { redeemReplay } from '../../activities/redeem-replay.js';
import { ClaimCheck } from '../../codec/claim-check.js';
import { S3Store } from '../../codec/s3-store.js';
import { failureOf } from '../harness/failure-of.js';

test('a store that does not answer fails retryably, and the failure names its location', async () => {
  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:9';
  Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' });
  const claim = randomUUID();
  const claimCheck = new ClaimCheck(new S3Store('conversations', 'replays'), []);
  const failure = await failureOf(redeemReplay({ replayJson: { claim } }, claimCheck, () => undefined));
  assert.equal(failure.type, 'NestedServerUnavailable');
  assert.equal(failure.nonRetryable, false);
  assert.match(
    failure.message,
    new RegExp(`can't be fetched from s3://conversations/replays/${claim}: .*ECONNREFUSED`),
  );
});
