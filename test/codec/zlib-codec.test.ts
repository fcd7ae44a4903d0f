import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { ZlibCodec } from '../../codec/zlib-codec.js';
import { varint } from '../worker/payload-kinds.js';
import { contentOf, metadataOf, payloadOf } from './payloads.js';

const codec = new ZlibCodec();
const zlib = (data: Buffer) => ({ metadata: { encoding: Buffer.from('binary/zlib') }, data });
const large = 'a long recorded conversation '.repeat(10_000);

describe('compression', () => {
  test('compresses a large payload and restores it', async () => {
    const [encoded] = await codec.encode([payloadOf(large)]);
    assert(encoded?.data);
    assert.deepEqual(metadataOf(encoded), { encoding: 'binary/zlib' });
    assert(encoded.data.length < large.length / 50);
    assert.deepEqual((await codec.decode([encoded])).map(contentOf), [large]);
  });

  test('leaves a small payload unchanged', async () => {
    assert.deepEqual(await codec.encode([payloadOf('small')]), [payloadOf('small')]);
  });

  test('leaves a payload unchanged that would not become smaller', async () => {
    const compressed = {
      metadata: {},
      data: deflateSync(Buffer.from(Array.from({ length: 200_000 }, Math.random).join())),
    };
    assert.deepEqual(await codec.encode([compressed]), [compressed]);
  });

  test("reads the output of another SDK's zlib codec", async () => {
    const fromGo = zlib(Buffer.from('eJzjEuPiSM1Lzk/JzEsX4soqzs/TL8hJzMwTSlNKpANQAgBDni4z', 'base64'));
    assert.deepEqual((await codec.decode([fromGo])).map(contentOf), ['a'.repeat(100)]);
  });

  test('rejects a payload that inflates beyond the size of any input', async () => {
    const bomb = (megabytes: number) => zlib(deflateSync(Buffer.alloc(megabytes * 1024 * 1024)));
    await assert.rejects(codec.decode([bomb(5)]), { code: 'ERR_BUFFER_TOO_LARGE' });
    // Field 2, the data, with its length prefix.
    const data = Buffer.alloc(2 * 1024 * 1024 + 100_000);
    const half = zlib(deflateSync(Buffer.concat([Buffer.from([0x12]), varint(data.length), data])));
    assert.equal((await codec.decode([half]))[0]?.data?.length, data.length);
    await assert.rejects(codec.decode([half, half]), { code: 'ERR_BUFFER_TOO_LARGE' });
  });
});
