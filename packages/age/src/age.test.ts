/** Sealing and opening: any size, any range, and whatever was changed on the way. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bytesSource, readAll, readExactly, streamOf } from '@stillframe/core';
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { isAge, openAge, parseIdentities, parseRecipient, parseRecipients, sealAge } from './index.ts';

const secret = await generateX25519Identity();
const recipient = await identityToRecipient(secret);
const identities = [{ secret }];
const CHUNK = 64 << 10;
/** About the ends of chunks, where mistakes are made. */
const sizes = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: CHUNK - 2, max: CHUNK + 2 }),
  fc.integer({ min: 2 * CHUNK - 2, max: 2 * CHUNK + 2 }),
  fc.integer({ min: 0, max: 5 * CHUNK }),
);

async function sealed(bytes: Uint8Array, pieces = 1 << 20): Promise<Buffer> {
  const content = streamOf(bytesSource(bytes), { chunkSize: pieces });
  return Buffer.concat(await Array.fromAsync(sealAge(content, [recipient])));
}

/** Everything in it, by whatever way it fails. */
async function opened(file: Uint8Array): Promise<Uint8Array> {
  return readAll(await openAge(bytesSource(file), identities), { limit: 1 << 30 });
}

test('whatever was sealed comes out, in whatever pieces it went in', () =>
  fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 100_000 }), async (size, pieces) => {
      const bytes = randomBytes(size);
      assert.ok(bytes.equals(await opened(await sealed(bytes, Math.max(pieces, 1 + (size >> 6))))));
    }),
    { numRuns: 60 },
  ));

test('for recipients of several kinds, the post-quantum one included', async () => {
  const hybrid = await generateHybridIdentity();
  const all = [await parseRecipient(await identityToRecipient(hybrid), 'r'), recipient];
  const file = Buffer.concat(await Array.fromAsync(sealAge(streamOf(bytesSource(Buffer.from('x'))), all)));
  for (const each of [hybrid, secret]) {
    const source = await openAge(bytesSource(file), [{ secret: each }]);
    assert.equal(Buffer.from(await readAll(source, { limit: 9 })).toString(), 'x');
  }
});

test('any range is what the whole has there, also several at once', () =>
  fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(fc.tuple(fc.nat(5 * CHUNK), fc.nat(3 * CHUNK)), { maxLength: 6 }),
      async (size, wanted) => {
        const bytes = randomBytes(size);
        const source = await openAge(bytesSource(await sealed(bytes)), identities);
        assert.equal(source.size, size);
        await Promise.all(
          wanted.map(async ([offset, length]) => {
            const target = Buffer.alloc(length);
            const read = await source.readInto(offset, target);
            assert.deepEqual(target.subarray(0, read), bytes.subarray(offset, offset + length));
          }),
        );
      },
    ),
    { numRuns: 60 },
  ));

test('a file with any bit flipped is refused', () =>
  fc.assert(
    fc.asyncProperty(
      sizes,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(7),
      async (size, at, bit) => {
        const file = await sealed(randomBytes(size));
        const index = Math.floor(at * file.length);
        file.writeUInt8(file.readUInt8(index) ^ (1 << bit), index);
        await assert.rejects(opened(file), { code: /^ERR_AGE_/ });
      },
    ),
    { numRuns: 100 },
  ));

test('every bit of a header counts', async () => {
  const file = await sealed(Buffer.from('x'));
  for (let at = 0; at < file.length; at += 1) {
    const changed = Buffer.from(file);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    await assert.rejects(opened(changed), { code: /^ERR_AGE_/ }, `byte ${at}`);
  }
});

test('a file that is cut off anywhere, or goes on, is refused when it is opened', () =>
  fc.assert(
    fc.asyncProperty(sizes, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (size, at) => {
      const file = await sealed(randomBytes(size));
      const open = (bytes: Uint8Array) => openAge(bytesSource(bytes), identities);
      await assert.rejects(open(file.subarray(0, Math.floor(at * file.length))), { code: /^ERR_AGE_/ });
      await assert.rejects(open(Buffer.concat([file, Buffer.alloc(1 + Math.floor(at * 70_000))])), {
        code: /^ERR_AGE_/,
      });
    }),
    { numRuns: 60 },
  ));

test('a file cut off between two chunks is told from a damaged one', async () => {
  const file = await sealed(randomBytes(2 * CHUNK));
  const cut = file.subarray(0, file.length - CHUNK - 16);
  await assert.rejects(openAge(bytesSource(cut), identities, { label: 'a.age' }), {
    code: 'ERR_AGE_TRUNCATED',
    message: /^a\.age was cut off/,
  });
});

test('chunks that change places are refused', async () => {
  const file = await sealed(randomBytes(3 * CHUNK));
  const stored = CHUNK + 16;
  const begin = file.length - 3 * stored;
  const [first, second] = [file.subarray(begin, begin + stored), file.subarray(begin + stored, begin + 2 * stored)];
  const swapped = Buffer.concat([file.subarray(0, begin), second, first, file.subarray(begin + 2 * stored)]);
  const source = await openAge(bytesSource(swapped), identities);
  await assert.rejects(readExactly(source, 0, 10, { limit: 10 }), { code: 'ERR_AGE_DAMAGED' });
  // The last has its place still: ranges are proven one by one.
  assert.equal((await readExactly(source, 2 * CHUNK, 10, { limit: 10 })).length, 10);
});

test('without an identity, or with another’s, it is said for how many it is sealed', async () => {
  const file = bytesSource(await sealed(Buffer.from('x')));
  await assert.rejects(openAge(file, []), { code: 'ERR_AGE_SEALED', message: /for 1 recipient \(X25519\)/ });
  const other = [{ secret: await generateX25519Identity() }];
  await assert.rejects(openAge(file, other), { code: 'ERR_AGE_IDENTITIES_WRONG' });
  assert.ok(await isAge(file));
  assert.equal(await isAge(bytesSource(Buffer.from('age-encryption.org'))), false);
});

/** A header with these stanzas and a MAC of the right form. */
function headed(...stanzas: string[]): Uint8Array {
  const text = `age-encryption.org/v1\n${stanzas.join('')}--- ${'A'.repeat(43)}\n`;
  return Buffer.concat([Buffer.from(text), Buffer.alloc(32)]);
}

test('no stranger sets us to work: passphrases, endless headers, thousands of recipients', async () => {
  const refused = async (bytes: Uint8Array, code: string) => {
    const begin = performance.now();
    await assert.rejects(openAge(bytesSource(bytes), identities), { code });
    assert.ok(performance.now() - begin < 15_000, code);
  };
  const scrypt = `-> scrypt bBjlhJVYZeE4aqUdmtRHfw 62\n${'A'.repeat(43)}\n`;
  await refused(headed(scrypt), 'ERR_AGE_UNSUPPORTED');
  const stanza = `-> X25519 ${'A'.repeat(43)}\n${'B'.repeat(43)}\n`;
  await refused(headed(...Array.from({ length: 10_000 }, () => stanza)), 'ERR_AGE_HEADER_INVALID');
  await refused(headed(...Array.from({ length: 1000 }, () => stanza)), 'ERR_AGE_HEADER_INVALID');
  await refused(Buffer.from(`age-encryption.org/v1\n-> X25519 ${'A'.repeat(50 << 20)}`), 'ERR_AGE_HEADER_INVALID');
  await refused(
    headed(`-> X25519 ${'A'.repeat(43)}\n${`${'B'.repeat(64)}\n`.repeat(3000)}\n`),
    'ERR_AGE_HEADER_INVALID',
  );
  await refused(headed(), 'ERR_AGE_HEADER_INVALID');
  await refused(Buffer.from('age-encryption.org/v1\n'), 'ERR_AGE_TRUNCATED');
  await refused(Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----\nYWdl'), 'ERR_AGE_UNSUPPORTED');
});

test('files of keys: comments and empty lines are passed over, and no secret stands in an error', async () => {
  assert.deepEqual(await parseIdentities(`# made today\n\n${secret}\r\n`, 'id.txt'), [{ secret }]);
  assert.deepEqual(await parseRecipients(`# us\n${recipient}\n`, 'r.txt'), [recipient]);
  const almost = secret.slice(0, -1);
  for (const refused of [
    parseIdentities(`# x\n${almost}`, 'id.txt'),
    parseRecipient(secret, '--recipient'),
    parseRecipients(`${recipient}\n${secret}`, 'r.txt'),
    parseIdentities('# nothing', 'id.txt'),
  ])
    await assert.rejects(refused, (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'ERR_AGE_KEY_INVALID');
      assert.ok(!`${error.message}${error.hint}`.includes(secret.slice(20, 40)));
      return true;
    });
  await assert.rejects(parseIdentities(`${secret}\n`.repeat(100), 'id.txt'), { code: 'ERR_AGE_KEY_INVALID' });
  await assert.rejects(parseIdentities('age-encryption.org/v1\n', 'id.txt'), { code: 'ERR_AGE_UNSUPPORTED' });
  await assert.rejects(parseRecipient('ssh-ed25519 AAAA', 'r'), { code: 'ERR_AGE_KEY_INVALID' });
});
